"""What people do to a call: one function, one act, one transaction: take, decide, keep, order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from nightbell.accounts.queries import account as find_account
from nightbell.calls import call as rule
from nightbell.calls import endings, rows
from nightbell.calls.call import Call, NotYourCall
from nightbell.calls.callback import NoCallbackNumber, number_of
from nightbell.calls.numbers import warning
from nightbell.calls.switchboard import join, new_leg, order, our_epoch
from nightbell.core.errors import Refused, Stale
from nightbell.core.ids import CallId, LegId, PersonId, wire
from nightbell.core.phone import e164
from nightbell.core.tier import Tier, most_urgent
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.telephony.port import Op

AUDIO_LOST_WAIT = timedelta(seconds=20)
RING_S = 40
BATCH = 50
UNREACHED = "called_back_no_answer"


class NoAudio(Refused):
    """Your microphone is not connected. Allow it in the browser, then take the call."""


class BusyWithAnother(Refused):
    """You are on a call. Finish it before you take or ring another."""


class MessageOwed(Refused):
    """This caller's answers ask for a page. Finish the message; it closes the call."""


@dataclass(frozen=True, slots=True)
class NumberKept:
    number: str
    warning: str


@dataclass(frozen=True, slots=True)
class Draft:
    sealed: bytes
    edition: int
    saved_at: datetime
    saved_by: PersonId


async def answer(work: Work, call_id: CallId, by: PersonId) -> Call:
    """Connect a waiting caller with an agent whose offer of this call is accepted."""
    call = await rows.take(work, call_id)
    agent = await rows.agent_leg(work, by)
    if agent is None:
        raise NoAudio
    after = rule.accept(call, by, at=work.at)
    if await _is_on_a_call(work, by):
        raise BusyWithAnother
    await rows.keep(work, after)
    await rows.note(work, after, "CallAnswered")
    await rows.leaf(work, after, "call.answered")
    await order(work, Op.STOP_PLAY, leg=call.leg_id, call_id=call_id)
    await join(work, agent.leg_id, call_id)
    await join(work, call.leg_id, call_id)
    await endings.tell_desk(work, by)
    return after


async def hold(work: Work, call_id: CallId, by: PersonId) -> None:
    call = await rows.take(work, call_id)
    after = rule.hold(call, by, at=work.at)
    if after != call:
        await _changed(work, after, "CallHeld")
        await order(work, Op.HOLD, leg=call.leg_id, call_id=call_id)


async def resume(work: Work, call_id: CallId, by: PersonId) -> None:
    call = await rows.take(work, call_id)
    after = rule.resume(call, by)
    if after != call:
        await _changed(work, after, "CallResumed")
        await order(work, Op.UNHOLD, leg=call.leg_id, call_id=call_id)


async def hang_up(work: Work, call_id: CallId, by: PersonId) -> None:
    """The agent ends the call; a clinician who is joined is let go with the caller."""
    call = await rows.take(work, call_id)
    after = rule.hang_up(call, by)
    if after != call:
        await _changed(work, after, "AgentHungUp")
        await rows.leaf(work, after, "call.hung_up")
        await order(work, Op.HANGUP, leg=call.leg_id, call_id=call_id)


async def leave(work: Work, call_id: CallId, by: PersonId) -> None:
    """The agent steps out; caller and clinician go on."""
    call = await rows.take(work, call_id)
    after = rule.leave(call, by)
    await _changed(work, after, "AgentLeft")
    agent = await rows.agent_leg(work, by)
    if agent is not None:
        await order(work, Op.LEAVE, leg=agent.leg_id)
    await work.run(
        "update desk_state set last_call_ended_at = %s where person_id = %s", (work.at, by)
    )
    await endings.tell_desk(work, by)
    work.wake("acd")


async def join_clinician(work: Work, call_id: UUID, leg_id: UUID, person_id: UUID | None) -> bool:
    """Put a clinician who pressed 1 into the caller's room, off hold; False: the caller is gone.

    Called by `paging` once a patch page's gate is passed. The caller's leg is never put at risk.
    """
    call = await rows.take(work, call_id)
    if call.over:
        return False
    held, after = call.state == "held", rule.joined(call, at=work.at)
    await rows.keep(work, after)
    who = wire("person", person_id) if person_id else None
    await rows.note(work, after, "ClinicianJoined", actor=who)
    await rows.leaf(work, after, "call.patched", clinician=who)
    await join(work, leg_id, CallId(call_id))
    # Joining ends hold, greeting and apology alike.
    await order(work, Op.UNHOLD if held else Op.STOP_PLAY, leg=call.leg_id, call_id=call_id)
    if call.state in ("waiting", "ringing"):
        await join(work, call.leg_id, CallId(call_id))
    return True


async def ring_back(work: Work, vault: Vault, call_id: CallId, by: PersonId) -> None:
    """Ring the caller of a call that is over; the asking agent is joined when they answer."""
    call = await rows.take(work, call_id)
    if await rows.agent_leg(work, by) is None:
        raise NoAudio
    if await _is_on_a_call(work, by):
        raise BusyWithAnother
    dial = await number_of(work, vault, call)
    if dial is None:
        raise NoCallbackNumber
    leg = await new_leg(work, "callback_caller", call_id=call_id, account_id=call.account_id)
    switch, epoch = await our_epoch(work)
    after = rule.ring_back(call, by, LegId(leg), switch, max(epoch, call.epoch), at=work.at)
    await _changed(work, after, "RingBackAsked")
    await rows.leaf(work, after, "call.ring_back_asked")
    await order(
        work, Op.ORIGINATE, leg=leg, call_id=call_id, dial=dial,
        args={
            "caller_id": await _caller_id(work, call), "timeout_s": RING_S, "purpose": "ring_back",
        },
    )  # fmt: skip
    await endings.tell_desk(work, by)


async def take(work: Work, call_id: CallId, by: PersonId) -> None:
    """Become the owner of a call that is over and unfinished."""
    call = await rows.take(work, call_id)
    after = rule.take(call, by, at=work.at)
    if after != call:
        await _changed(work, after, "CallTaken")
        await rows.leaf(work, after, "call.taken")


async def keep_callback_number(
    work: Work, vault: Vault, call_id: CallId, by: PersonId, number: str, *, read_back: bool
) -> NumberKept:
    """Keep where the caller is rung back; say so when it looks like a slip of the ear."""
    call = await rows.take(work, call_id)
    _responsible(call, by)
    clean = e164(number)
    await work.run(
        "update call set callback_at_rest = %s where call_id = %s",
        (await vault.close(work, call.account_id, clean), call_id),
    )
    await rows.note(work, call, "CallbackNumberKept", facts={"read_back": read_back})
    await rows.tell_screens(work, call)
    caller = await work.value("select caller_at_rest from call where call_id = %s", (call_id,))
    shown = await vault.open(work, call.account_id, bytes(caller)) if caller else ""
    return NumberKept(clean, warning(clean, shown))


async def raise_tier(work: Work, call: Call, tier: Tier | None) -> Tier | None:
    """The tier at which a call, locked by this work, now stands. It only rises."""
    before = Tier(call.tier) if call.tier else None
    stands = most_urgent(before, tier)
    if stands is not None and stands is not before:
        await work.run("update call set tier = %s where call_id = %s", (stands.value, call.call_id))
        await rows.note(work, call, "TierRaised", facts={"tier": stands.value})
        await rows.tell_screens(work, call)
    return stands


async def dispose(
    work: Work, call_id: CallId, by: PersonId, disposition: str, call_type: str
) -> None:
    """Close a call that ends without a message."""
    call = await rows.take(work, call_id)
    _responsible(call, by)
    if call.tier is not None and Tier(call.tier).pages and disposition != UNREACHED:
        raise MessageOwed
    await close(work, call, disposition, call_type)
    await work.run("delete from draft where call_id = %s", (call_id,))


async def close(work: Work, call: Call, disposition: str, call_type: str) -> None:
    """Give a call, locked by this work, its one outcome. `messages` does so when one is filed."""
    after = rule.dispose(call, disposition, call_type, at=work.at)
    await _changed(work, after, "CallClosed")
    await rows.leaf(work, after, "call.closed", disposition=disposition, call_type=call_type)
    await endings.tell_desk(work, after.owner_id)
    work.wake("acd")


async def keep_draft(
    work: Work, call_id: CallId, by: PersonId, sealed: bytes, edition: int
) -> Draft:
    """Keep the message being taken. An older edition never replaces a newer one."""
    call = await rows.take(work, call_id)
    _responsible(call, by)
    kept = await work.row(
        Draft,
        "insert into draft (call_id, account_id, sealed, edition, saved_at, saved_by)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (call_id) do update set"
        " sealed = excluded.sealed, edition = excluded.edition, saved_at = excluded.saved_at,"
        " saved_by = excluded.saved_by where draft.edition < excluded.edition"
        " or (draft.edition = excluded.edition and draft.sealed = excluded.sealed)"
        " returning sealed, edition, saved_at, saved_by",
        (call_id, call.account_id, sealed, edition, work.at, by),
    )
    if kept is None:
        raise Stale
    return kept


async def return_lost_callers(work: Work) -> int:
    """Agents whose audio has been gone for 20 s: their callers go back to the front."""
    lost = await work.rows(
        Call,
        rows.CALL + " where ended_at is null and state in ('talking', 'held', 'patched')"
        " and agent_id in (select person_id from desk_state"
        "  where audio_lost_at <= floor_now() - %s)"
        " order by call_id limit %s for no key update skip locked",
        (AUDIO_LOST_WAIT, BATCH),
    )
    for call in lost:
        await endings.agent_gone(work, call)
    return len(lost)


async def _changed(work: Work, call: Call, kind: str) -> None:
    await rows.keep(work, call)
    await rows.note(work, call, kind)


async def _is_on_a_call(work: Work, person: PersonId) -> bool:
    # Their desk is locked, so that two calls taken at once (an offer, a ring-back) see each other.
    await work.run("select 1 from desk_state where person_id = %s for update", (person,))
    return bool(
        await work.value(
            "select exists (select from call where agent_id = %s and ended_at is null)", (person,)
        )
    )


async def _caller_id(work: Work, call: Call) -> str:
    if call.account_id is None:
        return str(await work.value("select caller_id from service"))
    return (await find_account(work, call.account_id)).caller_id


def _responsible(call: Call, by: PersonId) -> None:
    if call.agent_id != by and call.owner_id != by:
        raise NotYourCall
