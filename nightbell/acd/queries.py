"""The floor as rows: who waits, who is free, what is offered to whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from nightbell.acd.offer import FreeAgent, Waiting, free_agents
from nightbell.core.ids import AccountId, CallId, OfferId, PersonId
from nightbell.store.work import Work

DEFAULT_LEASE_S = 20
LINE_MAX = 500  # Callers looked at in one pass; the rest wait behind them in any case.


@dataclass(frozen=True, slots=True)
class Offer:
    offer_id: OfferId
    account_id: AccountId | None
    call_id: CallId
    person_id: PersonId
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class DeskState:
    person_id: PersonId
    wish: Literal["ready", "pause", "off"]
    wish_since: datetime
    reason: str
    leg_id: UUID | None
    leg_up_at: datetime | None
    audio_lost_at: datetime | None
    last_call_ended_at: datetime | None

    @property
    def audio_up(self) -> bool:
        return self.leg_up_at is not None and self.audio_lost_at is None


@dataclass(frozen=True, slots=True)
class Line:
    """Who waits, in one glance."""

    waiting: int
    longest_since: datetime | None
    ready: int


OFFER = (
    "select offer_id, account_id, call_id, person_id, made_at, expires_at, ended_at, outcome"
    " from offer"
)


async def desk_state(work: Work, person_id: UUID) -> DeskState | None:
    return await work.row(
        DeskState,
        "select person_id, wish, wish_since, reason, leg_id, leg_up_at, audio_lost_at,"
        " last_call_ended_at from desk_state where person_id = %s",
        (person_id,),
    )


async def open_offer(work: Work, person_id: UUID) -> Offer | None:
    return await work.row(
        Offer,
        OFFER + " where person_id = %s and ended_at is null and expires_at > floor_now()",
        (person_id,),
    )


async def waiting(work: Work) -> list[Waiting]:
    """Callers whom nobody is being offered, locked until this work ends."""
    rows = await work.dicts(
        "select c.call_id, c.priority, c.waiting_since,"
        " coalesce((select offers_held_s from account a where a.account_id = c.account_id),"
        "  %s) as lease_s"
        " from call c where c.state = 'waiting' and c.ended_at is null and not exists"
        "  (select from offer o where o.call_id = c.call_id and o.ended_at is null)"
        " order by c.priority, c.waiting_since limit %s for no key update of c skip locked",
        (DEFAULT_LEASE_S, LINE_MAX),
    )
    passed = await _passed(work, [row["call_id"] for row in rows])
    return [
        Waiting(
            row["call_id"],
            row["priority"],
            row["waiting_since"],
            timedelta(seconds=row["lease_s"]),
            passed.get(row["call_id"], {}),
        )
        for row in rows
    ]


async def _passed(work: Work, calls: list[CallId]) -> dict[CallId, dict[PersonId, int]]:
    rows = await work.dicts(
        "select call_id, person_id, count(*) as times from offer"
        " where call_id = any(%s) and outcome in ('refused', 'expired')"
        " group by call_id, person_id",
        (calls,),
    )
    found: dict[CallId, dict[PersonId, int]] = {}
    for row in rows:
        found.setdefault(row["call_id"], {})[row["person_id"]] = row["times"]
    return found


async def free(work: Work) -> list[FreeAgent]:
    """Agents who could take a call this instant."""
    ready = await work.rows(
        FreeAgent,
        "select d.person_id, greatest(d.wish_since, d.last_call_ended_at) as idle_since,"
        " exists (select from call c where c.owner_id = d.person_id and c.closed_at is null"
        "  and c.ended_at is not null) as unfinished"
        " from desk_state d join person p using (person_id)"
        " where d.wish = 'ready' and d.leg_up_at is not null and d.audio_lost_at is null"
        " and p.active",
    )
    busy = await work.dicts(
        "select person_id from offer where ended_at is null"
        " union select agent_id from call where ended_at is null and agent_id is not null"
    )
    return free_agents(ready, {row["person_id"] for row in busy})


async def line(work: Work) -> Line:
    return await work.need(
        Line,
        "select (select count(*) from call where state = 'waiting' and ended_at is null)"
        " as waiting,"
        " (select min(waiting_since) from call where state = 'waiting' and ended_at is null)"
        " as longest_since,"
        " (select count(*) from desk_state where wish = 'ready' and leg_up_at is not null"
        "  and audio_lost_at is null) as ready",
    )
