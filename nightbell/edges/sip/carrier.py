"""The outside telephone world, for demonstrations and tests: people and machines at numbers.

It is a telephone engine of its own, at the other end of the trunk. Who is rung behaves as told
(`behave`); callers are `place`d, with a voice, and everything a call hears can be saved as a WAV.
It never leaves loopback.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import baresip

from nightbell.core.errors import Refused
from nightbell.core.ids import new_id
from nightbell.edges.sip.engine import SipCall, SipEngine
from nightbell.edges.sip.mixer import Mixer, Seat
from nightbell.edges.sip.sound import Library, Player, write_wav
from nightbell.telephony.line import FRAME_BYTES, Line
from nightbell.telephony.port import Json

log = logging.getLogger(__name__)

HEARD_FRAMES_MAX = 50 * 600  # Ten minutes.
ENDED_REMEMBERED = 200
VOICEMAIL_S = 45.0
PRESS_S = 3.0


class CarrierRefused(Refused):
    """The carrier knows behave, place, press, say, hang_up, save, state and reset."""


class Behaviour(StrEnum):
    ACCEPTS = "accepts"  # answers, presses 1 after `press_s`, and twice more if still asked
    ANSWERS = "answers"  # answers and waits for `press` from outside
    VOICEMAIL = "voicemail"  # answers, talks, never presses
    BUSY = "busy"
    SILENCE = "silence"  # rings without an answer
    REFUSES = "refuses"  # on the wire the same as busy: the engine can say no other no
    HANGS_UP = "hangs_up"  # answers, then hangs up


@dataclass(frozen=True, slots=True)
class Manner:
    """How a number behaves when it is rung."""

    does: Behaviour = Behaviour.SILENCE
    ring_s: float = 30.0  # Until it answers; for silence, until the network gives up.
    press_s: float = PRESS_S
    digits: str = "1"
    says: str = ""  # A prompt or a WAV, once answered.


@dataclass(slots=True)
class _Call:
    call: SipCall
    way: str
    number: str
    cli: str
    says: str = ""
    state: str = "ringing"
    digits: str = ""
    heard: list[bytes] = field(default_factory=list[bytes])
    acting: "asyncio.Task[None] | None" = None

    def as_json(self) -> dict[str, Json]:
        return {
            "leg": self.call.leg,
            "way": self.way,
            "number": self.number,
            "cli": self.cli,
            "state": self.state,
            "digits": self.digits,
            "heard_s": round(len(self.heard) * 0.02, 2),
        }


class _Recorded:
    """A line that keeps what it hears."""

    def __init__(self, line: Line, heard: list[bytes]) -> None:
        self._line = line
        self._heard = heard

    def pull(self) -> bytes | None:
        frame = self._line.pull()
        if len(self._heard) < HEARD_FRAMES_MAX:
            self._heard.append(frame or b"\0" * FRAME_BYTES)
        return frame

    def push(self, frame: bytes) -> None:
        self._line.push(frame)


class Carrier:
    def __init__(self, library: Library, *, port: int, switch: str) -> None:
        self.engine = SipEngine(self, host="127.0.0.1", port=port)
        self.mixer = Mixer(lambda _leg, _number: None)
        self._library = library
        self._switch = switch
        self._manners: dict[str, Manner] = {}
        self._calls: dict[str, _Call] = {}
        self._ended: list[_Call] = []

    async def start(self) -> None:
        await self.engine.start()
        self.mixer.start()

    async def close(self) -> None:
        self.mixer.stop()
        await self.engine.close()

    async def ask(self, request: Mapping[str, Json]) -> dict[str, Json]:
        """One request of the control socket; raises CarrierRefused when it is none."""
        match request:
            case {"do": "behave", "number": str(number), "manner": dict(manner)}:
                self._manners[number] = read_manner(manner)
            case {"do": "place", "did": str(did), "cli": str(cli)}:
                return {"leg": await self._place(did, cli, str(request.get("says", "")))}
            case {"do": "press", "leg": str(leg), "digits": str(digits)}:
                self._one(leg).call.send_digits(digits)
            case {"do": "say", "leg": str(leg), "says": str(says)}:
                self._say(self._one(leg), says)
            case {"do": "hang_up", "leg": str(leg)}:
                self._one(leg).call.hangup()
            case {"do": "save", "leg": str(leg), "path": str(path)}:
                write_wav(Path(path), b"".join(self._any(leg).heard))
            case {"do": "state"}:
                return self._state()
            case {"do": "reset"}:
                self._manners.clear()
                for one in list(self._calls.values()):
                    one.call.hangup()
            case _:
                raise CarrierRefused
        return {}

    # As the engine's listener.

    def offered(self, call: SipCall) -> None:
        manner = self._manners.get(call.did, Manner())
        one = _Call(call, "rung", call.did, call.cli)
        self._calls[call.leg] = one
        one.acting = asyncio.create_task(self._behave(one, manner))

    def ringing(self, call: SipCall) -> None:
        """The caller hears it ring; nothing is to be done."""

    def answered(self, call: SipCall) -> None:
        one = self._calls.get(call.leg)
        if one is None:
            return
        one.state = "answered"
        seat = self.mixer.seats.setdefault(call.leg, Seat())
        seat.line = _Recorded(call.line, one.heard)
        if one.says:
            self._say(one, one.says)

    def digit(self, call: SipCall, digit: str) -> None:
        if one := self._calls.get(call.leg):
            one.digits += digit

    def ended(self, call: SipCall) -> None:
        self.mixer.seats.pop(call.leg, None)
        if one := self._calls.pop(call.leg, None):
            one.state = "ended"
            if one.acting:
                one.acting.cancel()
            self._ended = [*self._ended[-ENDED_REMEMBERED:], one]

    async def _behave(self, one: _Call, manner: Manner) -> None:
        call = one.call
        if manner.does in (Behaviour.BUSY, Behaviour.REFUSES):
            return call.reject()
        await asyncio.sleep(manner.ring_s)
        if manner.does is Behaviour.SILENCE:
            return call.hangup()
        one.says = manner.says
        if manner.does is Behaviour.VOICEMAIL:
            one.says = manner.says or "say:voicemail"
        call.answer()
        if manner.does is Behaviour.HANGS_UP:
            await asyncio.sleep(1.0)
            call.hangup()
        elif manner.does is Behaviour.VOICEMAIL:
            await asyncio.sleep(VOICEMAIL_S)
            call.hangup()
        elif manner.does is Behaviour.ACCEPTS:
            for _ in range(3):
                await asyncio.sleep(manner.press_s)
                call.send_digits(manner.digits)
        return None

    async def _place(self, did: str, cli: str, says: str) -> str:
        leg = new_id().hex
        try:
            call = await self.engine.dial(leg, did, self._switch, cli, did=did)
        except (baresip.BaresipError, ValueError):
            raise CarrierRefused from None
        self._calls[leg] = _Call(call, "placed", did, cli, says)
        return leg

    def _say(self, one: _Call, says: str) -> None:
        seat = self.mixer.seats.setdefault(one.call.leg, Seat())
        seat.player = Player(0, [self._library.sound(says)], loop=False)

    def _state(self) -> dict[str, Json]:
        return {
            "calls": [one.as_json() for one in self._calls.values()],
            "ended": [one.as_json() for one in self._ended],
            "late_ms_p99": self.mixer.late_ms_p99(),
        }

    def _one(self, leg: str) -> _Call:
        if leg not in self._calls:
            raise CarrierRefused
        return self._calls[leg]

    def _any(self, leg: str) -> _Call:
        for one in (*self._calls.values(), *self._ended):
            if one.call.leg == leg:
                return one
        raise CarrierRefused


def read_manner(given: Mapping[str, Json]) -> Manner:
    try:
        does = Behaviour(str(given.get("does", "")))
    except ValueError:
        raise CarrierRefused from None
    # Whoever answers rings for a second first; silence is thirty seconds of ringing.
    ring_s = 30.0 if does is Behaviour.SILENCE else 1.0
    return Manner(
        does,
        ring_s=_seconds(given.get("ring_s"), ring_s),
        press_s=_seconds(given.get("press_s"), PRESS_S),
        digits=str(given.get("digits", "1")),
        says=str(given.get("says", "")),
    )


def _seconds(given: Json, otherwise: float) -> float:
    return float(given) if isinstance(given, int | float) else otherwise
