"""Guessing is bounded: every try is charged before it is judged, and ten wrong ones lock.

Charging first means that a hundred tries at the same instant are still only ten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nightbell.core.errors import Refused

TRIES = 10
LOCKED_FOR = timedelta(minutes=15)


class WrongPassphrase(Refused):
    """That sign-in name and passphrase do not belong together. Check both and try again."""


class LockedOut(Refused):
    """Too many wrong passphrases. Wait 15 minutes, or ask an administrator for a new sign-in."""


@dataclass(frozen=True, slots=True)
class Guard:
    failures: int = 0
    locked_until: datetime | None = None


OPEN = Guard()


def charge(guard: Guard, *, at: datetime) -> Guard:
    """The guard once one more try is counted; refuses while it is locked."""
    if guard.locked_until is not None:
        if at < guard.locked_until:
            raise LockedOut
        guard = OPEN
    failures = guard.failures + 1
    return Guard(failures, at + LOCKED_FOR if failures >= TRIES else None)
