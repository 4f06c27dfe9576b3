"""Nights on which something of ours failed, and no caller was lost by it."""

from uuid import UUID

import pytest

from nightbell.calls import commands as calls
from nightbell.calls import control
from nightbell.calls.queries import failsafe_plan
from nightbell.core.ids import CallId
from nightbell.store.work import SERVICE
from nightbell.telephony.memory import Behaviour, MemorySwitch
from nightbell.telephony.port import Command, Op
from tests.ground import Database
from tests.stories.floor import (
    CALLER,
    DANA,
    ELM_DID,
    PRIYA,
    RIVERSIDE,
    RIVERSIDE_DID,
    TWO_AM,
    Floor,
    night,
)

pytestmark = pytest.mark.anyio
EMERGENCY = "+12125550190"


async def test_a_practices_own_rows_are_broken_and_its_caller_is_answered_all_the_same(
    database: Database,
):
    """Riverside's time zone is of another planet: its calls reach a person, Elm's go on as ever."""
    async with night(database) as floor:
        await floor.write(
            "update account set time_zone = 'Mars/Olympus' where account_id = %s", RIVERSIDE
        )
        await floor.sit_down(DANA)
        await floor.sit_down(PRIYA)
        broken = await floor.ring(RIVERSIDE_DID)
        whole = await floor.ring(ELM_DID, "+12125550144")
        assert [(await floor.call(one)).coverage for one in (broken, whole)] == [
            "unknown_number", "after_hours",
        ]  # fmt: skip
        taken = {(await floor.accept(who)).call_id for who in (DANA, PRIYA)}
        assert taken == {broken, whole}
        await give_plan(floor)
        failed = await floor.all("select topic from outbox where failed is not null")
        assert [row["topic"] for row in failed] == ["switch.event"]


async def test_nobody_of_ours_was_alive_and_the_emergency_number_took_the_caller(
    database: Database,
):
    """The switch alone greeted, waited, and rang the emergency number; the record has it all."""
    async with night(database, phones={EMERGENCY: Behaviour.ACCEPTS}) as floor:
        await give_plan(floor)
        leg = floor.switch.ring(RIVERSIDE_DID, CALLER)
        await floor.switch.wait(75)
        floor.database.clock.set(TWO_AM.replace(minute=16))
        await floor.restart_controller()
        await floor.settle()
        call_id = await call_of(floor, leg)
        call = await floor.call(call_id)
        assert (call.state, call.agent_id) == ("patched", None)
        assert call.answered_at is not None
        assert (await floor.story(call_id)).count("SwitchActedAlone") >= 2
        floor.switch.far_hangs_up(leg)
        await floor.settle()
        over = await floor.call(call_id)
        assert (over.state, over.owner_kind, over.abandoned_at) == ("ended", "desk", None)
        assert floor.switch.board.legs == {}


async def test_the_emergency_contact_hangs_up_first_and_the_caller_waits_for_an_agent(
    database: Database,
):
    async with night(database, phones={EMERGENCY: Behaviour.ACCEPTS}) as floor:
        await give_plan(floor)
        leg = floor.switch.ring(RIVERSIDE_DID, CALLER)
        await floor.switch.wait(75)
        await floor.restart_controller()
        await floor.settle()
        (other,) = [one for one in floor.switch.board.legs if one != leg]
        floor.switch.far_hangs_up(other)
        await floor.settle()
        call_id = await call_of(floor, leg)
        assert (await floor.call(call_id)).state == "waiting"
        audio = await floor.sit_down(DANA)
        await floor.accept(DANA)
        assert floor.together(call_id) == {leg, audio.hex}


async def test_the_switch_does_not_know_the_agent_and_the_caller_goes_to_another(
    database: Database,
):
    """Our rows say that her audio is up; the switch says there is no such leg."""
    async with night(database) as floor:
        audio = await floor.sit_down(DANA)
        call_id = await floor.ring()
        del floor.switch.board.legs[audio.hex]
        await floor.accept(DANA)
        back = await floor.call(call_id)
        assert (back.state, back.agent_id) == ("waiting", None)
        await floor.sit_down(PRIYA)
        assert (await floor.accept(PRIYA)).call_id == call_id


async def test_a_ring_back_that_the_switch_refuses_is_still_owed(database: Database):
    async with night(database) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        await floor.sit_down(DANA)
        floor.switch.board.draining = True
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, call_id, DANA)
        await floor.settle()
        call = await floor.call(call_id)
        assert (call.state, call.owner_id, call.owed) == ("ended", DANA, True)
        assert "OrderRefused" in await floor.story(call_id)


async def test_the_worker_died_after_the_switch_did_as_asked_and_before_it_was_noted(
    database: Database,
):
    """Asked again with the same number, the switch does nothing twice: nobody is rung twice."""
    phones = {CALLER: Behaviour.ANSWERS}
    async with night(database, phones=phones) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        await floor.sit_down(DANA)
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, call_id, DANA)
        await floor.settle()
        await floor.write("update switch_command set done_at = null, code = null")
        await floor.restart_controller()
        await floor.settle()
        assert (await floor.call(call_id)).state == "talking"
        assert (await floor.story(call_id)).count("CallRungBack") == 1
        dialled = {one.command_id for one in floor.switch.asked if one.op == "originate"}
        assert len(dialled) == 1


async def test_the_switch_lost_its_folder_and_came_back_under_another_name(database: Database):
    async with night(database) as floor:
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        await floor.accept(DANA)
        floor.switch = MemorySwitch(wall=floor.database.clock.now)
        await floor.restart_controller()
        await floor.settle()
        cut = await floor.call(call_id)
        assert (cut.state, cut.owner_kind) == ("lost", "desk")
        await floor.sit_down(DANA)
        again = await floor.ring(cli="+12125550144")
        assert (await floor.accept(DANA)).call_id == again


async def test_a_strangers_telephone_dials_bytes_and_the_callers_behind_are_answered(
    database: Database,
):
    """What a database cannot keep (a zero byte, half a character) comes in a SIP header."""
    async with night(database) as floor:
        await floor.sit_down(DANA)
        odd = await floor.ring("\udcff\x00" + "9" * 5000, "\x00\udcff")
        assert (await floor.accept(DANA)).call_id == odd
        await floor.sit_down(PRIYA)
        next_one = await floor.ring()
        assert (await floor.accept(PRIYA)).call_id == next_one


async def test_one_number_that_the_keys_do_not_open_and_the_next_caller_is_answered(
    database: Database,
):
    """An order that can never be carried out must not stand in front of all the others."""
    async with night(database) as floor:
        gone = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(gone)).leg_id.hex)
        await floor.settle()
        await floor.sit_down(DANA)
        await floor.write("update call set caller_at_rest = %s where call_id = %s", b"x" * 40, gone)
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, gone, DANA)
        await floor.settle()
        owed = await floor.call(gone)
        assert (owed.state, owed.owner_id, owed.owed) == ("ended", DANA, True)
        waiting = await floor.ring(cli="+12125550144")
        assert (await floor.accept(DANA)).call_id == waiting


async def test_killed_as_the_switch_refused_a_ring_back_and_it_is_still_owed(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Done and told are one: a caller whose ring-back died must not ring in our rows for ever."""
    async with night(database) as floor:
        call_id = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(call_id)).leg_id.hex)
        await floor.settle()
        await floor.sit_down(DANA)
        floor.switch.board.draining = True
        async with floor.as_(DANA) as work:
            await calls.ring_back(work, floor.vault, call_id, DANA)
        with monkeypatch.context() as killing:
            killing.setattr(control, "refused", killed)
            with pytest.raises(Killed):
                await floor.controller.carry_out_once()
        await floor.restart_controller()
        await floor.settle()
        assert (await floor.call(call_id)).state == "ended"


class Killed(BaseException):
    """The process ends here."""


async def killed(*_: object) -> None:
    raise Killed


async def give_plan(floor: Floor) -> None:
    async with floor.store.work(SERVICE) as work:
        plan = await failsafe_plan(work)
    assert plan["emergency"] == [EMERGENCY]
    assert (await floor.switch.ask(Command("plan", Op.PLAN, plan))).code == ""


async def call_of(floor: Floor, leg: str) -> CallId:
    return (await floor.one("select call_id from call where leg_id = %s", UUID(leg)))["call_id"]
