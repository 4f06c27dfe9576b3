"""Keys: who a message is sealed for, and the shared keys this person holds."""

from typing import Literal

from fastapi import APIRouter

from nightbell.web.asker import Asking, TheStore
from nightbell.web.wire import Base64, Wire, WireId

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


@router.get("/recipients")
async def recipients(call_id: WireId, who: Asking, store: TheStore) -> list[Recipient]:
    """Everyone a message of this call is sealed for: its clinicians, inbox, recovery, the desk."""
    raise NotImplementedError


@router.get("/mine")
async def mine(who: Asking, store: TheStore) -> MyKeys:
    raise NotImplementedError


@router.get("/signers")
async def signers(who: Asking, store: TheStore) -> list[Signer]:
    """Public signing keys of everyone who may have written a message in the asker's scope."""
    raise NotImplementedError
