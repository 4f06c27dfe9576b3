"""What people do to a message: one function, one act, one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nightbell.accounts.queries import account as find_account
from nightbell.calls import callback as callbacks
from nightbell.calls import commands as calls
from nightbell.calls import rows as call_rows
from nightbell.calls.call import Call, NotYourCall
from nightbell.core.errors import Refused
from nightbell.core.ids import CallId, KeyId, MessageId, PersonId, wire
from nightbell.core.phone import e164
from nightbell.core.tier import Tier
from nightbell.coverage.choice import spans
from nightbell.coverage.queries import hours_of
from nightbell.messages import message as rule
from nightbell.messages import queries
from nightbell.messages.accepted import leaf, tell_screens
from nightbell.messages.message import Disposition, Message, Office
from nightbell.messages.queries import Envelope
from nightbell.people.queries import contact_methods
from nightbell.scripts.library import load_call_types
from nightbell.sealing import queries as keys
from nightbell.sealing.directory import NoPractice, require_keys, require_recipients
from nightbell.sealing.envelope import require_sealed_for, rset
from nightbell.store.outbox import put
from nightbell.store.vault import Vault
from nightbell.store.work import Work

FILED = "message.filed"


class OneOfAKind(Refused):
    """A message of this kind was already taken on this call. Choose another call type, or tell its
    owner what to add."""


class IdTaken(Refused):
    """This message's id belongs to another message. Reload the page and finish it again."""


class WrongRset(Refused):
    """The message names other recipients inside than outside. Seal it again and send it again."""


class NoPhone(Refused):
    """You have no verified telephone to be rung on. Add one, or ask an agent to patch you."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished message as a browser sends it: its words already sealed."""

    message_id: MessageId
    call_id: CallId
    call_type: str
    disposition: Disposition
    sealed: bytes
    rset: str
    recipients: Sequence[KeyId]
    patient_mark: str | None = None
    callback: str = ""
    read_back: bool = False


async def file(work: Work, vault: Vault, one: Finished, by: PersonId) -> Message:
    """Keep a finished message with its first owner; asked twice it is kept once."""
    existing = await queries.find(work, one.message_id)
    if existing is not None:
        return _the_same(existing, one, by)
    call = await call_rows.take(work, one.call_id)
    existing = await queries.find(work, one.message_id)  # Filed while we waited for the call.
    if existing is not None:
        return _the_same(existing, one, by)
    if call.account_id is None:
        raise NoPractice
    if by not in (call.agent_id, call.owner_id):
        raise NotYourCall
    if any(each.call_type == one.call_type for each in await queries.of_call(work, one.call_id)):
        raise OneOfAKind
    await _check_sealing(work, call.account_id, one)
    filed = await _decided(work, call, call.account_id, one, by)
    await _keep_filed(work, vault, call, filed, one)
    return filed


async def read(work: Work, message_id: UUID, by: PersonId, *, device: str = "app") -> None:
    """This person's device opened it; said once. Reading is only reading: it accepts nothing."""
    one = await queries.take(work, message_id)
    told = await queries.facts(work, [message_id])
    if any(fact.kind == "read" and fact.person_id == by for fact in told):
        return
    await queries.note(work, one, "read", person_id=by, device=device)
    await leaf(work, one, "message.read")
    await tell_screens(work, one)


async def take(work: Work, message_id: UUID, by: PersonId) -> Message:
    """Become its owner; the second to ask is told somebody was first."""
    one = await queries.take(work, message_id)
    after = rule.take(one, by, at=work.at)
    if after != one:
        await queries.keep(work, after)
        await queries.note(work, after, "owned", person_id=by)
        await leaf(work, after, "message.taken")
        await tell_screens(work, after)
    return after


async def close(
    work: Work, message_id: UUID, by: PersonId, outcome: str, sealed: bytes | None = None
) -> Message:
    """It is done, with an outcome and, if they wrote one, a note sealed to its recipients."""
    one = await queries.take(work, message_id)
    after = rule.close(one, by, outcome, at=work.at)
    if sealed is not None:
        require_sealed_for(sealed, 1)
    await queries.keep(work, after)
    await work.run(
        "update message set outcome_sealed = %s where message_id = %s", (sealed, message_id)
    )
    if one.owner_id != by:
        await queries.note(work, after, "owned", person_id=by)
    await queries.note(work, after, "closed", person_id=by, facts={"outcome": outcome})
    await leaf(work, after, "message.closed", outcome=outcome)
    await tell_screens(work, after)
    return after


async def call_back(
    work: Work, vault: Vault, message_id: UUID, by: PersonId, method_id: UUID | None = None
) -> None:
    """Ring this person's telephone, then the patient, and join them. Asked twice, rung once."""
    one = await queries.take(work, message_id)
    phones = [
        method
        for method in await contact_methods(work, by)
        if method.channel == "phone" and method.verified_at is not None
    ]
    chosen = next((each for each in phones if method_id in (None, each.contact_method_id)), None)
    if chosen is None:
        raise NoPhone
    await callbacks.begin(work, vault, one.call_id, by, to_phone=chosen.address)
    await leaf(work, one, "message.call_back_asked")
    await tell_screens(work, one)


def _the_same(existing: Message, one: Finished, by: PersonId) -> Message:
    if (existing.call_id, existing.taken_by) != (one.call_id, by):
        raise IdTaken
    return existing


async def _check_sealing(work: Work, account_id: UUID, one: Finished) -> None:
    entries = await keys.recipients_of(work, account_id)
    require_keys(entries)
    require_recipients(entries, one.recipients)
    if rset([each.age_recipient for each in entries]) != one.rset:
        raise WrongRset
    require_sealed_for(one.sealed, len(entries))


async def _decided(
    work: Work, call: Call, account_id: UUID, one: Finished, by: PersonId
) -> Message:
    account = await find_account(work, account_id)
    known = Tier(call.tier) if call.tier else None
    message = Message(
        message_id=one.message_id,
        account_id=account.account_id,
        call_id=one.call_id,
        call_type=one.call_type,
        tier=rule.urgency(one.disposition, known, _usual_tier(one.call_type)),
        disposition=one.disposition,
        state="held",
        owner_kind="office",
        owner_id=None,
        due_at=None,
        taken_by=by,
        taken_at=work.at,
    )
    open_spans = spans(await hours_of(work, account), work.at)
    return rule.file(message, Office(open_spans, account.hold_limit_h), at=work.at)


def _usual_tier(call_type: str) -> Tier | None:
    """What a routine call is worth by itself; None for one that needs triage, or is unknown."""
    script = next((one for one in load_call_types() if one.id == call_type), None)
    if script is None or script.disposition == "page":
        return None
    return script.tier or Tier.T5


async def _keep_filed(work: Work, vault: Vault, call: Call, filed: Message, one: Finished) -> None:
    closed = None
    if one.callback:
        closed = await vault.close(work, filed.account_id, e164(one.callback))
    sha256 = hashlib.sha256(one.sealed).digest()
    envelope = Envelope(
        filed.message_id, one.sealed, sha256, one.rset, one.patient_mark, one.read_back, None
    )
    await queries.insert(work, filed, envelope, one.recipients, closed)
    await queries.note(work, filed, "taken", person_id=filed.taken_by)
    if filed.closed_at is not None:
        await queries.note(work, filed, "closed", person_id=filed.taken_by)
    if closed is not None:  # The call is where a call-back finds its number.
        await work.run(
            "update call set callback_at_rest = %s where call_id = %s", (closed, call.call_id)
        )
    if call.closed_at is None:
        await calls.close(work, call, filed.disposition, filed.call_type)
        await work.run("delete from draft where call_id = %s", (call.call_id,))
    await put(
        work,
        FILED,
        f"{FILED}/{filed.message_id.hex}",
        {
            "message": wire("message", filed.message_id),
            "call": wire("call", call.call_id),
            "tier": filed.tier.value,
            "disposition": filed.disposition,
        },
    )
    await leaf(
        work, filed, "message.filed", tier=filed.tier.value, disposition=filed.disposition,
        sealed_sha256=sha256.hex(), rset=one.rset, call=wire("call", call.call_id),
    )  # fmt: skip
    await tell_screens(work, filed)
