"""The lines of a real switch: SIP calls, agents' browsers and the mixer, under one switchboard."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from typing import Protocol

import baresip

from nightbell.edges.sip.engine import SipCall, SipEngine
from nightbell.edges.sip.mixer import Mixer, Seat
from nightbell.edges.sip.sound import Library, Player
from nightbell.telephony.leg import Sound
from nightbell.telephony.line import Line
from nightbell.telephony.port import Json
from nightbell.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

DIALLABLE = re.compile(r"\+?[0-9]{3,15}")
BUSY, NO_ANSWER = {486, 600}, {408, 480, 487}


class Browsers(Protocol):
    """The agents' browsers, which this switch carries beside its telephone legs."""

    async def offer(self, leg: str, sdp: str) -> str: ...
    def hangup(self, leg: str) -> None: ...
    async def close(self) -> None: ...


class Exchange:
    def __init__(
        self, library: Library, *, host: str, port: int, trunk: str, realtime: bool
    ) -> None:
        self.mixer = Mixer(self._sound_ended)
        self.engine = SipEngine(self, host=host, port=port)
        self.realtime = realtime
        self.board: Switchboard
        self.browsers: Browsers
        self._library = library
        self._trunk = trunk
        self._calls: dict[str, SipCall] = {}
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()

    async def start(self) -> None:
        """Hear calls ring; the mixer starts when they can be answered."""
        await self.engine.start()

    async def close(self) -> None:
        self.mixer.stop()
        await self.engine.close()

    # As the switchboard's lines.

    def answer(self, leg: str) -> None:
        if call := self._calls.get(leg):
            call.answer()

    def reject(self, leg: str) -> None:
        if call := self._calls.get(leg):
            call.reject()

    def may_dial(self, to: str) -> bool:
        """Numbers only, and only through the one trunk: nobody dials an address of their own."""
        return DIALLABLE.fullmatch(to) is not None

    def dial(self, leg: str, to: str, caller_id: str) -> None:
        self._dialling[leg] = self._loop.create_task(self._dial(leg, to, caller_id))

    def hangup(self, leg: str) -> None:
        if call := self._calls.get(leg):
            call.hangup()
        elif dialling := self._dialling.get(leg):
            dialling.cancel()
            self._loop.call_soon(self._end, leg, "hangup", None)
        else:
            self.browsers.hangup(leg)

    def sound(self, leg: str, sound: Sound | None) -> None:
        if sound is None:
            self._seat(leg).player = None
            return
        parts = [self._library.sound(name) for name in sound.prompts]
        self._seat(leg).player = Player(sound.number, parts, loop=sound.loop)

    def seat(self, leg: str, room: str | None, *, heard: bool) -> None:
        if leg in self.board.legs:  # The last word about a leg comes when it is already gone.
            seat = self._seat(leg)
            seat.room, seat.heard = room, heard

    def vitals(self) -> Mapping[str, Json]:
        return {
            "ok": self.mixer.running and not self.engine.died.is_set(),
            "late_ms_p99": self.mixer.late_ms_p99(),
            "realtime": self.realtime,
        }

    # As the engine's listener.

    def offered(self, call: SipCall) -> None:
        self._calls[call.leg] = call
        self.board.offered(
            call.leg,
            did=call.did,
            cli=call.cli,
            diversion=call.diversion,
            sip_call_id=call.sip_call_id,
            now=time.monotonic(),
        )

    def ringing(self, call: SipCall) -> None:
        self.board.ringing(call.leg)

    def answered(self, call: SipCall) -> None:
        self._seat(call.leg).line = call.line
        self.board.answered(call.leg, now=time.monotonic())

    def digit(self, call: SipCall, digit: str) -> None:
        self.board.digit(call.leg, digit, now=time.monotonic())

    def ended(self, call: SipCall) -> None:
        leg = self.board.legs.get(call.leg)
        cause, code = cause_of(call.close_reason, answered=leg is not None and leg.is_up)
        self._end(call.leg, cause, code)

    # As the browsers' listener.

    def browser_up(self, leg: str, line: Line) -> None:
        self._seat(leg).line = line
        self.board.browser_up(leg, now=time.monotonic())

    def browser_lost(self, leg: str) -> None:
        self.board.media_lost(leg, now=time.monotonic())

    def browser_restored(self, leg: str) -> None:
        self.board.media_restored(leg, now=time.monotonic())

    def browser_gone(self, leg: str) -> None:
        self._end(leg, "failed", None)

    async def _dial(self, leg: str, to: str, caller_id: str) -> None:
        try:
            self._calls[leg] = await self.engine.dial(leg, to, self._trunk, caller_id)
        except (baresip.BaresipError, ValueError) as error:
            log.warning("a call could not be dialled: %s", type(error).__name__)
            self._end(leg, "failed", None)
        finally:
            self._dialling.pop(leg, None)

    def _end(self, leg: str, cause: str, code: int | None) -> None:
        self._calls.pop(leg, None)
        self.board.ended(leg, cause, code, now=time.monotonic())
        self.mixer.seats.pop(leg, None)

    def _seat(self, leg: str) -> Seat:
        return self.mixer.seats.setdefault(leg, Seat())

    def _sound_ended(self, leg: str, number: int) -> None:
        self._loop.call_soon_threadsafe(self._tell_sound_ended, leg, number)

    def _tell_sound_ended(self, leg: str, number: int) -> None:
        self.board.sound_ended(leg, number, now=time.monotonic())


def cause_of(close_reason: str, *, answered: bool) -> tuple[str, int | None]:
    """The port's cause, and the SIP status if the far end gave one."""
    head = close_reason[:3]
    code = int(head) if head.isdigit() and close_reason[3:4] in ("", " ") else None
    if code in BUSY:
        return "busy", code
    if code in NO_ANSWER:
        return "no_answer", code
    if code is not None:
        return "refused" if code < 500 or code == 603 else "failed", code
    return "far_hangup" if answered or not close_reason else "failed", None
