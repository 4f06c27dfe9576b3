"""What becomes of a message: whose it is, by when, and how it ends. No I/O, no clock.

Every message is somebody's until it is closed: an escalation's while people are being paged, the
office's while it is held, a person's once taken. Each of these has a time by which it is due.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from nightbell.core.errors import Refused, Stale
from nightbell.core.ids import AccountId, CallId, MessageId, PersonId, wire
from nightbell.core.tier import Tier, most_urgent

Disposition = Literal["page", "hold_for_office", "answered"]
State = Literal["paging", "held", "taken", "closed"]
OwnerKind = Literal["escalation", "office", "person"]

# By when a person should have acted on it: T2 patches now, T3 is called back within 30 minutes.
ACTED_WITHIN = {
    Tier.T1: timedelta(minutes=5),
    Tier.T2: timedelta(minutes=10),
    Tier.T3: timedelta(minutes=30),
}
LEAST_PAGED = Tier.T3  # An agent may page for anything; a page is never less than this.
UNMATCHED = Tier.T3  # What no script knows is paged, not held.
NO_HOURS = timedelta(hours=24)  # An office that opens on no day of a fortnight is asked by then.
ANSWERED = "answered"

OpenSpans = Sequence[tuple[datetime, datetime]]


class HoldRefused(Refused):
    """The caller's answers ask for a page now, so this cannot wait for the office. Finish it as a
    page."""


class MessageTaken(Stale):
    """Somebody has this message already. You can read it; they are acting on it."""


class MessageClosed(Stale):
    """This message is closed already."""


@dataclass(frozen=True, slots=True)
class Message:
    message_id: MessageId
    account_id: AccountId
    call_id: CallId
    call_type: str
    tier: Tier
    disposition: Disposition
    state: State
    owner_kind: OwnerKind
    owner_id: PersonId | None
    due_at: datetime | None
    taken_by: PersonId  # the agent who took it down
    taken_at: datetime
    closed_at: datetime | None = None
    closed_by: PersonId | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """When the practice is open around now, and how many open hours a message may wait."""

    spans: OpenSpans
    hold_limit_h: int


def urgency(asked: Disposition, *known: Tier | None) -> Tier:
    """The most urgent tier anybody has found; a page is at least T3, the unknown too."""
    found = most_urgent(*known) or UNMATCHED
    if asked == "page" and found.rank > LEAST_PAGED.rank:
        return LEAST_PAGED
    if asked != "page" and found.pages:
        raise HoldRefused(tier=found.value)
    return found


def file(message: Message, office: Office, *, at: datetime) -> Message:
    """A finished message, given its first owner and the time it is due."""
    match message.disposition:
        case "page":
            due = at + ACTED_WITHIN[message.tier]
            return replace(message, state="paging", owner_kind="escalation", due_at=due)
        case "hold_for_office":
            due = office_due(office, at=at)
            return replace(message, state="held", owner_kind="office", due_at=due)
        case "answered":
            mine = replace(message, owner_kind="person", owner_id=message.taken_by, due_at=at)
            return close(mine, message.taken_by, ANSWERED, at=at)


def office_due(office: Office, *, at: datetime) -> datetime:
    """The instant at which the office has been open for its limit since `at`."""
    left = timedelta(hours=office.hold_limit_h)
    last: datetime | None = None
    for opens_at, closes_at in office.spans:
        open_from = max(opens_at, at)
        if closes_at <= open_from:
            continue
        if closes_at - open_from >= left:
            return open_from + left
        left -= closes_at - open_from
        last = closes_at
    return last or at + NO_HOURS


def accept(message: Message, by: PersonId, *, at: datetime) -> Message:
    """Somebody accepted its page: theirs, unless it is closed or another's already."""
    if message.state in ("taken", "closed"):
        return message
    return _owned(message, by, at)


def take(message: Message, by: PersonId, *, at: datetime) -> Message:
    """Somebody asks to have it. The second to ask is told."""
    if message.state == "closed":
        raise MessageClosed
    if message.state == "taken":
        if message.owner_id != by:
            raise MessageTaken(by=_id(message.owner_id))
        return message
    return _owned(message, by, at)


def close(message: Message, by: PersonId, outcome: str, *, at: datetime) -> Message:
    """It is done. Closing what nobody has takes it first; closing another's is refused."""
    if message.state == "closed":
        raise MessageClosed
    if message.state == "taken" and message.owner_id != by:
        raise MessageTaken(by=_id(message.owner_id))
    return replace(
        message, state="closed", owner_kind="person", owner_id=by, due_at=None,
        closed_at=at, closed_by=by, outcome=outcome,
    )  # fmt: skip


def _owned(message: Message, by: PersonId, at: datetime) -> Message:
    # Due as it was, but never already late the moment it is taken.
    grace = at + ACTED_WITHIN[LEAST_PAGED]
    due = grace if message.due_at is None else max(message.due_at, grace)
    return replace(message, state="taken", owner_kind="person", owner_id=by, due_at=due)


def _id(person: PersonId | None) -> str | None:
    return wire("person", person) if person else None
