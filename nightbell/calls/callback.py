"""A clinician calls the patient back: our switch rings both, neither sees the other's number.

First the clinician's telephone, behind a gate (a person must press 1); then the patient, who sees
the practice's number; then both are joined, in a room of their own.
"""

from collections.abc import Mapping
from uuid import UUID

from nightbell.accounts.queries import account as find_account
from nightbell.calls import rows
from nightbell.calls.call import Call
from nightbell.calls.rows import Leg
from nightbell.calls.switchboard import new_leg, order
from nightbell.core.errors import Refused, Stale
from nightbell.core.ids import LegId, wire
from nightbell.store import outbox
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.telephony.port import Event, Json, Kind, Op

KINDS = ("callback_clinician", "callback_caller")
GATE: Mapping[str, Json] = {
    "prompts": ["say:callback"],
    "digits": "1",
    "repeats": 3,
    "timeout_s": 25,
}
RING_S = 30


class NoCallbackNumber(Refused):
    """No number was taken down for this caller, and theirs was withheld."""


class NoPracticeNumber(Refused):
    """A call to a number no practice claims cannot be returned in a practice's name."""


async def begin(
    work: Work, vault: Vault, call_id: UUID, person_id: UUID, *, to_phone: str
) -> LegId:
    """Ring the clinician's own telephone `to_phone`; the patient follows once they press 1."""
    call = await rows.take(work, call_id)
    if call.account_id is None:
        raise NoPracticeNumber
    if await number_of(work, vault, call) is None:
        raise NoCallbackNumber
    for leg in await rows.legs(work, call_id, kind="callback_clinician"):
        if leg.person_id == person_id:
            raise Stale  # It is ringing, or up, already.
    leg_id = await new_leg(
        work, "callback_clinician", call_id=call_id, account_id=call.account_id,
        person_id=person_id,
    )  # fmt: skip
    account = await find_account(work, call.account_id)
    await order(
        work, Op.ORIGINATE, leg=leg_id, call_id=call_id,
        args={"caller_id": account.caller_id, "timeout_s": RING_S, "purpose": "callback"},
        dial=(call.account_id, await vault.close(work, call.account_id, to_phone)),
    )  # fmt: skip
    await rows.note(work, call, "CallbackAsked")
    await rows.leaf(work, call, "call.callback_asked")
    return leg_id


async def number_of(work: Work, vault: Vault, call: Call) -> tuple[UUID | None, bytes] | None:
    """Where this caller is rung back, closed: the number read back, else the one they rang from."""
    found = await work.dicts(
        "select coalesce(callback_at_rest, caller_at_rest) as closed from call where call_id = %s",
        (call.call_id,),
    )
    closed = found[0]["closed"] if found else None
    return (call.account_id, bytes(closed)) if closed is not None else None


async def hear(work: Work, vault: Vault | None, event: Event, leg: Leg, call: Call) -> None:
    """What the switch says of either leg of a call-back."""
    if leg.kind == "callback_clinician":
        await _clinician(work, vault, event, leg, call)
    else:
        await _patient(work, event, leg, call)


async def _clinician(work: Work, vault: Vault | None, event: Event, leg: Leg, call: Call) -> None:
    match event.kind:
        case Kind.LEG_ANSWERED:
            await order(work, Op.GATE, leg=leg.leg_id, args=GATE)
        case Kind.GATE_PASSED:
            await _ring_patient(work, vault, event, leg, call)
        case Kind.GATE_FAILED:
            await order(work, Op.HANGUP, leg=leg.leg_id)
        case Kind.LEG_ENDED:
            cause = str(event.facts.get("cause", ""))
            await rows.note(
                work, call, "CallbackEnded", actor=_actor(leg), at=event.at,
                facts={"cause": cause},
            )  # fmt: skip
            # Two people talk in a call-back. When one has gone the other's line is let go too.
            for other in await _with(work, leg, "callback_caller"):
                await order(work, Op.HANGUP, leg=other.leg_id)
        case _:
            pass


async def _ring_patient(
    work: Work, vault: Vault | None, event: Event, leg: Leg, call: Call
) -> None:
    assert vault is not None
    dial = await number_of(work, vault, call)
    if dial is None or call.account_id is None:
        await order(work, Op.HANGUP, leg=leg.leg_id)
        return
    account = await find_account(work, call.account_id)
    patient = await new_leg(
        work, "callback_caller", call_id=call.call_id, account_id=call.account_id,
        person_id=leg.person_id,
    )  # fmt: skip
    await order(work, Op.PLAY, leg=leg.leg_id, args={"prompts": ["music:hold"], "loop": True})
    await order(
        work, Op.ORIGINATE, leg=patient, call_id=call.call_id, dial=dial,
        args={"caller_id": account.caller_id, "timeout_s": RING_S, "purpose": "callback"},
    )  # fmt: skip
    await rows.note(work, call, "CallbackRinging", actor=_actor(leg), at=event.at)


async def _patient(work: Work, event: Event, leg: Leg, call: Call) -> None:
    clinicians = await _with(work, leg, "callback_clinician")
    match event.kind:
        case Kind.LEG_ANSWERED if clinicians:
            # Not the call's own room: an earlier caller may still be in it.
            for one in (clinicians[0].leg_id, leg.leg_id):
                room = clinicians[0].leg_id.hex
                await order(work, Op.JOIN, leg=one, args={"room": room, "mode": "talk"})
            await rows.note(work, call, "CallbackJoined", actor=_actor(leg), at=event.at)
            await rows.leaf(work, call, "call.called_back", by=_actor(leg))
            await rows.tell_screens(work, call)
            await outbox.put(
                work, "call.called_back", f"call.called_back/{leg.leg_id.hex}",
                {"call": wire("call", call.call_id), "person": _actor(leg)},
            )  # fmt: skip
        case Kind.LEG_ANSWERED:
            await order(work, Op.HANGUP, leg=leg.leg_id)  # The clinician has gone meanwhile.
        case Kind.LEG_ENDED:
            cause = str(event.facts.get("cause", ""))
            await rows.note(
                work, call, "CallbackPatientEnded", actor="caller", at=event.at,
                facts={"cause": cause},
            )  # fmt: skip
            for other in clinicians:
                await order(work, Op.HANGUP, leg=other.leg_id)
        case _:
            pass


async def _with(work: Work, leg: Leg, kind: str) -> list[Leg]:
    """The other side of the same clinician's call-back."""
    assert leg.call_id is not None
    return [
        one
        for one in await rows.legs(work, leg.call_id, kind=kind)
        if one.person_id == leg.person_id
    ]


def _actor(leg: Leg) -> str:
    return wire("person", leg.person_id) if leg.person_id else "service"
