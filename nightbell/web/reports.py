"""Figures: the office's last night, and the floor's wallboard. Unknown is null, never zero."""

from datetime import date, datetime

from fastapi import APIRouter

from nightbell.web.asker import Asking, TheStore
from nightbell.web.call_wire import Holder
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
    raise NotImplementedError


@router.get("/floor")
async def floor(who: Asking, store: TheStore) -> Floor:
    raise NotImplementedError
