"""Real SIP and RTP on loopback: what callers, doctors and machines at the far end heard and did."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from nightbell.edges.sip.engine import SipPortTaken, number_in, refuse_taken_port
from nightbell.edges.sip.exchange import cause_of
from nightbell.run.settings import Settings
from nightbell.run.switch import TrunkRefused, refuse_strange_trunk
from nightbell.telephony.port import Command, Json, Kind, Op
from tests.telephony.world import (
    DR_OKAFOR,
    DR_SHARMA,
    FATHER,
    MOTHER,
    RIVERSIDE,
    BareTimer,
    World,
    strength,
    tone,
    until,
    world,
)

LOW, HIGH = 617.0, 1013.0
ROOM = "c" * 32
DOCTOR = "d" * 32
Story = Callable[[World], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    async def night() -> None:
        async with world("carrier", "switch") as w:
            await asyncio.wait_for(story(w), 90)

    asyncio.run(night())


def test_two_callers_in_a_room_hear_each_other_and_not_themselves(tmp_path: Path):
    async def story(w: World) -> None:
        low = tone(tmp_path / "low.wav", LOW, seconds=60)
        high = tone(tmp_path / "high.wav", HIGH, seconds=60)
        mother = await w.caller(MOTHER, says=low)
        father = await w.caller(FATHER, says=high)
        await w.do(Op.JOIN, room=ROOM, leg=mother)
        await w.do(Op.JOIN, room=ROOM, leg=father)
        for cli, other, own in ((MOTHER, HIGH, LOW), (FATHER, LOW, HIGH)):
            await w.hears(cli, other, at_least=5000)
            assert await w.heard_by(cli, own) < 200

    play(story)


def test_the_call_says_who_was_dialled_and_who_calls():
    async def story(w: World) -> None:
        await w.carrier.place(RIVERSIDE, MOTHER)
        offered = await w.told(Kind.LEG_OFFERED)
        assert offered.facts["did"] == RIVERSIDE
        assert offered.facts["cli"] == MOTHER

    play(story)


def test_the_doctor_presses_1_and_a_voicemail_does_not():
    async def story(w: World) -> None:
        await w.carrier.behave(DR_OKAFOR, "accepts", ring_s=0.2, press_s=0.7)
        await w.carrier.behave(DR_SHARMA, "voicemail", ring_s=0.2)
        for leg, number in ((DOCTOR, DR_OKAFOR), ("e" * 32, DR_SHARMA)):
            await w.do(Op.ORIGINATE, leg=leg, to=number, caller_id=RIVERSIDE, timeout_s=20)
            await w.told(Kind.LEG_ANSWERED, leg)
            await w.do(Op.GATE, leg=leg, prompts=["say:urgent_page"], timeout_s=4)
        assert (await w.told(Kind.GATE_PASSED)).leg == DOCTOR
        failed = await w.told(Kind.GATE_FAILED)
        assert (failed.leg, failed.facts["cause"]) == ("e" * 32, "timeout")
        (call,) = await w.carrier.calls(DR_OKAFOR)
        assert call["cli"] == RIVERSIDE, "the doctor sees the practice's number"

    play(story)


def test_busy_and_silence_are_told_apart():
    async def story(w: World) -> None:
        await w.carrier.behave(DR_OKAFOR, "busy")
        for leg, number in ((DOCTOR, DR_OKAFOR), ("e" * 32, DR_SHARMA)):
            await w.do(Op.ORIGINATE, leg=leg, to=number, caller_id=RIVERSIDE, timeout_s=1)
        assert (await w.told(Kind.LEG_ENDED, DOCTOR)).facts["cause"] == "busy"
        assert (await w.told(Kind.LEG_ENDED, "e" * 32)).facts["cause"] == "no_answer"

    play(story)


def test_the_doctor_hangs_up_and_the_caller_hears_music_not_a_dead_line():
    async def story(w: World) -> None:
        await w.carrier.behave(DR_OKAFOR, "answers", ring_s=0.1)
        caller = await w.caller()
        await w.do(Op.ORIGINATE, leg=DOCTOR, to=DR_OKAFOR, caller_id=RIVERSIDE)
        await w.told(Kind.LEG_ANSWERED, DOCTOR)
        for leg in (caller, DOCTOR):
            await w.do(Op.JOIN, room=ROOM, leg=leg)
        (there,) = await w.carrier.calls(DR_OKAFOR)
        await w.carrier.hang_up(str(there["leg"]))
        assert (await w.told(Kind.LEG_ENDED, DOCTOR)).facts["cause"] == "far_hangup"
        await w.hears(MOTHER, 110.0, at_least=50)  # The lowest voice of the hold music.

    play(story)


def test_a_caller_hangs_up_first():
    async def story(w: World) -> None:
        caller = await w.caller()
        (call,) = await w.carrier.calls(MOTHER)
        await w.carrier.hang_up(str(call["leg"]))
        assert (await w.told(Kind.LEG_ENDED, caller)).facts["cause"] == "far_hangup"

    play(story)


def test_the_switch_is_killed_and_what_happened_is_told_again():
    async def story(w: World) -> None:
        dial: dict[str, Json] = {"leg": DOCTOR, "to": DR_OKAFOR, "caller_id": RIVERSIDE}
        await w.carrier.behave(DR_OKAFOR, "answers", ring_s=0.1)
        await w.client.ask(Command("once", Op.ORIGINATE, dial))
        caller = await w.caller()
        await w.client.ack(1, 1)
        await asyncio.sleep(0.5)
        before = [one for one in w.heard if one.seq]
        w.kill("switch")
        await w.deafen()
        w.heard.clear()
        await w.start("switch")
        w.listen()
        started = await w.told(Kind.SWITCH_STARTED, previous_epoch=1)
        assert started.epoch == 2
        assert started.facts["last_heartbeat_at"]
        replayed = [one for one in w.heard if one.epoch == 1]
        assert replayed == before[1:], "all but what was acknowledged, the same to the letter"
        assert caller in {one.leg for one in replayed}
        again = await w.client.ask(Command("once", Op.ORIGINATE, dial))
        assert again.code == "epoch_lost", "the order from before must not ring the doctor twice"

    play(story)


def test_the_answer_is_heard_from_its_first_moment(tmp_path: Path):
    """A greeting must not lose its first words while the sound is still being connected."""

    async def story(w: World) -> None:
        await w.carrier.place(RIVERSIDE, MOTHER)
        offered = await w.told(Kind.LEG_OFFERED)
        blip = tone(tmp_path / "blip.wav", HIGH, seconds=0.4)
        await w.do(Op.ANSWER, leg=offered.leg, prompts=[blip])
        await w.told(Kind.PLAY_FINISHED, offered.leg)
        await asyncio.sleep(0.5)
        (call,) = await w.carrier.calls(MOTHER)
        heard = tmp_path / "heard.wav"
        await w.carrier.save(str(call["leg"]), heard)
        # 0.4 s of tone within the last 1.5 s, all of it there.
        assert strength(heard, HIGH, last_s=0.8) > 1500

    play(story)


def test_nobody_controls_the_switch_and_the_caller_is_greeted_all_the_same():
    async def story(w: World) -> None:
        await w.carrier.place("+12125550199", MOTHER)
        answered = await w.told(Kind.LEG_ANSWERED)
        assert answered.facts["by"] == "plan"
        snapshot = await w.do(Op.SNAPSHOT)
        legs = snapshot.result["legs"]
        assert isinstance(legs, list)
        assert isinstance(legs[0], dict)
        assert legs[0]["playing"] == ["say:unknown_number", "music:hold_with_voice"]

    play(story)


def test_everything_else_is_dead_and_the_caller_still_reaches_a_person(tmp_path: Path):
    """No controller at all; the plan is from before. The first number is a voicemail."""

    async def night() -> None:
        async with world("carrier", "hasty switch") as w:
            await w.do(
                Op.PLAN,
                version="1",
                dids={},
                emergency=[DR_OKAFOR, DR_SHARMA],
                caller_id=RIVERSIDE,
            )
            await w.client.close()
            w.kill("switch")
            await w.start("hasty switch")
            high = tone(tmp_path / "high.wav", HIGH, seconds=90)
            await w.carrier.behave(DR_OKAFOR, "voicemail", ring_s=0.2)
            await w.carrier.behave(DR_SHARMA, "accepts", ring_s=0.2, press_s=1, says=high)
            await w.carrier.place(RIVERSIDE, MOTHER)
            await w.hears(MOTHER, HIGH)
            w.listen()
            for what in ("answered", "dialled_emergency", "joined"):
                await w.told(Kind.PLAN_ACTED, what=what)
            snapshot = (await w.do(Op.SNAPSHOT)).result
            assert len(snapshot["rooms"]) == 1  # pyright: ignore[reportArgumentType]

    asyncio.run(night())


def test_a_killed_switch_is_soon_answering_again():
    async def story(w: World) -> None:
        w.kill("switch")
        await w.deafen()
        began = time.monotonic()
        await w.start("switch")
        w.listen()
        await w.caller()
        # About a second where real-time priority is granted; the rest is room for a busy machine.
        assert time.monotonic() - began < 10

    play(story)


def test_the_mixer_keeps_time_with_ten_callers():
    async def story(w: World) -> None:
        for number in range(10):
            await w.carrier.place(RIVERSIDE, f"+121255501{number:02}")
        await until(lambda: sum(e.kind is Kind.LEG_OFFERED for e in w.heard) == 10, "ten rang")
        offered = [one.leg for one in w.heard if one.kind is Kind.LEG_OFFERED]
        for leg in offered:
            await w.do(Op.ANSWER, leg=leg)
            await w.told(Kind.LEG_ANSWERED, leg)
            await w.do(Op.JOIN, room=ROOM, leg=leg)
        timer = BareTimer()
        await asyncio.sleep(6)
        late = (await w.do(Op.HEALTH)).result["late_ms_p99"]
        assert isinstance(late, int | float)
        # A machine that itself stands still for a tenth of a second, as rented ones do, is no
        # fault of the mixer's: a bare timer beside it tells.
        assert late < max(20, 2 * timer.stop())

    play(story)


def test_the_switch_dials_numbers_and_never_addresses():
    async def story(w: World) -> None:
        for to in ("sip:evil@192.0.2.9", "12125550111@192.0.2.9", "x", "", "+1;x=y"):
            reply = await w.ask(Op.ORIGINATE, leg=DOCTOR, to=to, caller_id=RIVERSIDE)
            assert reply.code in ("not_allowed", "bad_arguments")

    play(story)


def test_a_trunk_that_nobody_named_is_refused(monkeypatch: pytest.MonkeyPatch):
    strange = Settings().having(sip_trunk="192.0.2.9:5060")
    monkeypatch.delenv("NIGHTBELL_SIP_TRUNK", raising=False)
    with pytest.raises(TrunkRefused):
        refuse_strange_trunk(strange)
    monkeypatch.setenv("NIGHTBELL_SIP_TRUNK", "192.0.2.9:5060")
    refuse_strange_trunk(strange)


def test_a_taken_sip_port_is_a_sentence_and_not_a_deaf_switch():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(SipPortTaken):
            refuse_taken_port("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("reason", "answered", "cause"),
    [
        ("486 Busy Here", False, ("busy", 486)),
        ("600 Busy Everywhere", False, ("busy", 600)),
        ("480 Temporarily Unavailable", False, ("no_answer", 480)),
        ("408 Request Timeout", False, ("no_answer", 408)),
        ("603 Decline", False, ("refused", 603)),
        ("404 Not Found", False, ("refused", 404)),
        ("503 Service Unavailable", False, ("failed", 503)),
        ("Connection refused", False, ("failed", None)),
        ("", True, ("far_hangup", None)),
        ("rtp stream error", True, ("far_hangup", None)),
    ],
)
def test_what_the_network_said_in_our_words(
    reason: str, answered: bool, cause: tuple[str, int | None]
):
    assert cause_of(reason, answered=answered) == cause


@pytest.mark.parametrize(
    ("header", "number"),
    [
        ("<sip:+12125550143@carrier.example;user=phone>", "+12125550143"),
        ('"A Name" <sip:12125550143@carrier.example>;tag=1', "+12125550143"),
        ("tel:+1-212-555-0143", "+12125550143"),
        ("2125550143", "+12125550143"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
        ("", ""),
    ],
)
def test_a_number_is_found_in_every_kind_of_header(header: str, number: str):
    assert number_in(header) == number
