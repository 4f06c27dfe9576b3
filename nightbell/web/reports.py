"""Figures: the office's last night, and the floor's wallboard. Unknown is null, never zero."""

from datetime import date, datetime

from fastapi import APIRouter

from nightbell.accounts import queries as accounts
from nightbell.core.ids import AccountId, unwire, wire
from nightbell.coverage.queries import hours_of
from nightbell.messages import queries as messages
from nightbell.reports import queries
from nightbell.reports.floor import ON_A_CALL, desk_state
from nightbell.reports.night import Night, night
from nightbell.store.work import Work
from nightbell.web.asker import Asking, TheStore
from nightbell.web.call_views import holders
from nightbell.web.call_wire import Holder
from nightbell.web.escalation_views import views
from nightbell.web.messages_views import cards
from nightbell.web.wire import EscalationView, MessageCard, Wire, WireId

router = APIRouter(prefix="/api", tags=["reports"])


class CallLine(Wire):
    call_id: WireId
    rang_at: datetime
    answer_ms: int | None
    call_type: str | None
    disposition: str | None
    tier: str | None
    state: str
    message_id: WireId | None


class NightFigures(Wire):
    calls: int
    answered: int
    abandoned: int
    answer_ms_p50: int | None
    answer_ms_max: int | None
    slowest_at: datetime | None
    paged: int
    accept_ms_p50: int | None


class LastNight(Wire):
    """From the last closing to the next opening of the office."""

    account_id: WireId
    account_name: str
    time_zone: str
    from_at: datetime
    to_at: datetime
    figures: NightFigures
    waiting: list[MessageCard]  # what needs you, first; with `sealed`
    handled: list[MessageCard]
    calls: list[CallLine]
    tonight: list[Holder]


class AgentLine(Wire):
    person_id: WireId
    name: str
    state: str  # ready | offered | talking | held | wrap_up | pause | off | no_audio
    since: datetime


class Floor(Wire):
    now: datetime
    waiting: int
    longest_waiting_since: datetime | None
    answered_in_20_s_percent: float | None  # of calls answered in the last hour; null when none
    on_calls: int
    agents_here: int
    ready: int
    paging: int
    paging_at_last: int
    needs_a_person: list[EscalationView]  # exhausted or undelivered, sounding until taken
    overdue_calls: list[CallLine]
    agents: list[AgentLine]
    parts: dict[str, bool]  # web, worker, switch, database: answering now


@router.get("/office/{account_id}/last-night")
async def last_night(
    account_id: WireId, who: Asking, store: TheStore, on: date | None = None
) -> LastNight:
    """The night that began on the evening of `on`; without it the newest one."""
    async with store.work(who.scope) as work:
        account = await accounts.account(work, unwire("account", account_id))
        hours = await hours_of(work, account)
        looked_at = night(hours, at=work.at, on=on)
        taken = await messages.taken_between(
            work, account.account_id, looked_at.from_at, looked_at.to_at
        )
        older = [
            one
            for one in await messages.open_ones(work, account_id=account.account_id)
            if one.taken_at < looked_at.from_at
        ]
        shown = await cards(work, who.person_id, [*older, *taken])
        return LastNight(
            account_id=wire("account", account.account_id),
            account_name=account.name,
            time_zone=account.time_zone,
            from_at=looked_at.from_at,
            to_at=looked_at.to_at,
            figures=await _figures(work, account.account_id, looked_at),
            waiting=[one for one in shown if _waits(one)],
            handled=[one for one in shown if not _waits(one)],
            calls=[
                _line(one) for one in await queries.calls_of(work, account.account_id, looked_at)
            ],
            tonight=await holders(work, account),
        )


@router.get("/floor")
async def floor(who: Asking, store: TheStore) -> Floor:
    """The wallboard: six figures, and what needs a person now."""
    async with store.work(who.scope) as work:
        counts = await queries.floor_counts(work)
        agents = [_agent(one) for one in await queries.desk_rows(work)]
        last = await views(work, await queries.at_the_supervisor(work))
        return Floor(
            now=work.at,
            waiting=counts.waiting,
            longest_waiting_since=counts.longest_waiting_since,
            answered_in_20_s_percent=counts.answered_in_20_s_percent,
            on_calls=sum(one.state in ON_A_CALL for one in agents),
            agents_here=len(agents),
            ready=sum(one.state == "ready" for one in agents),
            paging=counts.paging,
            paging_at_last=counts.paging_at_last,
            needs_a_person=last,
            overdue_calls=[_line(one) for one in await queries.overdue_calls(work)],
            agents=agents,
            parts={"web": True, "database": True, **await queries.parts_beating(work)},
        )


async def _figures(work: Work, account_id: AccountId, looked_at: Night) -> NightFigures:
    calls = await queries.call_counts(work, account_id, looked_at)
    pages = await queries.page_counts(work, account_id, looked_at)
    return NightFigures(
        calls=calls.calls,
        answered=calls.answered,
        abandoned=calls.abandoned,
        answer_ms_p50=calls.answer_ms_p50,
        answer_ms_max=calls.answer_ms_max,
        slowest_at=await queries.slowest_at(work, account_id, looked_at),
        paged=pages.paged,
        accept_ms_p50=pages.accept_ms_p50,
    )


def _waits(one: MessageCard) -> bool:
    """Held for the office it waits until it is closed, also once somebody there has taken it."""
    return one.state != "closed" and (one.state == "held" or one.disposition == "hold_for_office")


def _line(one: queries.CallRow) -> CallLine:
    return CallLine(
        call_id=wire("call", one.call_id),
        rang_at=one.rang_at,
        answer_ms=one.answer_ms,
        call_type=one.call_type,
        disposition=one.disposition,
        tier=one.tier,
        state=one.state,
        message_id=wire("message", one.message_id) if one.message_id else None,
    )


def _agent(one: queries.DeskRow) -> AgentLine:
    state, since = desk_state(one)
    return AgentLine(
        person_id=wire("person", one.person_id), name=one.name, state=state, since=since
    )
