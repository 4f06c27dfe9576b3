"""One suite for every switch: the one in memory that stories run on, and the real one.

What is proved here of the double is proved of the engine, so that a story can be believed.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

import pytest

from nightbell.telephony.client import SwitchClient
from nightbell.telephony.memory import Behaviour, MemorySwitch
from nightbell.telephony.port import (
    BEGINNING,
    Command,
    Event,
    Json,
    Kind,
    Op,
    Position,
    Reply,
)
from tests.telephony.world import World, world

RIVERSIDE = "+12125550100"
MOTHER = "+12125550143"
DR_OKAFOR = "+12125550111"
ROOM = "c" * 32
DOCTOR = "d" * 32


class Controlled(Protocol):
    """What a controller has: the client's own interface."""

    async def ask(self, command: Command) -> Reply: ...
    async def ack(self, epoch: int, seq: int) -> None: ...
    def events(self, after: Position) -> AsyncIterator[Event]: ...


class Floor:
    """A switch under test, and the world around it."""

    switch: Controlled

    def __init__(self, switch: Controlled) -> None:
        self.switch = switch
        self.heard: list[Event] = []
        self._asked = 0
        self._listening = asyncio.create_task(self._listen())

    async def ring(self) -> None:
        raise NotImplementedError

    async def behave(self, number: str, does: Behaviour) -> None:
        raise NotImplementedError

    async def far_hangs_up(self) -> None:
        raise NotImplementedError

    async def wait(self, seconds: float) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def ask(self, op: Op, **args: Json) -> Reply:
        self._asked += 1
        return await self.switch.ask(Command(f"{op}-{self._asked}", op, args))

    async def do(self, op: Op, **args: Json) -> Reply:
        reply = await self.ask(op, **args)
        assert reply.code == "", f"{op}: {reply.code}"
        return reply

    async def told(self, kind: Kind, leg: str = "") -> Event:
        for _ in range(80):
            for event in self.heard:
                if event.kind is kind and leg in ("", event.leg):
                    return event
            await self.wait(0.25)
        raise AssertionError(f"{kind} was never told")

    async def caller(self) -> str:
        await self.ring()
        leg = (await self.told(Kind.LEG_OFFERED)).leg
        await self.do(Op.ANSWER, leg=leg)
        await self.told(Kind.LEG_ANSWERED, leg)
        return leg

    async def doctor(self, does: Behaviour = Behaviour.ANSWERS) -> str:
        await self.behave(DR_OKAFOR, does)
        args: dict[str, Json] = {"to": DR_OKAFOR, "caller_id": RIVERSIDE, "timeout_s": 3}
        await self.do(Op.ORIGINATE, leg=DOCTOR, **args)
        return DOCTOR

    async def _listen(self) -> None:
        async for event in self.switch.events(BEGINNING):
            self.heard.append(event)


class InMemory(Floor):
    def __init__(self) -> None:
        self.memory = MemorySwitch()
        self.leg = ""
        super().__init__(self.memory)

    async def ring(self) -> None:
        self.leg = self.memory.ring(RIVERSIDE, MOTHER)

    async def behave(self, number: str, does: Behaviour) -> None:
        self.memory.behaviour[number] = does

    async def far_hangs_up(self) -> None:
        self.memory.far_hangs_up(self.leg)

    async def wait(self, seconds: float) -> None:
        await self.memory.wait(seconds)


class Real(Floor):
    def __init__(self, w: World, client: SwitchClient) -> None:
        self.world = w
        super().__init__(client)

    async def ring(self) -> None:
        await self.world.carrier.place(RIVERSIDE, MOTHER)

    async def behave(self, number: str, does: Behaviour) -> None:
        await self.world.carrier.behave(number, does.value, ring_s=0.1, press_s=0.7)
        if does is Behaviour.SILENCE:
            await self.world.carrier.behave(number, does.value)

    async def far_hangs_up(self) -> None:
        (call,) = await self.world.carrier.calls(MOTHER)
        await self.world.carrier.hang_up(str(call["leg"]))

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def _floor(kind: str) -> AsyncGenerator[Floor]:
    if kind == "memory":
        floor: Floor = InMemory()
        await asyncio.sleep(0)
        yield floor
        await floor.close()
        return
    async with world("carrier", "switch") as w:
        floor = Real(w, w.client)
        yield floor
        await floor.close()


Story = Callable[[Floor], Coroutine[Any, Any, None]]


@pytest.fixture(params=["memory", "real"])
def play(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    def run(story: Story) -> None:
        async def night() -> None:
            async with _floor(request.param) as floor:
                await asyncio.wait_for(story(floor), 60)

        asyncio.run(night())

    return run


Play = Callable[[Story], None]


def test_every_event_is_numbered_once_and_in_order(play: Play):
    async def story(f: Floor) -> None:
        leg = await f.caller()
        await f.do(Op.HANGUP, leg=leg)
        await f.told(Kind.LEG_ENDED, leg)
        seqs = [one.seq for one in f.heard if one.kind is not Kind.HEARTBEAT]
        assert seqs == list(range(1, len(seqs) + 1))
        kinds = [one.kind for one in f.heard if one.leg == leg]
        assert kinds == [Kind.LEG_OFFERED, Kind.LEG_ANSWERED, Kind.LEG_ENDED]

    play(story)


def test_asked_twice_done_once_and_the_same_answer_both_times(play: Play):
    async def story(f: Floor) -> None:
        await f.behave(DR_OKAFOR, Behaviour.ANSWERS)
        order = Command(
            "same", Op.ORIGINATE, {"leg": DOCTOR, "to": DR_OKAFOR, "caller_id": RIVERSIDE}
        )
        assert await f.switch.ask(order) == await f.switch.ask(order)
        await f.told(Kind.LEG_ANSWERED, DOCTOR)
        await f.wait(0.5)
        assert sum(one.kind is Kind.LEG_ANSWERED for one in f.heard) == 1

    play(story)


def test_what_is_acknowledged_is_not_told_again_and_the_rest_is(play: Play):
    async def story(f: Floor) -> None:
        await f.caller()
        answered = await f.told(Kind.LEG_ANSWERED)
        await f.switch.ack(answered.epoch, answered.seq - 1)
        await f.wait(0.5)
        first = await anext(aiter(f.switch.events(BEGINNING)))
        assert first == answered

    play(story)


def test_the_gate_opens_for_a_key_press(play: Play):
    async def story(f: Floor) -> None:
        doctor = await f.doctor(Behaviour.ACCEPTS)
        await f.told(Kind.LEG_ANSWERED, doctor)
        await f.do(Op.GATE, leg=doctor, prompts=["say:urgent_page"], timeout_s=10)
        assert (await f.told(Kind.GATE_PASSED, doctor)).facts["digit"] == "1"

    play(story)


def test_the_gate_stays_shut_for_a_voicemail(play: Play):
    async def story(f: Floor) -> None:
        doctor = await f.doctor(Behaviour.VOICEMAIL)
        await f.told(Kind.LEG_ANSWERED, doctor)
        await f.do(Op.GATE, leg=doctor, prompts=["say:urgent_page"], timeout_s=2)
        assert (await f.told(Kind.GATE_FAILED, doctor)).facts["cause"] == "timeout"
        assert all(one.kind is not Kind.GATE_PASSED for one in f.heard)

    play(story)


@pytest.mark.parametrize(
    ("does", "cause"),
    [
        (Behaviour.BUSY, "busy"),
        (Behaviour.SILENCE, "no_answer"),
        (Behaviour.HANGS_UP, "far_hangup"),
    ],
)
def test_a_call_that_fails_says_why(play: Play, does: Behaviour, cause: str):
    async def story(f: Floor) -> None:
        doctor = await f.doctor(does)
        assert (await f.told(Kind.LEG_ENDED, doctor)).facts["cause"] == cause

    play(story)


def test_joined_held_and_joined_again(play: Play):
    async def story(f: Floor) -> None:
        caller = await f.caller()
        doctor = await f.doctor()
        await f.told(Kind.LEG_ANSWERED, doctor)
        for leg in (caller, doctor):
            await f.do(Op.JOIN, room=ROOM, leg=leg)
        await f.do(Op.HOLD, leg=caller)
        await f.wait(0.5)
        await f.do(Op.UNHOLD, leg=caller)
        snapshot = (await f.do(Op.SNAPSHOT)).result
        assert snapshot["rooms"] == {ROOM: [caller, doctor]}
        assert (await f.told(Kind.ROOM_LEFT, caller)).facts["room"] == ROOM

    play(story)


def test_the_doctor_goes_and_the_caller_stays(play: Play):
    async def story(f: Floor) -> None:
        caller = await f.caller()
        doctor = await f.doctor()
        await f.told(Kind.LEG_ANSWERED, doctor)
        for leg in (caller, doctor):
            await f.do(Op.JOIN, room=ROOM, leg=leg)
        await f.do(Op.HANGUP, leg=doctor)
        await f.told(Kind.LEG_ENDED, doctor)
        await f.wait(0.5)
        assert all(one.leg != caller for one in f.heard if one.kind is Kind.LEG_ENDED)

    play(story)


def test_the_caller_hangs_up(play: Play):
    async def story(f: Floor) -> None:
        caller = await f.caller()
        await f.far_hangs_up()
        assert (await f.told(Kind.LEG_ENDED, caller)).facts["cause"] == "far_hangup"
        assert (await f.ask(Op.PLAY, leg=caller, prompts=["say:x"])).code == "no_such_leg"

    play(story)


def test_no_command_within_three_seconds_and_the_switch_greets_by_its_plan(play: Play):
    async def story(f: Floor) -> None:
        await f.do(
            Op.PLAN,
            version="1",
            dids={RIVERSIDE: {"prompts": ["say:riverside_after_hours"]}},
            emergency=[],
            caller_id=RIVERSIDE,
        )
        await f.ring()
        answered = await f.told(Kind.LEG_ANSWERED)
        assert answered.facts["by"] == "plan"
        assert (await f.told(Kind.PLAN_ACTED)).facts["what"] == "answered"

    play(story)


def test_a_command_that_makes_no_sense_is_told_so(play: Play):
    nonsense: list[tuple[Op, dict[str, Json], str]] = [
        (Op.ANSWER, {"leg": "0" * 32}, "no_such_leg"),
        (Op.JOIN, {"room": ROOM}, "bad_arguments"),
        (Op.ORIGINATE, {"leg": DOCTOR, "to": DR_OKAFOR}, "bad_arguments"),
        (Op.PLAN, {"dids": []}, "bad_arguments"),
        (Op.BROWSER_OFFER, {"sdp": "v=0"}, "bad_arguments"),
    ]

    async def story(f: Floor) -> None:
        for op, args, code in nonsense:
            assert (await f.ask(op, **args)).code == code

    play(story)
