"""Running escalations as they stand, and taking them to change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.core.errors import NotFound
from nightbell.core.ids import AccountId, CallId, EscalationId, MessageId, PersonId
from nightbell.core.tier import Tier
from nightbell.escalation.agreed import from_stored, policy_of, to_stored
from nightbell.escalation.policy import SUPERVISOR_ONLY, Escalation, Policy, PolicyRefused
from nightbell.store.work import Work

State = Literal["open", "held", "closed"]

COLUMNS = (
    "select escalation_id, account_id, call_id, message_id, tier, policy::text, step, sent, state,"
    " due_at, held_by, held_at, made_at from escalation"
)
# STABLE, so the index serves it: with a volatile clock each claim would read every pending row.
DUE = (
    COLUMNS + " where state = 'open' and due_at <= floor_now()"
    " order by due_at limit %s for no key update skip locked"
)
# The one that still runs or is held; else the newest that is over.
OF_CALL = " where call_id = %s order by (state = 'closed'), made_at desc limit 1"


@dataclass(frozen=True, slots=True)
class _Row:
    escalation_id: UUID
    account_id: UUID | None
    call_id: UUID
    message_id: UUID | None
    tier: str
    policy: str
    step: int
    sent: int
    state: State
    due_at: datetime | None
    held_by: UUID | None
    held_at: datetime | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """A call's escalation: whose it is, and how it stands under the policy."""

    escalation_id: EscalationId
    account_id: AccountId | None
    call_id: CallId
    message_id: MessageId | None
    now: Escalation
    state: State
    held_at: datetime | None
    made_at: datetime

    def moved(self, now: Escalation, at: datetime) -> "Running":
        """The same, as it stands after the policy has spoken."""
        if now.held_by is None or self.state != "open":
            return replace(self, now=now)
        return replace(self, now=now, state="held", held_at=at)


@lru_cache(maxsize=1024)
def _policy(stored: str) -> Policy:
    """Escalations of one practice carry the same copy: it is read once."""
    return from_stored(json.loads(stored))


def _running(row: _Row) -> Running:
    policy = _policy(row.policy)
    now = Escalation(
        policy,
        Tier(row.tier),
        row.due_at or row.made_at,
        # A policy that cannot be read has no steps: it stands at the supervisor.
        min(row.step, len(policy.steps)),
        row.sent,
        PersonId(row.held_by) if row.held_by else None,
    )
    return Running(
        EscalationId(row.escalation_id),
        AccountId(row.account_id) if row.account_id else None,
        CallId(row.call_id),
        MessageId(row.message_id) if row.message_id else None,
        now,
        row.state,
        row.held_at,
        row.made_at,
    )


async def take_due(work: Work, limit: int) -> list[Running]:
    """Open escalations whose wait has ended, locked; those another worker has are passed over."""
    return [_running(row) for row in await work.rows(_Row, DUE, (limit,))]


async def take(work: Work, escalation_id: UUID) -> Running:
    """This one, locked until the transaction ends."""
    sql = COLUMNS + " where escalation_id = %s for no key update"
    return _running(await work.need(_Row, sql, (escalation_id,)))


async def take_of_call(work: Work, call_id: UUID) -> Running | None:
    row = await work.row(_Row, COLUMNS + OF_CALL + " for no key update", (call_id,))
    return _running(row) if row else None


async def running(work: Work, ids: Sequence[UUID]) -> list[Running]:
    """As they stand, not locked."""
    sql = COLUMNS + " where escalation_id = any(%s) order by tier, made_at"
    return [_running(row) for row in await work.rows(_Row, sql, (list(ids),))]


async def of_call(work: Work, call_id: UUID) -> Running | None:
    row = await work.row(_Row, COLUMNS + OF_CALL, (call_id,))
    return _running(row) if row else None


async def open_ids(work: Work) -> list[EscalationId]:
    """Every escalation in scope that nobody has yet, most urgent first."""
    rows = await work.dicts(
        "select escalation_id from escalation where state = 'open' order by tier, made_at"
    )
    return [EscalationId(row["escalation_id"]) for row in rows]


async def of_page(work: Work, page_id: UUID) -> EscalationId:
    found = await work.value("select escalation_id from page where page_id = %s", (page_id,))
    if found is None:
        raise NotFound
    return EscalationId(found)


async def messages_waiting(work: Work, call_id: UUID) -> list[MessageId]:
    """The call's messages that go up with its escalation; a long call may leave two."""
    rows = await work.dicts(
        "select message_id from message where call_id = %s and owner_kind = 'escalation'",
        (call_id,),
    )
    return [MessageId(row["message_id"]) for row in rows]


async def agreed(work: Work, account_id: UUID | None, tier: Tier) -> Policy:
    """What this account agreed to for the tier; nothing agreed means the supervisor at once."""
    untaken_s = await work.value("select supervisor_untaken_s from service") or 60
    steps = await work.value(
        "select steps from policy where account_id = %s and tier = %s", (account_id, tier)
    )
    nothing = replace(SUPERVISOR_ONLY, untaken=timedelta(seconds=untaken_s))
    if not steps:
        return nothing
    try:
        return policy_of(steps, untaken_s=untaken_s)
    except PolicyRefused:
        return nothing


async def insert(work: Work, one: Running) -> bool:
    """Keep a new escalation; False when its call has one already."""
    now = one.now
    return bool(
        await work.run(
            "insert into escalation (escalation_id, account_id, call_id, message_id, tier, policy,"
            " step, sent, state, due_at, made_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s)"
            " on conflict (call_id) where state <> 'closed' do nothing",
            (
                one.escalation_id,
                one.account_id,
                one.call_id,
                one.message_id,
                now.tier,
                Jsonb(to_stored(now.policy)),
                now.step,
                now.sent,
                now.wake_at,
                one.made_at,
            ),
        )
    )


async def keep_moved_on(work: Work, several: Sequence[Running]) -> None:
    """Open ones that only moved up or on, in one statement: the alarm's fast way."""
    await work.run(
        "update escalation e set step = n.step, sent = n.sent, due_at = n.due_at"
        " from unnest(%b::uuid[], %b::int[], %b::int[], %b::timestamptz[])"
        " as n (escalation_id, step, sent, due_at) where e.escalation_id = n.escalation_id",
        (
            [one.escalation_id for one in several],
            [one.now.step for one in several],
            [one.now.sent for one in several],
            [one.now.wake_at for one in several],
        ),
    )


async def keep(work: Work, several: Sequence[Running]) -> None:
    """How they stand now, in one statement."""
    await work.run(
        "update escalation e set tier = n.tier, policy = n.policy, step = n.step, sent = n.sent,"
        " state = n.state, due_at = n.due_at, held_by = n.held_by, held_at = n.held_at,"
        " message_id = n.message_id"
        " from unnest(%b::uuid[], %b::text[], %b::jsonb[], %b::int[], %b::int[], %b::text[],"
        " %b::timestamptz[], %b::uuid[], %b::timestamptz[], %b::uuid[])"
        " as n (escalation_id, tier, policy, step, sent, state, due_at, held_by, held_at,"
        " message_id) where e.escalation_id = n.escalation_id",
        (
            [one.escalation_id for one in several],
            [one.now.tier for one in several],
            [Jsonb(to_stored(one.now.policy)) for one in several],
            [one.now.step for one in several],
            [one.now.sent for one in several],
            [one.state for one in several],
            [one.now.wake_at if one.state == "open" else None for one in several],
            [one.now.held_by for one in several],
            [one.held_at for one in several],
            [one.message_id for one in several],
        ),
    )


@dataclass(frozen=True, slots=True)
class Mine:
    """An escalation I was paged for and my newest page of it."""

    escalation_id: UUID
    page_id: UUID


async def mine(work: Work, person_id: UUID) -> list[Mine]:
    """What I am asked to take, or have and is not finished: one row an escalation."""
    return await work.rows(
        Mine,
        "select distinct on (e.escalation_id) e.escalation_id, p.page_id"
        " from page p join escalation e using (escalation_id) join call c using (call_id)"
        " left join message m on m.message_id = e.message_id"
        " where p.person_id = %(me)s and e.state <> 'closed'"
        " and (e.state = 'open' and p.state <> 'declined' or e.held_by = %(me)s)"
        " and (m.message_id is null or m.state <> 'closed')"
        # Held, the call done with, and no message ever came of it: nothing is left to act on.
        " and (e.state = 'open' or m.message_id is not null or c.closed_at is null)"
        " order by e.escalation_id, p.channel = 'app' desc, p.made_at desc",
        {"me": person_id},
    )


async def paged_accounts(work: Work, person_id: UUID) -> frozenset[AccountId]:
    """Accounts this person was paged for and may still act on."""
    rows = await work.dicts(
        "select distinct p.account_id from page p join escalation e using (escalation_id)"
        " where p.person_id = %s and p.account_id is not null and e.state <> 'closed'",
        (person_id,),
    )
    return frozenset(AccountId(row["account_id"]) for row in rows)
