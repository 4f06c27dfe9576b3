"""The switchboard, told as calls that went wrong, or nearly."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.telephony.memory import Behaviour, MemorySwitch
from nightbell.telephony.port import BEGINNING, Command, Event, Json, Kind, Op, Reply

RIVERSIDE = "+12125550100"
MOTHER = "+12125550143"
DR_OKAFOR = "+12125550111"
DR_SHARMA = "+12125550112"
ROOM = "c" * 32
AGENT = "a" * 32
DOCTOR = "d" * 32
PLAN: dict[str, Json] = {
    "version": "7",
    "dids": {RIVERSIDE: {"prompts": ["say:riverside_after_hours"]}},
    "emergency": [DR_OKAFOR, DR_SHARMA],
    "caller_id": RIVERSIDE,
}


class Night:
    """One memory switch, asked and watched."""

    def __init__(self, **behaviour: Behaviour) -> None:
        numbers = {"okafor": DR_OKAFOR, "sharma": DR_SHARMA}
        self.switch = MemorySwitch({numbers[who]: does for who, does in behaviour.items()})
        self.asked = 0

    async def ask(self, op: Op, **args: Json) -> Reply:
        self.asked += 1
        return await self.switch.ask(Command(f"{op}-{self.asked}", op, args))

    async def do(self, op: Op, **args: Json) -> Reply:
        reply = await self.ask(op, **args)
        assert reply.code == "", f"{op}: {reply.code}"
        return reply

    async def call_in_room(self) -> str:
        """A caller joined to an agent."""
        caller = self.switch.ring(RIVERSIDE, MOTHER)
        await self.do(Op.ANSWER, leg=caller)
        await self.do(Op.BROWSER_OFFER, leg=AGENT, sdp="v=0")
        await self.do(Op.JOIN, room=ROOM, leg=caller)
        await self.do(Op.JOIN, room=ROOM, leg=AGENT)
        return caller

    def events(self, leg: str = "") -> list[Event]:
        return [one for one in self.switch.book.after(BEGINNING) if one.leg == leg or not leg]

    def told(self, leg: str) -> list[Kind]:
        return [one.kind for one in self.events(leg)]

    def hears(self, leg: str) -> tuple[str, ...]:
        sound = self.switch.board.legs[leg].sound
        return sound.prompts if sound else ()


def play(night: Coroutine[Any, Any, None]) -> None:
    asyncio.run(night)


def test_the_agent_hangs_up_and_the_mother_stays():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        await n.do(Op.HANGUP, leg=AGENT)
        assert caller in n.switch.board.legs
        assert AGENT not in n.switch.board.legs
        assert n.hears(caller) == ("music:hold_with_voice",)

    play(night())


def test_the_agent_reloads_the_page_and_keeps_the_caller():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        n.switch.browser_silent(AGENT)
        assert n.hears(caller) == ("music:hold_with_voice",)
        await n.do(Op.BROWSER_OFFER, leg=AGENT, sdp="v=0")
        assert n.hears(caller) == ()
        assert n.switch.board.legs[AGENT].room == ROOM
        assert n.told(AGENT).count(Kind.LEG_ANSWERED) == 1

    play(night())


def test_hold_and_back_to_the_same_room():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        await n.do(Op.HOLD, leg=caller)
        assert n.hears(caller) == ("music:hold",)
        await n.switch.wait(4)
        await n.do(Op.UNHOLD, leg=caller)
        assert n.hears(caller) == ()
        assert n.told(caller)[-2:] == [Kind.ROOM_LEFT, Kind.ROOM_JOINED]

    play(night())


def test_time_in_a_room_is_told_in_milliseconds():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        await n.switch.wait(90)
        await n.do(Op.HANGUP, leg=caller)
        left, ended = n.events(caller)[-2:]
        assert left.facts == {"leg": caller, "room": ROOM, "ms": 90_000}
        assert ended.facts == {
            "leg": caller, "cause": "hangup", "sip_code": None, "talk_ms": 90_000,
        }  # fmt: skip

    play(night())


def test_the_command_arrives_twice_and_rings_the_doctor_once():
    async def night() -> None:
        n = Night(okafor=Behaviour.ACCEPTS)
        order = Command(
            "same", Op.ORIGINATE, {"leg": DOCTOR, "to": DR_OKAFOR, "caller_id": RIVERSIDE}
        )
        assert await n.switch.ask(order) == await n.switch.ask(order) == Reply("same")
        assert n.told(DOCTOR).count(Kind.LEG_ANSWERED) == 1

    play(night())


def test_a_person_passes_the_gate():
    async def night() -> None:
        n = Night(okafor=Behaviour.ACCEPTS)
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE, timeout_s=30)
        await n.do(Op.GATE, leg=DOCTOR, prompts=["say:urgent_page"])
        assert n.told(DOCTOR)[-1] == Kind.GATE_PASSED

    play(night())


def test_a_voicemail_never_passes_the_gate_however_long_it_talks():
    async def night() -> None:
        n = Night(okafor=Behaviour.VOICEMAIL)
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE, timeout_s=30)
        await n.do(Op.GATE, leg=DOCTOR, prompts=["say:urgent_page"], timeout_s=25)
        await n.switch.wait(26)
        failed = n.events(DOCTOR)[-1]
        assert (failed.kind, failed.facts["cause"]) == (Kind.GATE_FAILED, "timeout")

    play(night())


def test_the_wrong_key_is_not_an_acceptance():
    async def night() -> None:
        n = Night(okafor=Behaviour.ANSWERS)
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE, timeout_s=30)
        await n.do(Op.GATE, leg=DOCTOR, prompts=["say:urgent_page"], timeout_s=25)
        n.switch.press(DOCTOR, "2")
        await n.switch.wait(26)
        assert n.events(DOCTOR)[-1].facts["cause"] == "wrong_digit"

    play(night())


@pytest.mark.parametrize(
    ("does", "cause"),
    [
        (Behaviour.BUSY, "busy"),
        (Behaviour.REFUSES, "refused"),
        (Behaviour.SILENCE, "no_answer"),
        (Behaviour.HANGS_UP, "far_hangup"),
    ],
)
def test_a_doctor_who_is_not_there_is_told_as_what_it_was(does: Behaviour, cause: str):
    async def night() -> None:
        n = Night(okafor=does)
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE, timeout_s=20)
        await n.switch.wait(21)
        ended = n.events(DOCTOR)[-1]
        assert (ended.kind, ended.facts["cause"]) == (Kind.LEG_ENDED, cause)

    play(night())


def test_a_leg_id_is_used_once():
    async def night() -> None:
        n = Night(okafor=Behaviour.BUSY)
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE)
        again = await n.ask(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE)
        assert again.code == "leg_taken"

    play(night())


def test_nobody_told_the_switch_anything_and_the_caller_is_greeted_in_the_practices_name():
    async def night() -> None:
        n = Night()
        await n.do(Op.PLAN, **PLAN)
        caller = n.switch.ring(RIVERSIDE, MOTHER)
        await n.switch.wait(2.5)
        assert Kind.LEG_ANSWERED not in n.told(caller)
        await n.switch.wait(1)
        assert n.hears(caller) == ("say:riverside_after_hours", "music:hold_with_voice")
        answered = next(one for one in n.events(caller) if one.kind is Kind.LEG_ANSWERED)
        assert answered.facts["by"] == "plan"

    play(night())


def test_a_number_nobody_knows_is_answered_without_any_plan():
    async def night() -> None:
        n = Night()
        caller = n.switch.ring("+12125550199", MOTHER)
        await n.switch.wait(4)
        assert n.hears(caller)[0] == "say:unknown_number"

    play(night())


def test_everything_of_ours_is_down_and_the_second_emergency_number_takes_the_caller():
    async def night() -> None:
        n = Night(okafor=Behaviour.VOICEMAIL, sharma=Behaviour.ACCEPTS)
        await n.do(Op.PLAN, **PLAN)
        caller = n.switch.ring(RIVERSIDE, MOTHER)
        await n.switch.wait(62)
        assert [one.facts["what"] for one in n.events() if one.kind is Kind.PLAN_ACTED] == [
            "answered"
        ]
        await n.switch.wait(60)
        acts = [one.facts["what"] for one in n.events() if one.kind is Kind.PLAN_ACTED]
        assert acts == ["answered", "dialled_emergency", "dialled_emergency", "joined"]
        sharma = next(one for one in n.switch.board.legs.values() if one.did == DR_SHARMA)
        assert sharma.room == n.switch.board.legs[caller].room is not None

    play(night())


def test_the_controller_comes_back_and_the_rescue_stands_down():
    async def night() -> None:
        n = Night(okafor=Behaviour.ANSWERS)
        await n.do(Op.PLAN, **PLAN)
        caller = n.switch.ring(RIVERSIDE, MOTHER)
        await n.switch.wait(65)
        rescue = next(one for one in n.switch.board.legs.values() if one.did == DR_OKAFOR)
        listening = n.switch.events(BEGINNING)
        await anext(listening)
        await n.do(Op.PLAY, leg=caller, prompts=["music:hold"], loop=True)
        await n.switch.wait(1)
        assert rescue.id not in n.switch.board.legs
        assert caller in n.switch.board.legs
        await n.switch.wait(300)
        assert len(n.switch.board.legs) == 1

    play(night())


def test_a_caller_who_waits_in_the_queue_is_not_rescued_while_a_controller_is_there():
    async def night() -> None:
        n = Night(okafor=Behaviour.ACCEPTS)
        await n.do(Op.PLAN, **PLAN)
        listening = n.switch.events(BEGINNING)
        await anext(listening)
        caller = n.switch.ring(RIVERSIDE, MOTHER)
        await n.do(Op.ANSWER, leg=caller, prompts=["music:hold"], loop=True)
        await n.switch.wait(600)
        assert Kind.PLAN_ACTED not in [one.kind for one in n.events()]

    play(night())


def test_the_controller_dies_with_a_caller_on_hold_and_the_caller_still_reaches_a_person():
    async def night() -> None:
        n = Night(okafor=Behaviour.ACCEPTS)
        await n.do(Op.PLAN, **PLAN)
        caller = await n.call_in_room()
        await n.do(Op.HOLD, leg=caller)
        await n.switch.wait(70)
        joined = [one.leg for one in n.events() if one.facts.get("what") == "joined"]
        assert joined == [caller]

    play(night())


def test_draining_turns_new_callers_to_the_next_switch_and_keeps_the_present_ones():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        await n.do(Op.DRAIN)
        late = n.switch.ring(RIVERSIDE, MOTHER)
        assert n.told(late)[-1] == Kind.LEG_ENDED
        assert caller in n.switch.board.legs

    play(night())


def test_a_line_that_never_says_it_has_ended_does_not_haunt_the_wallboard():
    async def night() -> None:
        n = Night()
        caller = await n.call_in_room()
        n.switch.lines.hangup = lambda leg: None
        await n.do(Op.HANGUP, leg=caller)
        await n.switch.wait(9)
        assert caller in n.switch.board.legs
        await n.switch.wait(2)
        assert n.told(caller)[-1] == Kind.LEG_ENDED

    play(night())


controls = st.sampled_from(
    [Op.ANSWER, Op.PLAY, Op.STOP_PLAY, Op.JOIN, Op.LEAVE, Op.HOLD, Op.UNHOLD, Op.MUTE, Op.GATE]
)
others = st.sampled_from([AGENT, DOCTOR])


@given(st.lists(st.one_of(st.tuples(controls, st.just("")), st.tuples(st.just(Op.HANGUP), others))))
def test_nothing_done_to_others_ever_ends_the_caller(deeds: list[tuple[Op, str]]):
    """Only a command that names the caller's own leg hangs it up."""

    async def night() -> None:
        n = Night(okafor=Behaviour.ANSWERS)
        caller = await n.call_in_room()
        await n.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE)
        for op, whom in deeds:
            await n.ask(op, leg=whom or caller, room=ROOM, prompts=["say:x"], on=True)
            await n.switch.wait(1)
        assert caller in n.switch.board.legs
        leg = n.switch.board.legs[caller]
        company = n.switch.board.company_of(leg)
        assert leg.room is None or company or leg.sound, "a lone caller in a room hears something"

    play(night())
