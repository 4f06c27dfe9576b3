"""What happens when somebody is gone: the caller, the agent, the switch. Nobody is left alone."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from nightbell.calls import rows
from nightbell.calls.call import Call, agent_lost, caller_gone, switch_lost
from nightbell.calls.rows import Leg
from nightbell.calls.switchboard import order
from nightbell.core.ids import wire
from nightbell.store.news import tell
from nightbell.store.work import Work
from nightbell.telephony.plan import COMFORT
from nightbell.telephony.port import Event, Kind, Op

APOLOGY = ("say:still_here", COMFORT)


async def caller_ended(work: Work, call: Call, event: Event) -> None:
    """The caller's leg has ended: the rest of the room is let go, and the call is owned."""
    after = caller_gone(call, ended_at=event.at, at=work.at)
    if after == call:
        return
    await rows.keep(work, after)
    cause = str(event.facts.get("cause", ""))
    abandoned = call.answered_at is None
    kind = "CallAbandoned" if abandoned else "CallEnded"
    actor = "caller" if after.ended_by == "caller" else "switch"
    await rows.note(
        work, after, kind, actor=actor, at=event.at, facts={"by": after.ended_by, "cause": cause}
    )
    act = "call.abandoned" if abandoned else "call.ended"
    await rows.leaf(work, after, act, by=after.ended_by, cause=cause)
    for leg in await rows.legs(work, call.call_id):
        if leg.kind in ("patch", "emergency") and leg.joined_at is not None:
            await order(work, Op.HANGUP, leg=leg.leg_id)
    if call.agent_id is not None:
        await _let_agent_go(work, call.agent_id)
    work.wake("acd")


async def agent_gone(work: Work, call: Call) -> None:
    """The agent's audio is gone for good: the caller hears us say so, and is served next."""
    after = agent_lost(call, at=work.at)
    if after == call:
        return
    await rows.keep(work, after)
    await rows.note(work, after, "AgentLost", actor="switch")
    await rows.leaf(work, after, "call.agent_lost", agent=_person(call.agent_id))
    if call.agent_id is not None:
        await _let_agent_go(work, call.agent_id)
    if after.state == "waiting":
        await back_in_line(work, after)


async def back_in_line(work: Work, call: Call) -> None:
    """Tell the caller that we are still here, and find them somebody."""
    await order(
        work, Op.PLAY, leg=call.leg_id, call_id=call.call_id,
        args={"prompts": list(APOLOGY), "loop": True},
    )  # fmt: skip
    await rows.note(work, call, "CallBackInLine", actor="service")
    work.wake("acd")


async def switch_started(
    work: Work, event: Event, owners: Mapping[str, Callable[[Work, Event, Leg], Awaitable[None]]]
) -> None:
    """A switch has started anew: whatever its earlier life carried ended at its last heartbeat."""
    ended_at = _last_heartbeat(event)
    cut = await work.rows(
        Call,
        rows.CALL + " where switch = %s and epoch < %s and ended_at is null"
        " order by call_id for no key update",
        (event.switch, event.epoch),
    )
    # A leg that is still to be dialled belongs to this life of the switch, not to the last.
    gone = await work.rows(
        Leg,
        "update leg set state = 'ended', ended_at = %(ended)s, cause = 'switch_lost'"
        " where state <> 'ended' and switch in (%(switch)s, '') and (state <> 'new' or exists"
        "  (select from switch_command where done_at is not null and op = 'originate'"
        "   and args->>'leg' = replace(leg.leg_id::text, '-', '') and put_at < %(at)s))"
        " returning leg_id, kind, state, call_id, account_id, person_id, page_id, switch,"
        " joined_at",
        {"ended": ended_at, "switch": event.switch, "at": work.at},
    )
    # Pages first: an escalation is always locked before its call.
    for leg in gone:
        if leg.kind == "agent":
            await work.run(
                "update desk_state set leg_up_at = null, audio_lost_at = null where leg_id = %s",
                (leg.leg_id,),
            )
            await tell_desk(work, leg.person_id)
        elif leg.page_id is not None and leg.kind in owners:
            facts = {"leg": leg.leg_id.hex, "cause": "switch_lost"}
            ended = Event(event.switch, event.epoch, event.seq, Kind.LEG_ENDED, ended_at, facts)
            await owners[leg.kind](work, ended, leg)
    for call in cut:
        await _cut_off(work, call, ended_at)
    if cut:
        await tell(work, "floor.changed")
    work.wake("acd")


async def _cut_off(work: Work, call: Call, ended_at: datetime) -> None:
    after = switch_lost(call, ended_at=ended_at, at=work.at)
    await rows.keep(work, after)
    await rows.note(
        work, after, "CallCutOff", actor="switch", at=ended_at,
        facts={"epoch": call.epoch, "estimated": True},
    )  # fmt: skip
    await rows.leaf(work, after, "call.cut_off", epoch=call.epoch)
    await tell_desk(work, call.agent_id)


async def _let_agent_go(work: Work, person_id: UUID) -> None:
    """The agent's audio leaves the room and is theirs for the next call."""
    await work.run(
        "update desk_state set last_call_ended_at = %s where person_id = %s", (work.at, person_id)
    )
    leg = await rows.agent_leg(work, person_id)
    if leg is not None:
        await order(work, Op.LEAVE, leg=leg.leg_id)
    await tell_desk(work, person_id)


async def tell_desk(work: Work, person_id: UUID | None) -> None:
    if person_id is not None:
        await tell(work, "desk.changed", person_id=person_id)


def _last_heartbeat(event: Event) -> datetime:
    """When the earlier life was last heard of; a switch that cannot say ended as it began anew."""
    said = event.facts.get("last_heartbeat_at")
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else event.at
    except ValueError:
        return event.at
    return at if at.tzinfo is not None else event.at


def _person(person_id: UUID | None) -> str | None:
    return wire("person", person_id) if person_id else None
