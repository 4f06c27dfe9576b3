"""Accounts: the practices we answer for, as their administrator edits them."""

from base64 import b64decode
from datetime import date, datetime, time

from fastapi import APIRouter, Request

from nightbell.accounts import commands, queries, recording
from nightbell.accounts.account import (
    Account,
    AccountFact,
    CoverageMode,
    Did,
    FactKind,
    OpenHours,
    SaidWhen,
    StandingOrder,
)
from nightbell.accounts.account import Greeting as Said
from nightbell.accounts.account import SpecialDay as Day
from nightbell.accounts.missing import missing
from nightbell.core.ids import AccountId, new_id, unwire, wire
from nightbell.sealing.commands import keep_account_keys
from nightbell.sealing.queries import keys_ready
from nightbell.store.work import Work
from nightbell.web.asker import Asking, TheStore
from nightbell.web.wire import Base64, Wire, WireId

router = APIRouter(prefix="/api", tags=["accounts"])


class Hours(Wire):
    weekday: int  # Monday is 0
    opens_at: time
    closes_at: time


class SpecialDay(Wire):
    on_day: date
    label: str
    opens_at: time | None = None  # no times: closed all day
    closes_at: time | None = None


class Greeting(Wire):
    said_when: SaidWhen
    prompt: str
    words: str


class FactEdit(Wire):
    kind: FactKind
    title: str
    body: str
    expires_at: datetime | None = None


class OrderEdit(Wire):
    title: str
    body: str


class DidEdit(Wire):
    number: str
    label: str = ""


class AccountEdit(Wire):
    name: str
    specialty: str
    time_zone: str
    answer_phrase: str
    caller_id: str
    coverage_mode: CoverageMode = "after_hours"
    office_number: str | None = None
    fallback_text: str
    hold_limit_h: int = 4
    active: bool = True
    dids: list[DidEdit]
    hours: list[Hours]
    special_days: list[SpecialDay]
    greetings: list[Greeting]
    facts: list[FactEdit]
    standing_orders: list[OrderEdit]


class AccountView(AccountEdit):
    account_id: WireId
    keys_ready: bool  # an inbox and a recovery key exist: messages can be sealed for it
    gaps: list[str]  # what would go wrong tonight, in sentences


class PromptKept(Wire):
    prompt: str
    seconds: float


class NewAccountKeys(Wire):
    """An account's inbox, recovery and mark keys, made in a browser, where recovery is printed."""

    inbox_recipient: str
    recovery_recipient: str
    inbox_shares: dict[WireId, Base64]  # person id -> the inbox key closed to that person
    mark_closed_to_desk: Base64
    mark_closed_to_inbox: Base64


@router.get("/accounts")
async def accounts(who: Asking, store: TheStore) -> list[AccountView]:
    """Every account in the asker's scope."""
    async with store.work(who.scope) as work:
        return [await _view(work, one) for one in await queries.accounts(work)]


@router.post("/accounts", status_code=201)
async def new_account(body: AccountEdit, who: Asking, store: TheStore) -> AccountView:
    async with store.work(who.scope) as work:
        account_id = await commands.keep(work, _form(AccountId(new_id()), body))
        return await _view(work, await queries.account(work, account_id))


@router.get("/accounts/{account_id}")
async def account(account_id: WireId, who: Asking, store: TheStore) -> AccountView:
    async with store.work(who.scope) as work:
        return await _view(work, await queries.account(work, unwire("account", account_id)))


@router.put("/accounts/{account_id}")
async def edit_account(
    account_id: WireId, body: AccountEdit, who: Asking, store: TheStore
) -> AccountView:
    async with store.work(who.scope) as work:
        found = await queries.account(work, unwire("account", account_id))
        await commands.keep(work, _form(found.account_id, body))
        return await _view(work, await queries.account(work, found.account_id))


@router.put("/accounts/{account_id}/keys", status_code=204)
async def account_keys(
    account_id: WireId, body: NewAccountKeys, who: Asking, store: TheStore
) -> None:
    """The practice's keys of a new epoch; messages already sealed keep the old ones."""
    async with store.work(who.scope) as work:
        found = await queries.account(work, unwire("account", account_id))
        await keep_account_keys(
            work,
            found.account_id,
            inbox_recipient=body.inbox_recipient,
            recovery_recipient=body.recovery_recipient,
            inbox_shares={
                unwire("person", person): b64decode(closed)
                for person, closed in body.inbox_shares.items()
            },
            mark_closed_to_desk=b64decode(body.mark_closed_to_desk),
            mark_closed_to_inbox=b64decode(body.mark_closed_to_inbox),
        )


@router.put("/prompts/{name}")
async def keep_prompt(name: str, request: Request, who: Asking) -> PromptKept:
    """A recorded greeting: a WAV file as the body, at most 60 s; kept as 8 kHz mono."""
    seconds = recording.keep(request.app.state.data / "prompts", name, await request.body())
    return PromptKept(prompt=name, seconds=seconds)


def _form(account_id: AccountId, body: AccountEdit) -> commands.Form:
    return commands.Form(
        account=Account(
            account_id=account_id,
            name=body.name,
            specialty=body.specialty,
            time_zone=body.time_zone,
            answer_phrase=body.answer_phrase,
            caller_id=body.caller_id,
            coverage_mode=body.coverage_mode,
            office_number=body.office_number,
            fallback_text=body.fallback_text,
            offers_held_s=20,
            hold_limit_h=body.hold_limit_h,
            active=body.active,
        ),
        dids=[Did(one.number, account_id, one.label) for one in body.dids],
        hours=[OpenHours(one.weekday, one.opens_at, one.closes_at) for one in body.hours],
        special_days=[
            Day(one.on_day, one.label, one.opens_at, one.closes_at) for one in body.special_days
        ],
        greetings=[Said(one.said_when, one.prompt, one.words) for one in body.greetings],
        facts=[AccountFact(one.kind, one.title, one.body, one.expires_at) for one in body.facts],
        standing_orders=[StandingOrder(one.title, one.body) for one in body.standing_orders],
    )


async def _view(work: Work, one: Account) -> AccountView:
    dids = await queries.dids(work, one.account_id)
    hours = await queries.hours(work, one.account_id)
    greetings = await queries.greetings(work, one.account_id)
    sealable = await keys_ready(work, one.account_id)
    return AccountView(
        account_id=wire("account", one.account_id),
        name=one.name,
        specialty=one.specialty,
        time_zone=one.time_zone,
        answer_phrase=one.answer_phrase,
        caller_id=one.caller_id,
        coverage_mode=one.coverage_mode,
        office_number=one.office_number,
        fallback_text=one.fallback_text,
        hold_limit_h=one.hold_limit_h,
        active=one.active,
        dids=[DidEdit(number=did.number, label=did.label) for did in dids],
        hours=[
            Hours(weekday=day.weekday, opens_at=day.opens_at, closes_at=day.closes_at)
            for day in hours
        ],
        special_days=[
            SpecialDay(
                on_day=day.on_day, label=day.label, opens_at=day.opens_at, closes_at=day.closes_at
            )
            for day in await queries.special_days(work, one.account_id)
        ],
        greetings=[
            Greeting(said_when=said.said_when, prompt=said.prompt, words=said.words)
            for said in greetings
        ],
        facts=[
            FactEdit(kind=fact.kind, title=fact.title, body=fact.body, expires_at=fact.expires_at)
            for fact in await queries.facts(work, one.account_id)
        ],
        standing_orders=[
            OrderEdit(title=order.title, body=order.body)
            for order in await queries.standing_orders(work, one.account_id)
        ],
        keys_ready=sealable,
        gaps=missing(
            one,
            has_did=bool(dids),
            has_hours=bool(hours),
            has_greeting=bool(greetings),
            keys_ready=sealable,
        ),
    )
