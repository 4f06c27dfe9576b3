"""What becomes of a call: its states, and every step between them.

Each function takes the call as it stands and gives it as it then stands. What a person asks may be
refused with a sentence; what the switch says happened is never refused, and means nothing twice.

Two laws hold after every step (tests/calls/test_call.py): a call that is over has a disposition,
or an owner and a due time; and no step but the caller's own end, or ours, takes the caller away.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from nightbell.core.errors import Refused, Stale
from nightbell.core.ids import AccountId, CallId, LegId, PersonId

State = Literal["ringing", "waiting", "talking", "held", "patched", "ended", "lost"]
OVER = ("ended", "lost")
WITH_AGENT = ("talking", "held", "patched")

ORDINARY = 5
BACK_TO_FRONT = 1  # They had a person and lost them through no fault of their own.
CUT_OFF = 0  # The switch died under them.

SHORT_ABANDON = timedelta(seconds=5)  # Too short for any greeting: mostly a slip of the finger.
SHORT_ABANDON_DUE = timedelta(minutes=30)
ABANDON_DUE = timedelta(minutes=2)
WRAP_UP = timedelta(minutes=10)
RING_BACK_DUE = timedelta(minutes=10)


class CallOver(Refused):
    """This call is over. Ring the caller back if they still need somebody."""


class CallLive(Refused):
    """The caller is still on the line. End the call first."""


class NotYourCall(Refused):
    """Another agent is on this call. Ask them to hand it over."""


class NotOnHold(Refused):
    """This caller is not on hold."""


class NotTalking(Refused):
    """Hold needs a caller you are talking with, and no clinician joined."""


class NobodyElse(Refused):
    """You are the only person with this caller. Patch a clinician in, or end the call."""


class AlreadyClosed(Refused):
    """This call already has its disposition."""


@dataclass(frozen=True, slots=True)
class Call:
    call_id: CallId
    account_id: AccountId | None
    did: str
    coverage: str
    state: State
    priority: int
    switch: str
    epoch: int
    leg_id: LegId  # the caller's
    rang_at: datetime
    greeted_at: datetime | None = None
    answered_at: datetime | None = None
    held_at: datetime | None = None
    abandoned_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    agent_id: PersonId | None = None
    waiting_since: datetime | None = None
    tier: str | None = None
    call_type: str | None = None
    disposition: str | None = None
    closed_at: datetime | None = None
    owner_kind: Literal["person", "desk", "supervisor"] | None = None
    owner_id: PersonId | None = None
    due_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def owed(self) -> bool:
        """Over, and nobody has said what came of it."""
        return self.over and self.closed_at is None

    def on_it(self, person: PersonId) -> bool:
        """Whether `person` is the agent on this live call."""
        return self.state in WITH_AGENT and self.agent_id == person


# What the switch says happened.


def caller_up(call: Call, *, at: datetime) -> Call:
    """The caller's leg is up and the greeting has begun: from now on they wait for a person."""
    if call.state != "ringing":
        return call
    if call.agent_id is not None:  # We rang them back, and the agent is there.
        return replace(call, state="talking", answered_at=call.answered_at or at)
    return replace(call, state="waiting", greeted_at=call.greeted_at or at, waiting_since=at)


def caller_gone(call: Call, *, ended_at: datetime, at: datetime, cause: str = "") -> Call:
    """The caller's leg has ended, whoever ended it."""
    if call.over:
        return call
    by = call.ended_by or ("no_answer" if _ringing_back(call) else "caller")
    over = replace(
        call, state="ended", ended_at=ended_at, ended_by=by, waiting_since=None, held_at=None
    )
    if call.closed_at is not None:
        return over
    if call.owner_kind == "person" and call.owner_id is not None:
        return replace(over, due_at=at + (RING_BACK_DUE if _ringing_back(call) else WRAP_UP))
    if call.answered_at is None:
        over = replace(over, abandoned_at=call.abandoned_at or ended_at)
    if ended_at - call.rang_at < SHORT_ABANDON:
        return replace(over, owner_kind="supervisor", owner_id=None, due_at=at + SHORT_ABANDON_DUE)
    return replace(over, owner_kind="desk", owner_id=None, due_at=at + ABANDON_DUE)


def agent_lost(call: Call, *, at: datetime) -> Call:
    """The agent's audio is gone for good: the caller goes to the front, or on with the clinician.

    Whoever the agent was, the call is nobody's until somebody answers it again.
    """
    if call.state == "patched":
        return replace(call, agent_id=None)
    if call.state not in ("talking", "held"):
        return call
    return replace(
        call, state="waiting", priority=min(call.priority, BACK_TO_FRONT), waiting_since=at,
        held_at=None, agent_id=None, owner_kind=None, owner_id=None,
    )  # fmt: skip


def clinician_gone(call: Call, *, others: int, at: datetime) -> Call:
    """A joined clinician's leg has ended: back to the agent, or to the front of the line."""
    if call.state != "patched" or others:
        return call
    if call.agent_id is not None:
        return replace(call, state="talking")
    return replace(call, state="waiting", priority=BACK_TO_FRONT, waiting_since=at)


def switch_lost(call: Call, *, ended_at: datetime, at: datetime) -> Call:
    """The switch died with this call on it: the desk rings back at once, before anybody else."""
    if call.over:
        return call
    if call.ended_by is not None:  # We were hanging up anyway.
        return caller_gone(call, ended_at=ended_at, at=at)
    return replace(
        call, state="lost", priority=CUT_OFF, ended_at=max(ended_at, call.rang_at),
        ended_by="switch_lost", waiting_since=None, held_at=None, disposition=None,
        closed_at=None, owner_kind="desk", owner_id=None, due_at=at,
    )  # fmt: skip


# What a person asks.


def accept(call: Call, by: PersonId, *, at: datetime) -> Call:
    if call.state != "waiting":
        raise Stale
    return replace(
        call, state="talking", answered_at=call.answered_at or at, waiting_since=None,
        agent_id=by, owner_kind="person", owner_id=by,
    )  # fmt: skip


def hold(call: Call, by: PersonId, *, at: datetime) -> Call:
    _mine(call, by)
    if call.state == "held":
        return call
    if call.state != "talking":
        raise NotTalking
    return replace(call, state="held", held_at=at)


def resume(call: Call, by: PersonId) -> Call:
    _mine(call, by)
    if call.state == "talking":
        return call
    if call.state != "held":
        raise NotOnHold
    return replace(call, state="talking", held_at=None)


def hang_up(call: Call, by: PersonId) -> Call:
    """The agent ends the call. It is over when the switch says that the caller's leg is."""
    _mine(call, by)
    return replace(call, ended_by="agent")


def joined(call: Call, *, at: datetime) -> Call:
    """A clinician, or an emergency number's person, is with the caller."""
    if call.over:
        raise CallOver
    return replace(
        call,
        state="patched",
        answered_at=call.answered_at or at,
        waiting_since=None,
        held_at=None,
    )


def leave(call: Call, by: PersonId) -> Call:
    """The agent steps out of a patched call; the disposition is still theirs to give."""
    _mine(call, by)
    if call.state != "patched":
        raise NobodyElse
    return replace(call, agent_id=None)


def take(call: Call, by: PersonId, *, at: datetime) -> Call:
    """Become the owner of a call that is over and unfinished."""
    if not call.over:
        raise CallLive
    if call.closed_at is not None:
        raise AlreadyClosed
    if _anothers(call, by, at=at):
        raise Stale
    due_at = max(call.due_at or at, at + WRAP_UP)
    return replace(call, owner_kind="person", owner_id=by, due_at=due_at)


def ring_back(
    call: Call, by: PersonId, leg: LegId, switch: str, epoch: int, *, at: datetime
) -> Call:
    """Ring the caller again on a new leg: the same call goes on, with `by` waiting on the line."""
    if not call.over:
        raise CallLive
    if call.closed_at is None and _anothers(call, by, at=at):
        raise Stale
    return replace(
        call, state="ringing", leg_id=leg, switch=switch or call.switch, epoch=epoch,
        agent_id=by, owner_kind="person", owner_id=by, ended_at=None, ended_by=None,
        waiting_since=None, disposition=None, closed_at=None,
    )  # fmt: skip


def dispose(call: Call, disposition: str, call_type: str, *, at: datetime) -> Call:
    """Give the call its one outcome. It may still be live: the caller goes on regardless."""
    if call.closed_at is not None:
        raise AlreadyClosed
    return replace(call, disposition=disposition, call_type=call_type, closed_at=at)


def _anothers(call: Call, by: PersonId, *, at: datetime) -> bool:
    """Whether somebody else is finishing it. Past its time it is anybody's: they have gone home."""
    theirs = call.owner_kind == "person" and call.owner_id != by
    return theirs and (call.due_at is None or at < call.due_at)


def _ringing_back(call: Call) -> bool:
    return call.state == "ringing" and call.agent_id is not None


def _mine(call: Call, by: PersonId) -> None:
    if call.over:
        raise CallOver
    if call.agent_id != by:
        raise NotYourCall
