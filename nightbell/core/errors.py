"""Every error, by who must act.

    NightbellError
    ├─ Refused       the rules say no; the person asking can act
    │  ├─ NotAllowed  ├─ NotFound  ├─ Stale (someone got there first)  └─ <Room>Refused
    ├─ Unreachable   something outside failed; the worker retries, the wallboard shows it
    └─ Broken        our own promise failed; stop this work, keep the call up, wake a human

The docstring is the message. Facts are ids, counts and limits only: no name, number or
symptom ever enters an exception.
"""

import re

Fact = str | int | float | bool | None


class NightbellError(Exception):
    """Something did not go as asked."""

    def __init__(self, **facts: Fact) -> None:
        super().__init__(self.sentence)
        self.facts = facts

    @property
    def code(self) -> str:
        """`PolicyRefused` is `policy_refused` on the wire."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def sentence(self) -> str:
        doc = type(self).__doc__ or NightbellError.__doc__ or ""
        return " ".join(doc.split())


class Refused(NightbellError):
    """The rules say no. Change what was asked and try again."""


class NotAllowed(Refused):
    """You are not allowed to do this. Ask a supervisor or your practice's manager."""


class NotFound(Refused):
    """There is nothing here by that name, or it is not yours to see."""


class Stale(Refused):
    """Someone got there first. Look again at how it stands now."""


class Unreachable(NightbellError):
    """Something outside Nightbell did not answer. It is being tried again."""


class Broken(NightbellError):
    """Nightbell broke a promise of its own. A person has been told."""
