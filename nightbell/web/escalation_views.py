"""How an escalation looks on a screen: who has it, or who is next and when. Never "sent"."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nightbell.core.errors import NotFound
from nightbell.core.ids import wire
from nightbell.escalation import queries
from nightbell.escalation.policy import SendPage, WaitEnded, advance
from nightbell.escalation.queries import Running
from nightbell.oncall.queries import on_calls
from nightbell.oncall.resolve import OnCall, holder
from nightbell.paging import queries as pages
from nightbell.paging.page import Channel
from nightbell.paging.queries import Page, PageFact
from nightbell.people.queries import names
from nightbell.store.work import Work
from nightbell.web.wire import EscalationView, Fact, PageView, StepView

Names = Mapping[UUID, str]
NOBODY = OnCall()


async def view(work: Work, escalation_id: UUID) -> EscalationView:
    found = await views(work, [escalation_id])
    if not found:
        raise NotFound
    return found[0]


async def of_call(work: Work, call_id: UUID) -> EscalationView | None:
    one = await queries.of_call(work, call_id)
    return await view(work, one.escalation_id) if one else None


async def views(work: Work, ids: Sequence[UUID]) -> list[EscalationView]:
    """Several at once, most urgent first, in a fixed number of questions to the database."""
    running = await queries.running(work, ids)
    sent = await pages.of_escalations(work, ids)
    facts = await pages.facts_of(work, [page.page_id for page in sent])
    accounts = [one.account_id for one in running if one.account_id]
    rotas = await on_calls(work, accounts)
    account_names = {
        row["account_id"]: row["name"]
        for row in await work.dicts(
            "select account_id, name from account where account_id = any(%s)", (accounts,)
        )
    }
    rota_of = {one.escalation_id: _rota(rotas, one) for one in running}
    people = await names(
        work,
        {
            *(page.person_id for page in sent),
            *(one.now.held_by for one in running),
            *(person for one in running for person in _holders(one, rota_of, work.at)),
        },
    )
    return [
        _view(
            one,
            rota_of[one.escalation_id],
            account_names.get(one.account_id, "") if one.account_id else "",
            [
                _page_view(page, [fact for fact in facts if fact.page_id == page.page_id], people)
                for page in sent
                if page.escalation_id == one.escalation_id
            ],
            people,
            work.at,
        )
        for one in running
    ]


def _view(
    one: Running,
    rota: OnCall,
    account_name: str,
    sent: list[PageView],
    people: Names,
    at: datetime,
) -> EscalationView:
    now = one.now
    is_open = one.state == "open"
    return EscalationView(
        escalation_id=wire("escalation", one.escalation_id),
        call_id=wire("call", one.call_id),
        message_id=wire("message", one.message_id) if one.message_id else None,
        account_id=wire("account", one.account_id) if one.account_id else None,
        account_name=account_name,
        tier=now.tier,
        state=one.state,
        held_by=people.get(now.held_by, "") if now.held_by else "",
        held_at=one.held_at,
        step=now.step,
        steps=[
            StepView(
                role=step.role,
                who=_who(rota, step.role, at, people),
                pages=step.pages,
                wait_s=int(step.wait.total_seconds()),
            )
            for step in now.policy.steps
        ],
        next_at=now.wake_at if is_open else None,
        next_what=_next_what(one, rota, people) if is_open else "",
        made_at=one.made_at,
        pages=sent,
    )


def _page_view(page: Page, facts: Sequence[PageFact], people: Names) -> PageView:
    return PageView(
        page_id=wire("page", page.page_id),
        role=page.role,
        who=_paged(page, people),
        channel=page.channel.value,
        state=page.state.value,
        made_at=page.made_at,
        facts=[
            Fact(at=fact.at, kind=fact.kind, who=_paged(page, people), facts=_plain(fact.facts))
            for fact in facts
        ],
    )


def _paged(page: Page, people: Names) -> str:
    if page.person_id is not None:
        return people.get(page.person_id, "")
    return "Supervisor" if page.channel is Channel.SUPERVISOR else "Emergency number"


def _next_what(one: Running, rota: OnCall, people: Names) -> str:
    """What the policy itself will do when the wait ends, in a sentence without its full stop."""
    later, orders = advance(one.now, WaitEnded(), at=one.now.wake_at)
    match orders[0]:
        case SendPage(role):
            who = _who(rota, role, one.now.wake_at, people)
            again = " again" if later.step == one.now.step else ""
            return f"{who} is paged{again}" if who else f"nobody holds “{role}”: the step after it"
        case _ if one.now.exhausted:
            return "the supervisor is told again and the emergency telephone rings"
        case _:
            return "the supervisor is told"


def _rota(rotas: Mapping[Any, OnCall], one: Running) -> OnCall:
    return rotas[one.account_id] if one.account_id else NOBODY


def _holders(one: Running, rota_of: Mapping[Any, OnCall], at: datetime) -> set[UUID]:
    found = (
        holder(rota_of[one.escalation_id], step.role, when)
        for step in one.now.policy.steps
        for when in (at, one.now.wake_at)
    )
    return {held.person_id for held in found if held is not None}


def _who(rota: OnCall, role: str, at: datetime, people: Names) -> str:
    held = holder(rota, role, at)
    return people.get(held.person_id, "") if held else ""


def _plain(facts: Mapping[str, Any]) -> dict[str, str | int | float | bool | None]:
    return {name: value for name, value in facts.items() if not isinstance(value, (dict, list))}
