"""Counting calls and pages. An answer is timed from the first ring, recordings included."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nightbell.reports.night import Night
from nightbell.store.work import Work

SILENT_AFTER_S = 5
ANSWERED_WELL = 20_000  # ms: the floor's target is this many of the answers within 20 s


@dataclass(frozen=True, slots=True)
class CallCounts:
    calls: int
    answered: int
    abandoned: int
    answer_ms_p50: int | None
    answer_ms_max: int | None


@dataclass(frozen=True, slots=True)
class PageCounts:
    paged: int
    accept_ms_p50: int | None


@dataclass(frozen=True, slots=True)
class CallRow:
    call_id: UUID
    account_id: UUID | None
    rang_at: datetime
    answer_ms: int | None
    call_type: str | None
    disposition: str | None
    tier: str | None
    state: str
    message_id: UUID | None


@dataclass(frozen=True, slots=True)
class DeskRow:
    person_id: UUID
    name: str
    wish: str
    wish_since: datetime
    leg_up_at: datetime | None
    offered_at: datetime | None
    call_state: str | None
    call_since: datetime | None
    unfinished: int


@dataclass(frozen=True, slots=True)
class FloorCounts:
    waiting: int
    longest_waiting_since: datetime | None
    answered_in_20_s_percent: float | None
    paging: int
    paging_at_last: int


CALL_ROWS = (
    "select c.call_id, c.account_id, c.rang_at,"
    " (extract(epoch from c.answered_at - c.rang_at) * 1000)::int as answer_ms, c.call_type,"
    " c.disposition, c.tier, c.state,"
    " (select m.message_id from message m where m.call_id = c.call_id order by m.taken_at limit 1)"
    " as message_id from call c"
)


async def call_counts(work: Work, account_id: UUID, night: Night) -> CallCounts:
    return await work.need(
        CallCounts,
        "select count(*)::int as calls,"
        " count(ms)::int as answered, (count(*) filter (where abandoned_at is not null"
        "  or (answered_at is null and ended_at is not null)))::int as abandoned,"
        " (percentile_disc(0.5) within group (order by ms) filter (where ms is not null))::int"
        "  as answer_ms_p50, max(ms)::int as answer_ms_max"
        # Who gave up waiting was not answered, even when rung back and reached since.
        " from (select *, case when abandoned_at is null"
        "   then extract(epoch from answered_at - rang_at) * 1000 end as ms from call"
        "  where account_id = %s and rang_at >= %s and rang_at < %s) as of_the_night",
        (account_id, night.from_at, night.to_at),
    )


async def slowest_at(work: Work, account_id: UUID, night: Night) -> datetime | None:
    return await work.value(
        "select rang_at from call where account_id = %s and rang_at >= %s and rang_at < %s"
        " and answered_at is not null and abandoned_at is null"
        " order by answered_at - rang_at desc limit 1",
        (account_id, night.from_at, night.to_at),
    )


async def page_counts(work: Work, account_id: UUID, night: Night) -> PageCounts:
    return await work.need(
        PageCounts,
        "select count(*)::int as paged,"
        " (percentile_disc(0.5) within group (order by ms) filter (where ms is not null))::int"
        "  as accept_ms_p50"
        " from (select extract(epoch from held_at - made_at) * 1000 as ms from escalation"
        "  where account_id = %s and made_at >= %s and made_at < %s) as of_the_night",
        (account_id, night.from_at, night.to_at),
    )


async def calls_of(work: Work, account_id: UUID, night: Night) -> list[CallRow]:
    return await work.rows(
        CallRow,
        CALL_ROWS + " where c.account_id = %s and c.rang_at >= %s and c.rang_at < %s"
        " order by c.rang_at",
        (account_id, night.from_at, night.to_at),
    )


async def floor_counts(work: Work) -> FloorCounts:
    return await work.need(
        FloorCounts,
        "select (select count(*) from call where state = 'waiting' and ended_at is null)::int"
        "  as waiting,"
        " (select min(waiting_since) from call where state = 'waiting' and ended_at is null)"
        "  as longest_waiting_since,"
        " (select (100.0 * count(*) filter (where extract(epoch from answered_at - rang_at) * 1000"
        "   <= %s) / nullif(count(*), 0))::float8 from call"
        "  where answered_at > floor_now() - interval '1 hour') as answered_in_20_s_percent,"
        " (select count(*) from escalation where state = 'open')::int as paging,"
        " (select count(*) from escalation where state = 'open'"
        "   and step >= jsonb_array_length(policy -> 'steps'))::int as paging_at_last",
        (ANSWERED_WELL,),
    )


async def overdue_calls(work: Work) -> list[CallRow]:
    """Calls that are over, owe a disposition, and are past their time."""
    return await work.rows(
        CallRow,
        CALL_ROWS + " where c.closed_at is null and c.ended_at is not null"
        " and c.due_at < floor_now() order by c.due_at limit 100",
    )


async def desk_rows(work: Work) -> list[DeskRow]:
    """Every agent who is here, with what they are on."""
    return await work.rows(
        DeskRow,
        "select d.person_id, p.name, d.wish, d.wish_since, d.leg_up_at,"
        " (select o.made_at from offer o where o.person_id = d.person_id and o.ended_at is null)"
        "  as offered_at,"
        " live.state as call_state, live.since as call_since,"
        " (select count(*) from call c where c.agent_id = d.person_id and c.ended_at is not null"
        "   and c.closed_at is null)::int as unfinished"
        " from desk_state d join person p using (person_id)"
        " left join lateral (select c.state, c.answered_at as since from call c"
        "   where c.agent_id = d.person_id and c.ended_at is null"
        "   and c.state in ('talking','held','patched') limit 1) live on true"
        " where d.wish <> 'off' order by lower(p.name)",
    )


async def at_the_supervisor(work: Work) -> list[UUID]:
    """Escalations past their last step: a supervisor is being told, again and again."""
    rows = await work.dicts(
        "select escalation_id from escalation where state = 'open'"
        " and step >= jsonb_array_length(policy -> 'steps') order by tier, made_at limit 100"
    )
    return [row["escalation_id"] for row in rows]


async def parts_beating(work: Work) -> dict[str, bool]:
    """Whether the worker and the switch were heard in the last seconds."""
    rows = await work.dicts(
        "select part, floor_now() - at < make_interval(secs => %s) as alive from beat",
        (SILENT_AFTER_S,),
    )
    heard = {str(row["part"]).partition(":")[0]: bool(row["alive"]) for row in rows}
    return {part: heard.get(part, False) for part in ("worker", "switch")}
