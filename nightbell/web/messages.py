"""Messages: sealed before they arrive; taken, read, accepted and closed as separate facts."""

from typing import Literal

from fastapi import APIRouter

from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.wire import Base64, MessageCard, Wire, WireId

router = APIRouter(prefix="/api/messages", tags=["messages"])


class NewMessage(Wire):
    """A finished message. Asked twice with the same id it is kept once."""

    call_id: WireId
    call_type: str
    disposition: Literal["page", "hold_for_office", "answered"]
    sealed: Base64
    rset: str  # hex SHA-256 of the sorted age recipients, joined by newlines
    recipients: list[WireId]  # key ids
    patient_mark: str | None = None
    callback: str = ""
    read_back: bool = False


class Outcome(Wire):
    outcome: Literal[
        "advised_by_phone", "will_see", "sent_to_ed", "prescribed", "no_answer", "left_word",
        "done", "not_needed",
    ]  # fmt: skip
    sealed: Base64 | None = None  # a note, sealed to the message's recipients


class CallBackAsk(Wire):
    my_contact_method_id: WireId | None = (
        None  # which of my telephones to ring first; default the first
    )


@router.put("/{message_id}")
async def file(
    message_id: WireId, body: NewMessage, who: Asking, store: TheStore, vault: TheVault
) -> MessageCard:
    raise NotImplementedError


@router.get("")
async def messages(
    who: Asking, store: TheStore, account_id: WireId | None = None, state: str = "open"
) -> list[MessageCard]:
    """Messages in scope, with `sealed`: state is open, mine, or closed (newest 200)."""
    raise NotImplementedError


@router.get("/{message_id}")
async def message(message_id: WireId, who: Asking, store: TheStore) -> MessageCard:
    raise NotImplementedError


@router.post("/{message_id}/read", status_code=204)
async def read(message_id: WireId, who: Asking, store: TheStore) -> None:
    """This device opened it. Reading is only reading: it accepts nothing."""
    raise NotImplementedError


@router.post("/{message_id}/take")
async def take(message_id: WireId, who: Asking, store: TheStore) -> MessageCard:
    """Become its owner; the second to ask is told who was first (Stale)."""
    raise NotImplementedError


@router.post("/{message_id}/close")
async def close(message_id: WireId, body: Outcome, who: Asking, store: TheStore) -> MessageCard:
    raise NotImplementedError


@router.post("/{message_id}/call-back", status_code=202)
async def call_back(
    message_id: WireId, body: CallBackAsk, who: Asking, store: TheStore, vault: TheVault
) -> None:
    """Ring my telephone, then the patient with the practice's number shown, and join them."""
    raise NotImplementedError
