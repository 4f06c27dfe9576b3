"""Pages and escalations: what I am asked to take, and what the floor watches."""

from datetime import datetime

from fastapi import APIRouter

from nightbell.web.asker import Asking, TheStore
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


@router.get("/pages/mine")
async def my_pages(who: Asking, store: TheStore) -> list[PageCard]:
    """Open or held by me, most urgent first; one card an escalation."""
    raise NotImplementedError


@router.post("/pages/accept-by-token")
async def accept_by_token(body: Token, store: TheStore) -> EscalationView:
    """Accept with the page's one-use token, no sign-in. A GET never accepts anything."""
    raise NotImplementedError


@router.post("/pages/{page_id}/accept")
async def accept(page_id: WireId, who: Asking, store: TheStore) -> EscalationView:
    """I have this. If somebody else has it already: Stale, with their name in the view."""
    raise NotImplementedError


@router.post("/pages/{page_id}/decline")
async def decline(page_id: WireId, body: Decline, who: Asking, store: TheStore) -> EscalationView:
    raise NotImplementedError


@router.post("/pages/{page_id}/on-device", status_code=204)
async def on_device(page_id: WireId, who: Asking, store: TheStore) -> None:
    """This device shows it: delivered, and no more than that."""
    raise NotImplementedError


@router.get("/escalations/open")
async def open_escalations(who: Asking, store: TheStore) -> list[EscalationView]:
    raise NotImplementedError


@router.post("/escalations/{escalation_id}/accept")
async def accept_escalation(escalation_id: WireId, who: Asking, store: TheStore) -> EscalationView:
    """A supervisor takes it ("I have it")."""
    raise NotImplementedError


@router.get("/push/key")
async def push_key(who: Asking) -> PushKey:
    raise NotImplementedError


@router.put("/me/push", status_code=204)
async def subscribe(body: PushSubscription, who: Asking, store: TheStore) -> None:
    raise NotImplementedError


@router.get("/me/contact-methods")
async def my_contact_methods(who: Asking, store: TheStore) -> list[ContactMethod]:
    raise NotImplementedError


@router.get("/me/shifts")
async def my_shifts(who: Asking, store: TheStore) -> Shifts:
    raise NotImplementedError
