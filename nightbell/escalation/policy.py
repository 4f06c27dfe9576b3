"""The escalation rules: who is paged next, and when, until somebody has the message.

A *policy* is what a practice agreed to. An *escalation* is one message going up it.
`start` and `advance` are the whole rulebook: from an escalation and one thing that
happened they give the escalation as it now stands and the orders to carry out. They
read no clock, call nobody and save nothing; `commands.py` does, in one
transaction, so a crash can lose neither an escalation nor an order.

Owns: the order of steps, the waits, the repeats, what a decline, a dead page or a rise changes.
Does not own: who is on call (`oncall`), how a page travels (`paging`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from nightbell.core.errors import Refused
from nightbell.core.ids import PersonId
from nightbell.core.tier import Tier

UNTAKEN = timedelta(seconds=60)  # how long the supervisor's screen may sound before telephones ring
AGAIN = timedelta(seconds=10)  # between two emergency numbers when the first cannot be reached


class PolicyRefused(Refused):
    """A policy has 1 to 8 steps; a step pages 1 to 5 times and waits 15 seconds to 60 minutes."""


@dataclass(frozen=True, slots=True)
class Step:
    role: str  # Not a person: `oncall` names the person when the page goes out.
    pages: int
    wait: timedelta

    def __post_init__(self) -> None:
        if not 1 <= self.pages <= 5:
            raise PolicyRefused
        if not timedelta(seconds=15) <= self.wait <= timedelta(hours=1):
            raise PolicyRefused


@dataclass(frozen=True, slots=True)
class Policy:
    """Without steps it begins at the supervisor: what an account that agreed to nothing gets."""

    steps: tuple[Step, ...] = ()
    untaken: timedelta = UNTAKEN

    def __post_init__(self) -> None:
        if len(self.steps) > 8 or self.untaken <= timedelta(0):
            raise PolicyRefused


SUPERVISOR_ONLY = Policy()


# What can happen to an escalation. A step or number that is not the newest changes nothing: a late
# "not me" must not rob the next person of their turn.


@dataclass(frozen=True, slots=True)
class Accepted:
    by: PersonId


@dataclass(frozen=True, slots=True)
class Declined:
    by: PersonId
    step: int


@dataclass(frozen=True, slots=True)
class WaitEnded:
    pass


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """The role is empty, or its holder has no verified number."""

    step: int
    number: int


@dataclass(frozen=True, slots=True)
class PageDead:
    """Every channel of this page failed: busy, voicemail, silence, refused."""

    step: int
    number: int


@dataclass(frozen=True, slots=True)
class Raised:
    """It is more urgent than we knew; `policy` is the account's for that tier."""

    tier: Tier
    policy: Policy


Event = Accepted | Declined | WaitEnded | NobodyThere | PageDead | Raised


# What an escalation asks of the world.


@dataclass(frozen=True, slots=True)
class SendPage:
    role: str
    step: int
    number: int  # The first page of a step is 1.


@dataclass(frozen=True, slots=True)
class TellSupervisor:
    number: int


@dataclass(frozen=True, slots=True)
class RingEmergency:
    number: int  # The telling it goes with; the second telling is the first to ring.


Order = SendPage | TellSupervisor | RingEmergency


@dataclass(frozen=True, slots=True)
class Escalation:
    """One message on its way up. It is over only when a person has it."""

    policy: Policy
    tier: Tier
    wake_at: datetime
    step: int = 0
    sent: int = 0
    held_by: PersonId | None = None

    @property
    def exhausted(self) -> bool:
        return self.step == len(self.policy.steps)


Moved = tuple[Escalation, tuple[Order, ...]]


def start(policy: Policy, *, tier: Tier, at: datetime) -> Moved:
    return _call_out(Escalation(policy, tier, wake_at=at), at)


def advance(escalation: Escalation, event: Event, *, at: datetime) -> Moved:
    if escalation.held_by is not None:
        return _told(escalation, event), ()  # The first to take it keeps it.
    match event:
        case Accepted(by):
            return replace(escalation, held_by=by), ()
        case Declined(step=answered):
            if answered != escalation.step or escalation.exhausted:
                return escalation, ()
            return _call_out(_up(escalation), at)
        case NobodyThere(step, number) | PageDead(step, number):
            if (step, number) != (escalation.step, escalation.sent):
                return escalation, ()
            if escalation.exhausted:  # An emergency number is dead; the next one, soon.
                return replace(escalation, wake_at=min(escalation.wake_at, at + AGAIN)), ()
            return _call_out(_up(escalation), at)
        case WaitEnded():
            if at < escalation.wake_at:
                return escalation, ()  # An early alarm. The true one is still set.
            if (
                escalation.exhausted
                or escalation.sent < escalation.policy.steps[escalation.step].pages
            ):
                return _call_out(escalation, at)
            return _call_out(_up(escalation), at)
        case Raised(tier, policy):
            if tier.rank >= escalation.tier.rank:
                return escalation, ()
            return _call_out(_rekeyed(escalation, tier, policy), at)
        case _:
            assert_never(event)


def _told(escalation: Escalation, event: Event) -> Escalation:
    """What still changes once somebody has it: they learn that it is more urgent, no more."""
    match event:
        case Raised(tier) if tier.rank < escalation.tier.rank:
            return replace(escalation, tier=tier)
        case _:
            return escalation


def _up(escalation: Escalation) -> Escalation:
    # Past the last step stands the supervisor; past the supervisor, nobody.
    return (
        escalation
        if escalation.exhausted
        else replace(escalation, step=escalation.step + 1, sent=0)
    )


def _rekeyed(escalation: Escalation, tier: Tier, policy: Policy) -> Escalation:
    """As high as it was, in the more urgent policy; a supervisor who was told stays told."""
    top = len(policy.steps)
    if escalation.exhausted:
        return replace(escalation, tier=tier, policy=policy, step=top)
    if escalation.step >= top:
        return replace(escalation, tier=tier, policy=policy, step=top, sent=0)
    return replace(escalation, tier=tier, policy=policy)


def _call_out(escalation: Escalation, at: datetime) -> Moved:
    number = escalation.sent + 1
    if escalation.exhausted:
        told = replace(escalation, sent=number, wake_at=at + escalation.policy.untaken)
        if number == 1:
            return told, (TellSupervisor(number),)
        return told, (TellSupervisor(number), RingEmergency(number))
    step = escalation.policy.steps[escalation.step]
    paged = replace(escalation, sent=number, wake_at=at + step.wait)
    return paged, (SendPage(step.role, escalation.step, number),)
