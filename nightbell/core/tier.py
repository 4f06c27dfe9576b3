"""The five tiers of urgency. Code may raise one; only a clinician lowers one."""

from enum import StrEnum


class Tier(StrEnum):
    T1 = "T1"  # tell the caller to call 911 now
    T2 = "T2"  # patch the clinician on call now
    T3 = "T3"  # page; call back within 30 minutes
    T4 = "T4"  # same or next office day
    T5 = "T5"  # routine message

    @property
    def rank(self) -> int:
        """1 is the most urgent."""
        return int(self.value[1])

    @property
    def pages(self) -> bool:
        """Whether a person is paged now rather than the message held for the office."""
        return self.rank <= 3

    @property
    def at_once(self) -> bool:
        """Whether the escalation starts when the tier is known, before the message is finished."""
        return self.rank <= 2


def most_urgent(*tiers: Tier | None) -> Tier | None:
    known = [tier for tier in tiers if tier is not None]
    return min(known, key=lambda tier: tier.rank) if known else None
