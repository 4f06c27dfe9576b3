"""Call control: each thing the switch says becomes kept rows and orders, once.

`hear` is called in a transaction of its own for every event. The event's number is kept in the same
transaction, so an event told twice, or told again after a crash, changes nothing the second time.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.accounts.account import Account
from nightbell.accounts.queries import account_by_did, greetings
from nightbell.calls import callback, endings, rows
from nightbell.calls.call import ORDINARY, Call, caller_up, clinician_gone, joined
from nightbell.calls.rows import Leg
from nightbell.calls.switchboard import join, order
from nightbell.core.ids import CallId, LegId, new_id
from nightbell.core.phone import PhoneRefused, e164
from nightbell.coverage.choice import Choice
from nightbell.coverage.queries import choice_for
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.telephony.plan import COMFORT
from nightbell.telephony.port import Event, Json, Kind, Op

LegDeed = Callable[[Work, Event, Leg], Awaitable[None]]
Owners = Mapping[str, LegDeed]  # who hears of a leg that is not ours, by its kind

UNKNOWN_NUMBER = "unknown_number"
GREETING_FOR_NOBODY = "say:unknown_number"
GREETING_MISSING = "say:neutral_greeting"
LATE = timedelta(seconds=2.5)  # By then the switch's own plan has greeted the caller.
NUMBERS = ("cli", "diversion", "digit")  # What a caller's own is never kept in the clear.
COMPANY = ("patch", "emergency")
TOLD_MAX = 256


async def hear(
    work: Work, vault: Vault, event: Event, owners: Owners, *, plainly: bool = False
) -> bool:
    """Act on `event`; False when it had been acted on before.

    `plainly` takes a ringing call without asking anything of its practice: the last resort.
    """
    if not await set_aside(work, event):
        return False
    match event.kind:
        case Kind.SWITCH_STARTED:
            await endings.switch_started(work, event, owners)
        case Kind.LEG_OFFERED:
            await _rang(work, vault, event, plainly=plainly)
        case Kind.PLAN_ACTED:
            await _plan_acted(work, event)
        case _ if event.leg:
            leg = await rows.find_leg(work, UUID(event.leg))
            if leg is not None:
                await _about_leg(work, vault, event, leg, owners)
        case _:
            pass
    return True


async def set_aside(work: Work, event: Event) -> bool:
    """Keep that `event` was told, without a caller's own in the clear; False when it was before."""
    kept = {
        name: _storable(value) if isinstance(value, str) else value
        for name, value in event.facts.items()
        if name not in NUMBERS
    }
    return bool(
        await work.run(
            "insert into switch_event (switch, epoch, seq, at, kind, facts)"
            " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            (event.switch, event.epoch, event.seq, event.at, event.kind.value, Jsonb(kept)),
        )
    )


async def refused(work: Work, op: str, code: str, gone: Event, owners: Owners) -> None:
    """The switch would not do as ordered: whoever counts on the leg hears that it is `gone`."""
    if not gone.leg or op not in (Op.ORIGINATE, Op.JOIN):
        return
    leg = await rows.find_leg(work, UUID(gone.leg))
    if leg is None or leg.state == "ended" or (op == Op.JOIN and leg.kind != "agent"):
        return
    if leg.call_id is not None:
        call = await rows.take(work, leg.call_id)
        await rows.note(work, call, "OrderRefused", actor="switch", facts={"op": op, "code": code})
    await _about_leg(work, None, gone, leg, owners)


async def _rang(work: Work, vault: Vault, event: Event, *, plainly: bool) -> None:
    """A telephone rings for one of our practices: a row, a record and an answer, before a sound."""
    leg_id = LegId(UUID(event.leg))
    if await rows.find_leg(work, leg_id) is not None:
        return
    did = _as_e164(str(event.facts.get("did", "")))
    account = None if plainly else await account_by_did(work, did)
    choice = await choice_for(work, account) if account else None
    call = Call(
        call_id=CallId(new_id()),
        account_id=account.account_id if account else None,
        did=did,
        coverage=choice.mode if choice else UNKNOWN_NUMBER,
        state="ringing",
        priority=ORDINARY,
        switch=event.switch,
        epoch=event.epoch,
        leg_id=leg_id,
        rang_at=event.at,
    )
    await _keep_new(work, vault, call, str(event.facts.get("cli", "")))
    await rows.note(
        work, call, "CallRang", actor="caller", at=event.at,
        facts={
            "did": did, "coverage": call.coverage,
            "script": choice.script if choice else None,
            "rings_first": choice.rings_first if choice else "desk",
            "forwarded": bool(event.facts.get("diversion")),
        },
    )  # fmt: skip
    await rows.leaf(work, call, "call.rang", coverage=call.coverage)
    prompts: list[Json] = [COMFORT]
    if work.at - event.at < LATE:
        prompts.insert(0, await greeting(work, account, choice))
    await order(
        work, Op.ANSWER, leg=leg_id, call_id=call.call_id, args={"prompts": prompts, "loop": True}
    )
    await rows.tell_screens(work, call)


async def greeting(work: Work, account: Account | None, choice: Choice | None) -> str:
    """The prompt a caller hears first. There is always one."""
    if account is None or choice is None:
        return GREETING_FOR_NOBODY
    said = {one.said_when: one.prompt for one in await greetings(work, account.account_id)}
    return said.get(choice.greeting) or said.get("after_hours") or GREETING_MISSING


async def _keep_new(work: Work, vault: Vault, call: Call, cli: str) -> None:
    closed = await vault.close(work, call.account_id, _as_e164(cli)) if cli else None
    await work.run(
        "insert into call (call_id, account_id, did, caller_at_rest, coverage, state, priority,"
        " switch, epoch, leg_id, rang_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            call.call_id, call.account_id, call.did, closed, call.coverage, call.state,
            call.priority, call.switch, call.epoch, call.leg_id, call.rang_at,
        ),
    )  # fmt: skip
    await work.run(
        "insert into leg (leg_id, account_id, call_id, kind, switch, state, made_at)"
        " values (%s, %s, %s, 'caller', %s, 'ringing', %s)",
        (call.leg_id, call.account_id, call.call_id, call.switch, call.rang_at),
    )


async def _plan_acted(work: Work, event: Event) -> None:
    """The switch was on its own and did what it could. Its deeds belong in the record too."""
    leg = await rows.find_leg(work, UUID(event.leg)) if event.leg else None
    if leg is None or leg.call_id is None:
        return
    call = await rows.take(work, leg.call_id)
    what, other = str(event.facts.get("what", "")), str(event.facts.get("other") or "")
    if other and await rows.find_leg(work, UUID(other)) is None:
        await work.run(
            "insert into leg (leg_id, account_id, call_id, kind, switch, state, made_at)"
            " values (%s, %s, %s, 'emergency', %s, 'new', %s)",
            (UUID(other), call.account_id, call.call_id, event.switch, event.at),
        )
    if what == "joined" and not call.over:
        call = joined(call, at=event.at)
        await rows.keep(work, call)
    await rows.note(
        work, call, "SwitchActedAlone", actor="switch", at=event.at, facts={"what": what}
    )
    await rows.leaf(work, call, "call.switch_acted_alone", what=what)


async def _about_leg(
    work: Work, vault: Vault | None, event: Event, leg: Leg, owners: Owners
) -> None:
    if leg.page_id is not None:
        # An escalation is locked before its call, here as when a page is accepted on a screen.
        await _keep_leg(work, event, leg)
        if leg.kind in owners:
            await owners[leg.kind](work, event, leg)
        if _left_the_room(event, leg) and leg.call_id is not None:
            await _company_left(work, event, leg, await rows.take(work, leg.call_id))
        return
    call = await rows.take(work, leg.call_id) if leg.call_id else None
    await _keep_leg(work, event, leg)
    if leg.kind == "agent":
        await _agent(work, event, leg)
    elif call is None:
        return
    elif leg.leg_id == call.leg_id:
        await _caller(work, event, call)
    elif leg.kind in callback.KINDS:
        await callback.hear(work, vault, event, leg, call)
    elif _left_the_room(event, leg):
        await _company_left(work, event, leg, call)


async def _keep_leg(work: Work, event: Event, leg: Leg) -> None:
    named: dict[str, Any] = {"leg": leg.leg_id, "switch": event.switch, "at": event.at}
    match event.kind:
        case Kind.LEG_RINGING:
            await work.run(
                "update leg set state = 'ringing', switch = %(switch)s"
                " where leg_id = %(leg)s and state = 'new'",
                named,
            )
        case Kind.LEG_ANSWERED:
            await work.run(
                "update leg set state = 'up', switch = %(switch)s, up_at = %(at)s,"
                " ended_at = null, cause = null where leg_id = %(leg)s",
                named,
            )
        case Kind.LEG_ENDED:
            named["cause"] = str(event.facts.get("cause", ""))
            await work.run(
                "update leg set state = 'ended', switch = %(switch)s, ended_at = %(at)s,"
                " joined_at = null, cause = %(cause)s where leg_id = %(leg)s",
                named,
            )
        case Kind.ROOM_JOINED:
            await work.run("update leg set joined_at = %(at)s where leg_id = %(leg)s", named)
        case Kind.ROOM_LEFT:
            await work.run("update leg set joined_at = null where leg_id = %(leg)s", named)
        case _:
            pass


async def _caller(work: Work, event: Event, call: Call) -> None:
    match event.kind:
        case Kind.LEG_ANSWERED:
            after = caller_up(call, at=event.at)
            if after == call:
                return
            await rows.keep(work, after)
            if after.state == "talking":
                await _ring_back_answered(work, after, event.at)
                return
            await rows.note(
                work, after, "CallGreeted", actor="switch", at=event.at,
                facts={"by": str(event.facts.get("by", "command"))},
            )  # fmt: skip
            work.wake("acd")
        case Kind.LEG_ENDED:
            await endings.caller_ended(work, call, event)
        case Kind.MEDIA_LOST | Kind.MEDIA_RESTORED:
            lost = event.kind is Kind.MEDIA_LOST
            kind = "CallerAudioLost" if lost else "CallerAudioBack"
            await rows.note(work, call, kind, actor="switch", at=event.at)
        case Kind.ROOM_LEFT:
            await rows.note(
                work, call, "RoomLeft", actor="switch", at=event.at,
                facts={"leg": "caller", "ms": _ms(event)},
            )  # fmt: skip
        case _:
            pass


async def _ring_back_answered(work: Work, call: Call, at: datetime) -> None:
    await rows.note(work, call, "CallRungBack", actor="caller", at=at)
    await rows.leaf(work, call, "call.rung_back")
    if call.agent_id is None:
        return
    agent = await rows.agent_leg(work, call.agent_id)
    if agent is None:  # Their audio went while it rang: somebody else takes the caller at once.
        await endings.agent_gone(work, call)
        return
    await join(work, agent.leg_id, call.call_id)
    await join(work, call.leg_id, call.call_id)


async def _agent(work: Work, event: Event, leg: Leg) -> None:
    """An agent's browser: connected, silent, heard again, or gone."""
    named = {"leg": leg.leg_id, "at": work.at}
    theirs = await _calls_of(work, leg)  # Calls are locked before desks, everywhere.
    match event.kind:
        case Kind.LEG_ANSWERED:
            await work.run(
                "update desk_state set leg_up_at = %(at)s, audio_lost_at = null"
                " where leg_id = %(leg)s",
                named,
            )
            for call in theirs:
                await join(work, leg.leg_id, call.call_id)
        case Kind.MEDIA_LOST:
            await work.run(
                "update desk_state set audio_lost_at = coalesce(audio_lost_at, %(at)s)"
                " where leg_id = %(leg)s",
                named,
            )
        case Kind.MEDIA_RESTORED:
            await work.run(
                "update desk_state set audio_lost_at = null where leg_id = %(leg)s", named
            )
        case Kind.LEG_ENDED:
            changed = await work.run(
                "update desk_state set leg_up_at = null, audio_lost_at = null"
                " where leg_id = %(leg)s",
                named,
            )
            # A leg that another has replaced takes no call with it.
            for call in theirs if changed else []:
                await endings.agent_gone(work, call)
        case _:
            return
    await endings.tell_desk(work, leg.person_id)
    work.wake("acd")


async def _calls_of(work: Work, leg: Leg) -> list[Call]:
    """The live calls of the agent behind `leg`, locked."""
    return await work.rows(
        Call,
        rows.CALL + " where agent_id = %s and ended_at is null"
        " and state in ('talking', 'held', 'patched') for no key update",
        (leg.person_id,),
    )


def _left_the_room(event: Event, leg: Leg) -> bool:
    return event.kind is Kind.ROOM_LEFT or (
        event.kind is Kind.LEG_ENDED and leg.joined_at is not None
    )


async def _company_left(work: Work, event: Event, leg: Leg, call: Call) -> None:
    """A clinician, or an emergency number, is in the caller's room no more."""
    others = [
        one
        for one in await rows.legs(work, call.call_id)
        if one.kind in COMPANY and one.joined_at is not None and one.leg_id != leg.leg_id
    ]
    after = clinician_gone(call, others=len(others), at=work.at)
    await rows.note(
        work, after, "ClinicianLeft", actor="switch", at=event.at, facts={"ms": _ms(event)}
    )
    if after == call:
        return
    await rows.keep(work, after)
    if after.state == "waiting":
        await endings.back_in_line(work, after)


def _as_e164(number: str) -> str:
    """E.164 where it can be; a number in no known form is kept as it came, never dropped."""
    try:
        return e164(number)
    except PhoneRefused:
        return _storable(number)


def _storable(told: str) -> str:
    """What a stranger's telephone said, without what a database cannot keep."""
    return told.encode(errors="replace").decode().replace("\0", "")[:TOLD_MAX]


def _ms(event: Event) -> int | None:
    ms = event.facts.get("ms")
    return ms if isinstance(ms, int) else None
