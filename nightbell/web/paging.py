"""Pages and escalations: what I am asked to take, and what the floor watches."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request

from nightbell.accounts import queries as accounts
from nightbell.core.errors import NotFound
from nightbell.core.ids import PersonId, new_id, unwire, wire
from nightbell.edges.push.keys import PushKeys, token_hash
from nightbell.edges.push.sending import may_push_to
from nightbell.escalation import commands, queries
from nightbell.oncall.queries import on_calls
from nightbell.oncall.resolve import Window, shifts
from nightbell.paging import queries as pages
from nightbell.paging.page import Fact
from nightbell.people.queries import contact_methods
from nightbell.store.work import Scope
from nightbell.web.asker import Asker, Asking, TheStore
from nightbell.web.escalation_views import view, views
from nightbell.web.wire import EscalationView, Wire, WireId

router = APIRouter(prefix="/api", tags=["paging"])


class PageCard(Wire):
    """One page to me. `being_taken`: the tier is known, the message is not finished yet."""

    page_id: WireId
    escalation: EscalationView
    being_taken: bool
    mine: bool  # I hold it


class Token(Wire):
    token: str


class Decline(Wire):
    reason: str = ""  # not_on_call | busy | wrong_person | other


class PushSubscription(Wire):
    endpoint: str
    p256dh: str
    auth: str


class PushKey(Wire):
    key: str  # VAPID public key, base64url


class ContactMethod(Wire):
    contact_method_id: WireId
    channel: str
    address: str
    label: str
    verified: bool


class Shift(Wire):
    account_name: str
    role: str
    starts_at: datetime
    ends_at: datetime
    why: str


class Shifts(Wire):
    now: list[Shift]
    next: list[Shift]


AHEAD = timedelta(days=28)


async def _paged_scope(who: Asker, store: TheStore) -> Scope:
    """My own scope, and every account I am paged for: cover for another practice included."""
    if who.scope.service:
        return who.scope
    async with store.work(Scope(who.scope.actor, service=True)) as work:
        paged = await queries.paged_accounts(work, who.person_id)
    return Scope(who.scope.actor, accounts=who.accounts | paged)


@router.get("/pages/mine")
async def my_pages(who: Asking, store: TheStore) -> list[PageCard]:
    """Open or held by me, most urgent first; one card an escalation."""
    async with store.work(await _paged_scope(who, store)) as work:
        page_of = {
            one.escalation_id: one.page_id for one in await queries.mine(work, who.person_id)
        }
        held = {
            one.escalation_id
            for one in await queries.running(work, list(page_of))
            if one.now.held_by == who.person_id
        }
        return [
            PageCard(
                page_id=wire("page", page_of[escalation_id]),
                escalation=seen,
                being_taken=seen.message_id is None,
                mine=escalation_id in held,
            )
            for seen in await views(work, list(page_of))
            for escalation_id in [unwire("escalation", seen.escalation_id)]
        ]


@router.post("/pages/accept-by-token")
async def accept_by_token(body: Token, store: TheStore) -> EscalationView:
    """Accept with the page's one-use token, no sign-in. A GET never accepts anything."""
    async with store.work(Scope("page_token", service=True)) as work:
        found = await pages.of_token(work, token_hash(body.token))
        if found is None or found.person_id is None or found.account_id is None:
            raise NotFound
        scope = Scope(wire("person", found.person_id), accounts=frozenset({found.account_id}))
    async with store.work(scope) as work:
        await pages.spend_token(work, found.page_id)
        done = await commands.accept(work, found.page_id, by=found.person_id, how="token")
        return await view(work, done)


@router.post("/pages/{page_id}/accept")
async def accept(page_id: WireId, who: Asking, store: TheStore) -> EscalationView:
    """I have this. If somebody else has it already: Stale, with their id in the facts."""
    async with store.work(await _paged_scope(who, store)) as work:
        done = await commands.accept(work, unwire("page", page_id), by=who.person_id, how="app")
        return await view(work, done)


@router.post("/pages/{page_id}/decline")
async def decline(page_id: WireId, body: Decline, who: Asking, store: TheStore) -> EscalationView:
    """Not me: the next step is paged at once."""
    async with store.work(await _paged_scope(who, store)) as work:
        done = await commands.decline(
            work, unwire("page", page_id), by=who.person_id, reason=body.reason
        )
        return await view(work, done)


@router.post("/pages/{page_id}/on-device", status_code=204)
async def on_device(page_id: WireId, who: Asking, store: TheStore) -> None:
    """This device shows it: delivered, and no more than that."""
    async with store.work(await _paged_scope(who, store)) as work:
        page = await pages.page(work, unwire("page", page_id))
        if page.person_id != who.person_id:
            raise NotFound
        await pages.note_once(work, page, Fact.ON_DEVICE)


@router.get("/escalations/open")
async def open_escalations(who: Asking, store: TheStore) -> list[EscalationView]:
    """Everything that nobody has yet, most urgent first."""
    async with store.work(who.scope) as work:
        return await views(work, await queries.open_ids(work))


@router.post("/escalations/{escalation_id}/accept")
async def accept_escalation(escalation_id: WireId, who: Asking, store: TheStore) -> EscalationView:
    """A supervisor takes it ("I have it")."""
    async with store.work(who.scope) as work:
        found = unwire("escalation", escalation_id)
        await commands.take_it(work, found, by=who.person_id, how="supervisor")
        return await view(work, found)


@router.get("/push/key")
async def push_key(who: Asking, request: Request) -> PushKey:
    """What the browser needs to subscribe to our pushes."""
    return PushKey(key=PushKeys.at(request.app.state.data / "keys").public)


@router.put("/me/push", status_code=204)
async def subscribe(body: PushSubscription, who: Asking, store: TheStore) -> None:
    """This browser may be pushed to. The same endpoint again changes whose it is."""
    may_push_to(body.endpoint, everywhere=True)
    async with store.work(who.scope) as work:
        await work.run(
            "insert into push_subscription (push_subscription_id, person_id, endpoint, p256dh,"
            " auth, made_at) values (%s, %s, %s, %s, %s, %s) on conflict (endpoint) do update"
            " set person_id = excluded.person_id, p256dh = excluded.p256dh,"
            " auth = excluded.auth, gone_at = null",
            (new_id(), who.person_id, body.endpoint, body.p256dh, body.auth, work.at),
        )


@router.get("/me/contact-methods")
async def my_contact_methods(who: Asking, store: TheStore) -> list[ContactMethod]:
    """How I am reached, in order."""
    async with store.work(who.scope) as work:
        return [
            ContactMethod(
                contact_method_id=wire("contact", one.contact_method_id),
                channel=one.channel,
                address=one.address,
                label=one.label,
                verified=one.verified_at is not None,
            )
            for one in await contact_methods(work, who.person_id)
        ]


@router.get("/me/shifts")
async def my_shifts(who: Asking, store: TheStore) -> Shifts:
    """When I am on call: now, and in the next four weeks."""
    async with store.work(who.scope) as work:
        mine = await accounts.accounts(work)
        rotas = await on_calls(work, [one.account_id for one in mine])
        window = Window(work.at, work.at + AHEAD)
        found = [
            Shift(
                account_name=one.name,
                role=shift.role,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                why=shift.why,
            )
            for one in mine
            for shift in shifts(rotas[one.account_id], PersonId(who.person_id), window)
        ]
        found.sort(key=lambda one: one.starts_at)
        return Shifts(
            now=[one for one in found if one.starts_at <= work.at],
            next=[one for one in found if one.starts_at > work.at],
        )
