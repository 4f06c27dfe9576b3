"""Calls, told as nights at the answering service."""

from uuid import UUID

import pytest

from nightbell.acd import commands as acd
from nightbell.acd.commands import OfferEnded
from nightbell.calls import callback
from nightbell.calls import commands as calls
from nightbell.calls.call import ABANDON_DUE
from nightbell.calls.commands import BusyWithAnother, NoAudio
from nightbell.calls.switchboard import new_leg, order
from nightbell.core.ids import CallId, new_id
from nightbell.messages.accepted import called_back
from nightbell.store.outbox import Relay
from nightbell.store.work import SERVICE
from nightbell.telephony.memory import Behaviour
from nightbell.telephony.plan import COMFORT
from nightbell.telephony.port import Op
from tests.ground import Database
from tests.stories.floor import (
    CALLER,
    DANA,
    NOBODYS_DID,
    OKAFOR,
    OKAFORS_PHONE,
    PRIYA,
    RIVERSIDE,
    TWO_AM,
    Floor,
    night,
)

pytestmark = pytest.mark.anyio


async def test_a_patient_rings_and_a_person_answers(database: Database):
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        call_id = await floor.ring()
        call = await floor.call(call_id)
        assert (call.state, call.coverage, call.account_id) == ("waiting", "after_hours", RIVERSIDE)
        assert floor.playing(call.leg_id) == ("say:after_hours", COMFORT)
        await floor.accept(DANA)
        assert floor.together(call_id) == {audio.hex, call.leg_id.hex}
        assert floor.playing(call.leg_id) == ()
        floor.switch.far_hangs_up(call.leg_id.hex)
        await floor.settle()
        call = await floor.call(call_id)
        assert (call.state, call.ended_by, call.owner_id) == ("ended", "caller", DANA)
        assert floor.together(call_id) == set()
        assert await floor.story(call_id) == [
            "CallRang", "CallGreeted", "OfferMade", "CallAnswered", "CallEnded",
        ]  # fmt: skip


async def test_nobody_on_the_floor(database: Database):
    """Callers wait, in order; the first agent to sit down has the one who waited longest."""
    async with night(database) as floor:
        first = await floor.ring()
        await floor.wait(3)
        second = await floor.ring(cli="+12125550144")
        await floor.wait(60)
        assert [(await floor.call(one)).state for one in (first, second)] == ["waiting"] * 2
        await floor.sit_down(DANA)
        assert (await floor.accept(DANA)).call_id == first
        await floor.sit_down(PRIYA)
        assert (await floor.accept(PRIYA)).call_id == second


async def test_two_agents_one_offer(database: Database):
    """An offer that runs out goes to the other agent; the late accept is refused, nobody lost."""
    async with night(database) as floor:
        await floor.sit_down(DANA)
        await floor.sit_down(PRIYA)
        call_id = await floor.ring()
        late = await floor.offered(DANA)
        assert late is not None
        assert await floor.offered(PRIYA) is None
        await floor.wait(21)
        assert await floor.offered(DANA) is None
        assert (await floor.accept(PRIYA)).call_id == call_id
        with pytest.raises(OfferEnded):
            await floor.accept(DANA, late.offer_id)
        assert (await floor.call(call_id)).agent_id == PRIYA


async def test_a_refused_offer_goes_on_and_comes_back_when_there_is_nobody_else(
    database: Database,
):
    async with night(database) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        offer = await floor.offered(DANA)
        assert offer is not None
        async with floor.as_(DANA) as work:
            await acd.refuse(work, offer.offer_id, DANA)
        await floor.settle()
        again = await floor.offered(DANA)
        assert again is not None
        assert again.offer_id != offer.offer_id
        await floor.sit_down(PRIYA)
        async with floor.as_(DANA) as work:
            await acd.wish(work, DANA, "pause", "break")
        await floor.settle()
        assert (await floor.accept(PRIYA)).call_id == call_id


async def test_asked_twice_accepted_once(database: Database):
    async with night(database) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        offer = await floor.offered(DANA)
        assert offer is not None
        await floor.accept(DANA, offer.offer_id)
        await floor.accept(DANA, offer.offer_id)
        assert (await floor.story(call_id)).count("CallAnswered") == 1


async def test_the_agents_laptop_died(database: Database):
    """20 s without her audio and the caller is told that we are here, and is served first."""
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        call_id = await floor.ring()
        call = await floor.accept(DANA)
        newer = await floor.ring(cli="+12125550144")
        floor.switch.browser_silent(audio.hex)
        await floor.wait(19)
        assert (await floor.call(call_id)).state == "talking"
        await floor.wait(2)
        back = await floor.call(call_id)
        assert (back.state, back.agent_id, back.owner_kind) == ("waiting", None, None)
        assert floor.playing(call.leg_id)[0] == "say:still_here"
        assert await floor.offered(DANA) is None
        await floor.sit_down(PRIYA)
        assert (await floor.accept(PRIYA)).call_id == call_id
        assert (await floor.call(newer)).state == "waiting"
        assert audio.hex not in floor.together(call_id)


async def test_a_page_reload_does_not_drop_the_caller(database: Database):
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        call_id = await floor.ring()
        await floor.accept(DANA)
        floor.switch.browser_silent(audio.hex)
        await floor.wait(5)
        assert await floor.sit_down(DANA) == audio
        await floor.wait(30)
        call = await floor.call(call_id)
        assert (call.state, call.agent_id) == ("talking", DANA)
        assert floor.together(call_id) == {audio.hex, call.leg_id.hex}


async def test_no_microphone_no_call(database: Database):
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        await floor.ring()
        offer = await floor.offered(DANA)
        assert offer is not None
        floor.switch.far_hangs_up(audio.hex)
        async with floor.as_(DANA) as work:
            await work.run("select 1")
        for event in floor.switch.book.after(floor.heard):
            await floor.controller.hear(event)
        with pytest.raises(NoAudio):
            await floor.accept(DANA, offer.offer_id)


async def test_the_switch_was_killed_mid_call(database: Database):
    """It is owned and due at once; one key rings the caller back, on the same record."""
    async with night(database, phones={CALLER: Behaviour.ANSWERS}) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        await floor.accept(DANA)
        await floor.wait(30)
        await floor.kill_switch()
        cut = await floor.call(call_id)
        assert (cut.state, cut.owner_kind, cut.due_at) == (
            "lost",
            "desk",
            floor.database.clock.now(),
        )
        with pytest.raises(NoAudio):
            async with floor.as_(DANA) as work:
                await calls.ring_back(work, floor.vault, call_id, DANA)
        audio = await floor.sit_down(DANA)
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, call_id, DANA)
        await floor.settle()
        again = await floor.call(call_id)
        assert (again.state, again.agent_id) == ("talking", DANA)
        assert floor.together(call_id) == {audio.hex, again.leg_id.hex}
        story = await floor.story(call_id)
        assert story[-4:] == ["CallAnswered", "CallCutOff", "RingBackAsked", "CallRungBack"]


async def test_she_rings_one_caller_back_and_takes_another_at_once(database: Database):
    """One pair of ears: the second is offered to somebody else, never left alone on the line."""
    async with night(database, phones={CALLER: Behaviour.SILENCE}) as floor:
        await floor.sit_down(DANA)
        gone = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(gone)).leg_id.hex)
        await floor.settle()
        waiting = await floor.ring(cli="+12125550144")
        offer = await floor.offered(DANA)
        assert offer is not None
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, gone, DANA)
        with pytest.raises(BusyWithAnother):
            await floor.accept(DANA, offer.offer_id)
        assert (await floor.call(waiting)).state == "waiting"


async def test_a_number_nobody_claims(database: Database):
    """It is answered politely, offered to an agent, and kept where only the service sees it."""
    async with night(database) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring(did=NOBODYS_DID)
        call = await floor.call(call_id)
        assert (call.account_id, call.coverage) == (None, "unknown_number")
        assert floor.playing(call.leg_id)[0] == "say:unknown_number"
        assert (await floor.accept(DANA)).call_id == call_id


async def test_a_caller_who_gave_up_is_rung_back_in_two_minutes(database: Database):
    async with night(database) as floor:
        call_id = await floor.ring()
        await floor.wait(40)
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        call = await floor.call(call_id)
        assert (call.owner_kind, call.due_at) == ("desk", floor.database.clock.now() + ABANDON_DUE)
        async with floor.as_(PRIYA) as work:
            await calls.take(work, call_id, PRIYA)
        assert (await floor.call(call_id)).owner_id == PRIYA


async def test_the_worker_was_away_when_it_rang(database: Database):
    """The switch answers by itself; the next worker learns it all, once, and plays no greeting."""
    async with night(database) as floor:
        leg = floor.switch.ring("+12125550142", CALLER)
        await floor.switch.wait(5)
        floor.database.clock.set(TWO_AM.replace(second=30))
        await floor.restart_controller()
        await floor.settle()
        rows = await floor.all("select call_id, state from call")
        assert [row["state"] for row in rows] == ["waiting"]
        assert floor.switch.board.legs[leg].sound is not None
        await floor.restart_controller()
        await floor.settle()
        assert len(await floor.all("select from call")) == 1
        assert (await floor.story(rows[0]["call_id"]))[:1] == ["CallRang"]


async def test_hold_resume_and_hang_up(database: Database):
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        call_id = await floor.ring()
        call = await floor.accept(DANA)
        async with floor.as_(DANA) as work:
            await calls.hold(work, call_id, DANA)
        await floor.settle()
        assert floor.together(call_id) == {audio.hex}
        assert floor.playing(call.leg_id) == ("music:hold",)
        async with floor.as_(DANA) as work:
            await calls.resume(work, call_id, DANA)
        await floor.settle()
        assert floor.together(call_id) == {audio.hex, call.leg_id.hex}
        async with floor.as_(DANA) as work:
            await calls.hang_up(work, call_id, DANA)
        await floor.settle()
        over = await floor.call(call_id)
        assert (over.state, over.ended_by, over.owner_id) == ("ended", "agent", DANA)


async def test_the_agent_leaves_a_patched_call_and_the_clinician_hangs_up_first(
    database: Database,
):
    """Neither of them takes the caller away: who is left alone is served next."""
    async with night(database, phones={OKAFORS_PHONE: Behaviour.ANSWERS}) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        call = await floor.accept(DANA)
        doctor = await patched(floor, call_id)
        assert (await floor.call(call_id)).state == "patched"
        async with floor.as_(DANA) as work:
            await calls.leave(work, call_id, DANA)
        await floor.settle()
        assert floor.together(call_id) == {doctor, call.leg_id.hex}
        floor.switch.far_hangs_up(doctor)
        await floor.settle()
        assert (await floor.call(call_id)).state == "waiting"
        assert (await floor.accept(DANA)).call_id == call_id


async def patched(floor: Floor, call_id: CallId) -> str:
    """A clinician is rung, as paging does it, and joined to the caller; the leg."""
    async with floor.store.work(SERVICE) as work:
        leg = await new_leg(work, "patch", call_id=call_id, account_id=RIVERSIDE)
        closed = await floor.vault.close(work, RIVERSIDE, OKAFORS_PHONE)
        await order(
            work, Op.ORIGINATE, leg=leg, call_id=call_id, dial=(RIVERSIDE, closed),
            args={"caller_id": "+12125550100", "timeout_s": 30, "purpose": "patch"},
        )  # fmt: skip
    await floor.settle()
    async with floor.store.work(SERVICE) as work:
        assert await calls.join_clinician(work, call_id, leg, OKAFOR)
    await floor.settle()
    return leg.hex


async def test_a_clinician_calls_the_patient_back(database: Database):
    """Each sees a number of the practice's, never the other's; two people, one room."""
    phones = {OKAFORS_PHONE: Behaviour.ACCEPTS, CALLER: Behaviour.ANSWERS}
    async with night(database, phones=phones) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        async with floor.as_(OKAFOR) as work:
            mine = await callback.begin(work, floor.vault, call_id, OKAFOR, to_phone=OKAFORS_PHONE)
        await floor.settle()
        dialled = [one.args for one in floor.switch.asked if one.op == "originate"]
        assert [one["to"] for one in dialled] == [OKAFORS_PHONE, CALLER]
        assert {str(one["caller_id"]) for one in dialled} == {"+12125550141"}
        rooms = {leg.room for leg in floor.switch.board.legs.values()}
        assert rooms == {mine.hex}
        floor.switch.far_hangs_up(mine.hex)
        await floor.settle()
        assert floor.switch.board.legs == {}
        assert "CallbackJoined" in await floor.story(call_id)


async def test_voicemail_never_becomes_a_call_back(database: Database):
    phones = {OKAFORS_PHONE: Behaviour.VOICEMAIL, CALLER: Behaviour.ANSWERS}
    async with night(database, phones=phones) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        async with floor.as_(OKAFOR) as work:
            await callback.begin(work, floor.vault, call_id, OKAFOR, to_phone=OKAFORS_PHONE)
        await floor.wait(40)
        assert [one.args["to"] for one in floor.switch.asked if one.op == "originate"] == [
            OKAFORS_PHONE
        ]
        assert floor.switch.board.legs == {}


async def test_no_number_is_ever_kept_in_the_clear(database: Database):
    phones = {OKAFORS_PHONE: Behaviour.ACCEPTS, CALLER: Behaviour.ANSWERS}
    async with night(database, phones=phones) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        await floor.accept(DANA)
        async with floor.as_(DANA) as work:
            kept = await calls.keep_callback_number(
                work, floor.vault, call_id, DANA, "212 555 0134", read_back=True
            )
        assert kept.warning.startswith("The last two digits are the other way round")
        async with floor.as_(OKAFOR) as work:
            await callback.begin(work, floor.vault, call_id, OKAFOR, to_phone=OKAFORS_PHONE)
        await floor.wait(3)
        for table in ("call", "call_event", "leg", "switch_event", "switch_command", "audit_leaf",
                      "outbox", "news"):  # fmt: skip
            rows = await floor.all(f"select to_jsonb(t)::text as text from {table} t")  # pyright: ignore
            for row in rows:
                for number in (CALLER, OKAFORS_PHONE, "+12125550134"):
                    assert number.removeprefix("+") not in row["text"], table


async def test_called_back_is_a_fact_only_once_the_patient_is_there(database: Database):
    phones = {OKAFORS_PHONE: Behaviour.ACCEPTS, CALLER: Behaviour.SILENCE}
    async with night(database, phones=phones) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        message = await a_message(floor, call_id)
        relay = Relay(floor.store)
        relay.inside("call.called_back", called_back)
        for answers in (Behaviour.SILENCE, Behaviour.ANSWERS):
            floor.switch.behaviour[CALLER] = answers
            assert await facts_of(floor, message) == []
            async with floor.as_(OKAFOR) as work:
                await callback.begin(work, floor.vault, call_id, OKAFOR, to_phone=OKAFORS_PHONE)
            await floor.wait(45)
            await relay.once()
        assert await facts_of(floor, message) == ["called_back"]


async def a_message(floor: Floor, call_id: CallId) -> UUID:
    message = new_id()
    await floor.write(
        "insert into message (message_id, account_id, call_id, call_type, tier, disposition,"
        " sealed, sealed_sha256, rset, taken_by, taken_at, state, owner_kind, owner_id, due_at)"
        " values (%s, %s, %s, 'urgent', 'T3', 'page', 'x', 'x', 'x', %s, floor_now(), 'taken',"
        " 'person', %s, floor_now())",
        message, RIVERSIDE, call_id, DANA, OKAFOR,
    )  # fmt: skip
    return message


async def facts_of(floor: Floor, message: UUID) -> list[str]:
    rows = await floor.all("select kind from message_fact where message_id = %s", message)
    return [row["kind"] for row in rows]
