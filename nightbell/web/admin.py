"""The administrator's surface: accounts, people, roles, rotas, policies; no database prompt."""

from datetime import date, datetime, time
from typing import Literal

from fastapi import APIRouter, Request

from nightbell.web.access import Kdf
from nightbell.web.asker import Asking, TheStore
from nightbell.web.calls import Holder
from nightbell.web.wire import Base64, Wire, WireId

router = APIRouter(prefix="/api", tags=["admin"])


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
    said_when: Literal["after_hours", "open"]
    prompt: str
    words: str


class FactEdit(Wire):
    kind: Literal[
        "directions", "hours", "parking", "fax", "portal", "preparation", "pharmacy", "other"
    ]
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
    coverage_mode: Literal["after_hours", "overflow", "always"] = "after_hours"
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


class StepEdit(Wire):
    role: str
    pages: int
    wait_s: int


class PolicyEdit(Wire):
    tier: Literal["T1", "T2", "T3"]
    steps: list[StepEdit]


class RotaEdit(Wire):
    role: str
    every: Literal["day", "week"]
    handoff_at: time
    starts_on: date
    people: list[WireId]


class OverrideEdit(Wire):
    role: str
    person_id: WireId
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


class OverrideView(OverrideEdit):
    override_id: WireId
    who: str


class OnCallView(Wire):
    account_id: WireId
    at: datetime
    roles: list[str]
    holders: list[Holder]
    rotas: list[RotaEdit]
    overrides: list[OverrideView]
    policies: list[PolicyEdit]
    gaps: list[str]


class OnCallEdit(Wire):
    """Roles, rotas and policies of an account, kept together or not at all."""

    roles: list[str]
    rotas: list[RotaEdit]
    policies: list[PolicyEdit]


class MethodEdit(Wire):
    channel: Literal["app", "phone"]
    address: str = ""
    label: str = ""
    verified: bool = False


class MemberEdit(Wire):
    account_id: WireId
    part: Literal["clinician", "office", "manager"]


class PersonEdit(Wire):
    name: str
    kind: Literal["agent", "supervisor", "administrator", "clinician", "office"]
    active: bool = True
    memberships: list[MemberEdit]
    contact_methods: list[MethodEdit]


class PersonView(PersonEdit):
    person_id: WireId
    handle: str | None
    has_keys: bool


class ShareEdit(Wire):
    key_id: WireId
    closed: Base64


class NewSignIn(Wire):
    """Made in the administrator's browser: a first passphrase, and the keys it closes."""

    handle: str
    salt: Base64
    kdf: Kdf
    verifier: Base64
    wrapped_key: Base64
    age_recipient: str
    sign_public: str


class NewAccountKeys(Wire):
    """An account's inbox, recovery and mark keys, made in a browser, where recovery is printed."""

    inbox_recipient: str
    recovery_recipient: str
    inbox_shares: dict[WireId, Base64]  # person id -> the inbox key closed to that person
    mark_closed_to_desk: Base64
    mark_closed_to_inbox: Base64


class ServiceEdit(Wire):
    name: str
    answer_phrase: str
    caller_id: str
    emergency_numbers: list[str]
    supervisor_untaken_s: int


class PromptKept(Wire):
    prompt: str
    seconds: float


@router.get("/service")
async def service(who: Asking, store: TheStore) -> ServiceEdit:
    raise NotImplementedError


@router.put("/service")
async def edit_service(body: ServiceEdit, who: Asking, store: TheStore) -> ServiceEdit:
    raise NotImplementedError


@router.get("/accounts")
async def accounts(who: Asking, store: TheStore) -> list[AccountView]:
    raise NotImplementedError


@router.post("/accounts", status_code=201)
async def new_account(body: AccountEdit, who: Asking, store: TheStore) -> AccountView:
    raise NotImplementedError


@router.get("/accounts/{account_id}")
async def account(account_id: WireId, who: Asking, store: TheStore) -> AccountView:
    raise NotImplementedError


@router.put("/accounts/{account_id}")
async def edit_account(
    account_id: WireId, body: AccountEdit, who: Asking, store: TheStore
) -> AccountView:
    raise NotImplementedError


@router.put("/accounts/{account_id}/keys", status_code=204)
async def account_keys(
    account_id: WireId, body: NewAccountKeys, who: Asking, store: TheStore
) -> None:
    raise NotImplementedError


@router.get("/accounts/{account_id}/on-call")
async def on_call(
    account_id: WireId, who: Asking, store: TheStore, at: datetime | None = None
) -> OnCallView:
    """Roles, rotas, policies, and who holds what at `at` (default now)."""
    raise NotImplementedError


@router.put("/accounts/{account_id}/on-call")
async def edit_on_call(
    account_id: WireId, body: OnCallEdit, who: Asking, store: TheStore
) -> OnCallView:
    raise NotImplementedError


@router.post("/accounts/{account_id}/overrides", status_code=201)
async def override(
    account_id: WireId, body: OverrideEdit, who: Asking, store: TheStore
) -> OverrideView:
    raise NotImplementedError


@router.delete("/accounts/{account_id}/overrides/{override_id}", status_code=204)
async def drop_override(
    account_id: WireId, override_id: WireId, who: Asking, store: TheStore
) -> None:
    raise NotImplementedError


@router.get("/people")
async def people(who: Asking, store: TheStore) -> list[PersonView]:
    raise NotImplementedError


@router.post("/people", status_code=201)
async def new_person(body: PersonEdit, who: Asking, store: TheStore) -> PersonView:
    raise NotImplementedError


@router.put("/people/{person_id}")
async def edit_person(
    person_id: WireId, body: PersonEdit, who: Asking, store: TheStore
) -> PersonView:
    raise NotImplementedError


@router.put("/people/{person_id}/sign-in", status_code=204)
async def new_sign_in(person_id: WireId, body: NewSignIn, who: Asking, store: TheStore) -> None:
    raise NotImplementedError


@router.put("/people/{person_id}/shares", status_code=204)
async def give_shares(
    person_id: WireId, body: list[ShareEdit], who: Asking, store: TheStore
) -> None:
    """Hand a shared key (desk, inbox) to somebody: closed to them in a holder's browser."""
    raise NotImplementedError


@router.put("/prompts/{name}")
async def keep_prompt(name: str, request: Request, who: Asking) -> PromptKept:
    """A recorded greeting: a WAV file as the body, at most 60 s; kept as 8 kHz mono."""
    raise NotImplementedError
