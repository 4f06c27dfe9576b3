"""Messages: sealed before they arrive; taken, read, accepted and closed as separate facts."""

from typing import Literal

from fastapi import APIRouter

from nightbell.core.errors import Stale
from nightbell.core.ids import CallId, KeyId, MessageId, unwire
from nightbell.escalation import commands as escalation
from nightbell.messages import commands, queries
from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.messages_views import card, cards, running_for
from nightbell.web.wire import Base64, MessageCard, Wire, WireId, raw

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
    finished = commands.Finished(
        message_id=MessageId(unwire("message", message_id)),
        call_id=CallId(unwire("call", body.call_id)),
        call_type=body.call_type,
        disposition=body.disposition,
        sealed=raw(body.sealed),
        rset=body.rset,
        recipients=[KeyId(unwire("key", one)) for one in body.recipients],
        patient_mark=body.patient_mark,
        callback=body.callback,
        read_back=body.read_back,
    )
    async with store.work(who.scope) as work:
        filed = await commands.file(work, vault, finished, who.person_id)
        return await card(work, who.person_id, filed)


@router.get("")
async def messages(
    who: Asking,
    store: TheStore,
    account_id: WireId | None = None,
    state: Literal["open", "mine", "closed"] = "open",
) -> list[MessageCard]:
    """Messages in scope, with `sealed`: state is open, mine, or closed (newest 200)."""
    account = unwire("account", account_id) if account_id else None
    mine = who.person_id if state == "mine" else None
    async with store.work(who.scope) as work:
        if state == "closed":
            found = await queries.closed_ones(work, account_id=account)
        else:
            found = await queries.open_ones(work, account_id=account, owner_id=mine)
        return await cards(work, who.person_id, found)


@router.get("/{message_id}")
async def message(message_id: WireId, who: Asking, store: TheStore) -> MessageCard:
    async with store.work(who.scope) as work:
        found = await queries.message(work, unwire("message", message_id))
        return await card(work, who.person_id, found)


@router.post("/{message_id}/read", status_code=204)
async def read(message_id: WireId, who: Asking, store: TheStore) -> None:
    """This device opened it. Reading is only reading: it accepts nothing."""
    device = "office browser" if who.kind == "office" else "app"
    async with store.work(who.scope) as work:
        await commands.read(work, unwire("message", message_id), who.person_id, device=device)


@router.post("/{message_id}/take")
async def take(message_id: WireId, who: Asking, store: TheStore) -> MessageCard:
    """Become its owner; the second to ask is told who was first (Stale)."""
    one = unwire("message", message_id)
    async with store.work(who.scope) as work:
        going = await running_for(work, one)
        if going is not None:  # Locked before the message: taking it ends the paging.
            await escalation.take_it(work, going, by=who.person_id, how="message")
        taken = await commands.take(work, one, who.person_id)
        if going is None and await running_for(work, one) is not None:
            raise Stale  # It began to page while we waited for the message: look again.
        return await card(work, who.person_id, taken)


@router.post("/{message_id}/close")
async def close(message_id: WireId, body: Outcome, who: Asking, store: TheStore) -> MessageCard:
    one = unwire("message", message_id)
    note = raw(body.sealed) if body.sealed is not None else None
    async with store.work(who.scope) as work:
        await escalation.close(work, one, by=who.person_id)
        closed = await commands.close(work, one, who.person_id, body.outcome, note)
        if await running_for(work, one) is not None:
            raise Stale  # As for `take`.
        return await card(work, who.person_id, closed)


@router.post("/{message_id}/call-back", status_code=202)
async def call_back(
    message_id: WireId, body: CallBackAsk, who: Asking, store: TheStore, vault: TheVault
) -> None:
    """Ring my telephone, then the patient with the practice's number shown, and join them."""
    method = body.my_contact_method_id
    async with store.work(who.scope) as work:
        await commands.call_back(
            work,
            vault,
            unwire("message", message_id),
            who.person_id,
            unwire("contact", method) if method else None,
        )
