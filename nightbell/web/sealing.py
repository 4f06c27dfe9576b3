"""Keys: who a message is sealed for, and the shared keys this person holds."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from nightbell.core.ids import unwire, wire
from nightbell.sealing import queries
from nightbell.sealing.directory import NoPractice, require_keys
from nightbell.web.asker import Asking, TheStore
from nightbell.web.wire import Base64, Wire, WireId, text

router = APIRouter(prefix="/api/keys", tags=["sealing"])


class Recipient(Wire):
    key_id: WireId
    holder: Literal["person", "inbox", "recovery", "desk"]
    label: str  # "Dr Okafor", "Riverside Cardiology front office", "Recovery key"
    age_recipient: str


class Share(Wire):
    """A shared secret key closed to me: an age file holding an age identity."""

    key_id: WireId
    holder: Literal["inbox", "desk"]
    account_id: WireId | None
    age_recipient: str
    closed: Base64


class MarkKey(Wire):
    """An account's patient-mark key, an age file closed to the shared key `key_id`."""

    account_id: WireId
    key_id: WireId
    closed: Base64


class MyKeys(Wire):
    shares: list[Share]
    mark_keys: list[MarkKey]


class Signer(Wire):
    key_id: WireId
    person_id: WireId
    name: str
    sign_public: str  # base64url Ed25519
    valid_from: datetime
    retired_at: datetime | None  # what it signed before then is still good


@router.get("/recipients")
async def recipients(call_id: WireId, who: Asking, store: TheStore) -> list[Recipient]:
    """Everyone a message of this call is sealed for: its clinicians, inbox, recovery, the desk."""
    async with store.work(who.scope) as work:
        account_id = await queries.account_of_call(work, unwire("call", call_id))
        if account_id is None:
            raise NoPractice
        entries = await queries.recipients_of(work, account_id)
    require_keys(entries)
    return [
        Recipient(
            key_id=wire("key", one.key_id),
            holder=one.holder,
            label=one.label,
            age_recipient=one.age_recipient,
        )
        for one in entries
    ]


@router.get("/mine")
async def mine(who: Asking, store: TheStore) -> MyKeys:
    async with store.work(who.scope) as work:
        shares = await queries.shares_of(work, who.person_id)
        marks = await queries.mark_keys_for(work, who.person_id)
    return MyKeys(
        shares=[
            Share(
                key_id=wire("key", one.key_id),
                holder=one.holder,
                account_id=wire("account", one.account_id) if one.account_id else None,
                age_recipient=one.age_recipient,
                closed=text(one.closed),
            )
            for one in shares
        ],
        mark_keys=[
            MarkKey(
                account_id=wire("account", one.account_id),
                key_id=wire("key", one.key_id),
                closed=text(one.closed),
            )
            for one in marks
        ],
    )


@router.get("/signers")
async def signers(who: Asking, store: TheStore) -> list[Signer]:
    """Public signing keys of everyone who may have written a message in the asker's scope."""
    async with store.work(who.scope) as work:
        rows = await queries.signers(work, who.scope.service, who.accounts)
    return [
        Signer(
            key_id=wire("key", one.key_id),
            person_id=wire("person", one.person_id),
            name=one.name,
            sign_public=one.sign_public,
            valid_from=one.valid_from,
            retired_at=one.retired_at,
        )
        for one in rows
    ]
