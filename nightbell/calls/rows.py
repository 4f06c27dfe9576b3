"""Calls and legs as rows: taken under a lock, decided elsewhere, kept whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.audit.commands import record
from nightbell.calls.call import Call
from nightbell.core.errors import Fact
from nightbell.core.ids import AccountId, CallId, LegId, PageId, PersonId, wire
from nightbell.store.news import tell
from nightbell.store.work import Work

CALL: LiteralString = (
    "select call_id, account_id, did, coverage, state, priority, switch, epoch, leg_id, rang_at,"
    " greeted_at, answered_at, held_at, abandoned_at, ended_at, ended_by, agent_id, waiting_since,"
    " tier, call_type, disposition, closed_at, owner_kind, owner_id, due_at from call"
)
LEG: LiteralString = (
    "select leg_id, kind, state, call_id, account_id, person_id, page_id, switch, joined_at"
    " from leg"
)


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's connection. `kind` says whose it is, and so which room hears of it."""

    leg_id: LegId
    kind: str
    state: str
    call_id: CallId | None
    account_id: AccountId | None
    person_id: PersonId | None
    page_id: PageId | None
    switch: str
    joined_at: datetime | None


async def take(work: Work, call_id: UUID) -> Call:
    """The call, locked until this work ends. Always locked before its offers and legs."""
    return await work.need(Call, CALL + " where call_id = %s for no key update", (call_id,))


async def keep(work: Work, call: Call) -> None:
    """Write the call as it now stands, and tell the screens."""
    await work.run(
        "update call set state = %(state)s, priority = %(priority)s, switch = %(switch)s,"
        " epoch = %(epoch)s, leg_id = %(leg_id)s, greeted_at = %(greeted_at)s,"
        " answered_at = %(answered_at)s, held_at = %(held_at)s, abandoned_at = %(abandoned_at)s,"
        " ended_at = %(ended_at)s, ended_by = %(ended_by)s, agent_id = %(agent_id)s,"
        " waiting_since = %(waiting_since)s, call_type = %(call_type)s,"
        " disposition = %(disposition)s, closed_at = %(closed_at)s, owner_kind = %(owner_kind)s,"
        " owner_id = %(owner_id)s, due_at = %(due_at)s where call_id = %(call_id)s",
        asdict(call),
    )
    await tell_screens(work, call)


async def tell_screens(work: Work, call: Call) -> None:
    await tell(
        work, "call.changed", account_id=call.account_id, ids={"call": wire("call", call.call_id)}
    )


async def note(
    work: Work,
    call: Call,
    kind: str,
    *,
    actor: str | None = None,
    at: datetime | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Add an event to the call's record. The call must be locked by this work."""
    await work.run(
        "insert into call_event (call_id, seq, at, kind, actor, account_id, facts)"
        " select %(call)s, coalesce(max(seq), 0) + 1, %(at)s, %(kind)s, %(actor)s, %(account)s,"
        " %(facts)s from call_event where call_id = %(call)s",
        {
            "call": call.call_id, "at": at or work.at, "kind": kind,
            "actor": actor or work.scope.actor, "account": call.account_id,
            "facts": Jsonb(dict(facts or {})),
        },
    )  # fmt: skip


async def leaf(work: Work, call: Call, act: str, **facts: Any) -> None:
    """Keep an act on the call in the audit log."""
    await record(
        work, act, wire("call", call.call_id), account_id=call.account_id, facts=facts or None
    )


async def find_leg(work: Work, leg_id: UUID) -> Leg | None:
    return await work.row(Leg, LEG + " where leg_id = %s", (leg_id,))


async def legs(work: Work, call_id: UUID, *, kind: str | None = None) -> list[Leg]:
    """The call's legs that have not ended."""
    return await work.rows(
        Leg,
        LEG + " where call_id = %(call)s and state <> 'ended'"
        " and (%(kind)s::text is null or kind = %(kind)s) order by made_at",
        {"call": call_id, "kind": kind},
    )


async def agent_leg(work: Work, person_id: UUID) -> Leg | None:
    """The agent's audio, when it is connected now."""
    return await work.row(
        Leg,
        LEG + " where leg_id = (select leg_id from desk_state where person_id = %s"
        " and leg_up_at is not null) and state = 'up'",
        (person_id,),
    )
