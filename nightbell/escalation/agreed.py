"""What was agreed, as it is stored: policies to JSON and back, never failing at night.

A policy nobody here can read (an unknown schema, a value out of bounds) goes to the supervisor at
once. Whoever edits a policy is refused with a sentence instead (`policy_of`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from nightbell.escalation.policy import SUPERVISOR_ONLY, Policy, PolicyRefused, Step

SCHEMA = 1


def policy_of(steps: Sequence[Mapping[str, Any]], *, untaken_s: int = 60) -> Policy:
    """A practice's steps, `[{"role", "pages", "wait_s"}]`, checked."""
    if not steps:
        raise PolicyRefused
    try:
        agreed = tuple(
            Step(str(one["role"]), int(one["pages"]), timedelta(seconds=float(one["wait_s"])))
            for one in steps
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise PolicyRefused from None
    return Policy(agreed, timedelta(seconds=untaken_s))


def to_stored(policy: Policy) -> dict[str, Any]:
    """The copy that goes with a running escalation."""
    return {
        "schema": SCHEMA,
        "steps": [
            {"role": one.role, "pages": one.pages, "wait_s": one.wait.total_seconds()}
            for one in policy.steps
        ],
        "untaken_s": policy.untaken.total_seconds(),
    }


def from_stored(stored: Any) -> Policy:
    """The copy, read back."""
    try:
        if stored["schema"] != SCHEMA:
            return SUPERVISOR_ONLY
        untaken_s = int(stored["untaken_s"])
        if not stored["steps"]:
            return Policy((), timedelta(seconds=untaken_s))
        return policy_of(stored["steps"], untaken_s=untaken_s)
    except (KeyError, TypeError, ValueError, PolicyRefused):
        return SUPERVISOR_ONLY
