"""A switch without a telephone: the real switchboard over lines that only pretend.

Stories run on it. Whoever is rung behaves as told (`Behaviour`), nothing sounds, and time passes
when `wait` is called; everything asked is in `asked`. It keeps the same contract as the real one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nightbell.core.ids import new_id
from nightbell.telephony.leg import Sound
from nightbell.telephony.plan import Timing
from nightbell.telephony.port import (
    BAD_ARGUMENTS,
    Command,
    Event,
    Json,
    Kind,
    Op,
    Position,
    Reply,
)
from nightbell.telephony.rescue import Rescue
from nightbell.telephony.switchboard import Switchboard

PROMPT_S = 3.0  # How long any prompt lasts here.
STEP_S = 0.25
START = datetime(2031, 3, 9, 2, 0, tzinfo=UTC)


class Behaviour(StrEnum):
    """What the person, or the machine, at a number does when we ring it."""

    ACCEPTS = "accepts"  # answers, and presses 1 when asked
    ANSWERS = "answers"  # answers and waits; `press` is up to the story
    VOICEMAIL = "voicemail"  # answers, talks, never presses
    BUSY = "busy"
    SILENCE = "silence"  # rings without an answer
    REFUSES = "refuses"
    HANGS_UP = "hangs_up"  # answers, then hangs up


class MemorySwitch:
    def __init__(
        self,
        behaviour: Mapping[str, Behaviour] | None = None,
        *,
        epoch: int = 1,
        timing: Timing | None = None,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        self.behaviour = dict(behaviour or {})  # By number; others ring without an answer.
        self.asked: list[Command] = []
        self.switch = new_id().hex
        self.now = 0.0
        self.book = _Book(self.switch, epoch, wall or self._wall)
        self.lines = _Lines(self)
        self.board = Switchboard(self.lines, self.book, self.switch, epoch)
        self.rescue = Rescue(self.board, timing or Timing(), now=0.0)
        self._listeners = 0
        self.book.write(Kind.SWITCH_STARTED, {"previous_epoch": epoch - 1, "last_heartbeat_at": ""})

    # The controller's side, as SwitchClient has it.

    async def ask(self, command: Command) -> Reply:
        self.asked.append(command)
        if command.op is Op.BROWSER_OFFER:
            reply = self._browser_offer(command)
        else:
            reply = self.board.ask(command, now=self.now)
        self.lines.settle()
        return reply

    async def ack(self, epoch: int, seq: int) -> None:
        self.book.acknowledge((epoch, seq))

    async def events(self, after: Position) -> AsyncIterator[Event]:
        self._listeners += 1
        try:
            while True:
                for event in self.book.after(after):
                    after = (event.epoch, event.seq)
                    yield event
                await self.book.news()
        finally:
            self._listeners -= 1

    async def close(self) -> None:
        """Nothing is held."""

    # The world's side.

    def ring(self, did: str, cli: str) -> str:
        """A caller rings; the leg's id."""
        leg = new_id().hex
        self.board.offered(
            leg, did=did, cli=cli, diversion="", sip_call_id=new_id().hex, now=self.now
        )
        self.lines.settle()
        return leg

    def press(self, leg: str, digit: str) -> None:
        self.board.digit(leg, digit, now=self.now)
        self.lines.settle()

    def far_hangs_up(self, leg: str) -> None:
        self.board.ended(leg, "far_hangup", None, now=self.now)
        self.lines.settle()

    def browser_silent(self, leg: str) -> None:
        self.board.media_lost(leg, now=self.now)
        self.lines.settle()

    async def wait(self, seconds: float) -> None:
        """Let this much time pass, with everything that happens in it."""
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self.lines.settle()
            self.board.tick(now=self.now)
            self.rescue.tick(connected=self._listeners > 0, now=self.now)
            self.lines.settle()
        await asyncio.sleep(0)

    def _browser_offer(self, command: Command) -> Reply:
        leg = str(command.args.get("leg", ""))
        if not leg:
            return Reply(command.command_id, BAD_ARGUMENTS)
        self.board.browser_up(leg, now=self.now)
        self.board.media_restored(leg, now=self.now)
        return Reply(command.command_id, "", {"sdp": "v=0\r\n"})

    def _wall(self) -> datetime:
        return START + timedelta(seconds=self.now)


class _Lines:
    """Lines that do as the story says. What they report waits until the board has finished."""

    def __init__(self, switch: MemorySwitch) -> None:
        self._switch = switch
        self._soon: deque[Callable[[], None]] = deque()
        self._sounds: dict[str, tuple[Sound, float]] = {}
        self._numbers: dict[str, str] = {}

    def settle(self) -> None:
        for leg, (sound, ends) in list(self._sounds.items()):
            if self._switch.now >= ends and not sound.loop:
                del self._sounds[leg]
                self._switch.board.sound_ended(leg, sound.number, now=self._switch.now)
        while self._soon:
            self._soon.popleft()()

    def answer(self, leg: str) -> None:
        self._later(lambda: self._switch.board.answered(leg, now=self._switch.now))

    def reject(self, leg: str) -> None:
        self._end(leg, "refused", 486)

    def may_dial(self, to: str) -> bool:
        return True

    def dial(self, leg: str, to: str, caller_id: str) -> None:
        board, now = self._switch.board, self._switch.now
        self._numbers[leg] = to
        does = self._switch.behaviour.get(to, Behaviour.SILENCE)
        if does is Behaviour.BUSY:
            return self._end(leg, "busy", 486)
        if does is Behaviour.REFUSES:
            return self._end(leg, "refused", 603)
        self._later(lambda: board.ringing(leg))
        if does is not Behaviour.SILENCE:
            self._later(lambda: board.answered(leg, now=now))
        if does is Behaviour.HANGS_UP:
            self._end(leg, "far_hangup", None)
        return None

    def hangup(self, leg: str) -> None:
        self._end(leg, "hangup", None)

    def sound(self, leg: str, sound: Sound | None) -> None:
        self._sounds.pop(leg, None)
        if sound is None:
            return
        self._sounds[leg] = (sound, self._switch.now + PROMPT_S * len(sound.prompts))
        accepts = self._switch.behaviour.get(self._numbers.get(leg, "")) is Behaviour.ACCEPTS
        if sound.purpose == "gate" and accepts:
            self._later(lambda: self._switch.board.digit(leg, "1", now=self._switch.now))

    def seat(self, leg: str, room: str | None, *, heard: bool) -> None:
        """Nobody listens here; the board's own table has the room."""

    def vitals(self) -> Mapping[str, Json]:
        return {"late_ms_p99": 0.0, "realtime": False}

    def _end(self, leg: str, cause: str, sip_code: int | None) -> None:
        self._later(lambda: self._switch.board.ended(leg, cause, sip_code, now=self._switch.now))

    def _later(self, deed: Callable[[], None]) -> None:
        self._soon.append(deed)


class _Book:
    def __init__(self, switch: str, epoch: int, wall: Callable[[], datetime]) -> None:
        self._switch, self._epoch, self._wall = switch, epoch, wall
        self._events: list[Event] = []
        self._seq = 0
        self._news = asyncio.Event()
        self.plan: Mapping[str, Json] = {}

    def write(self, kind: Kind, facts: Mapping[str, Json]) -> None:
        self._seq += 1
        self._events.append(
            Event(self._switch, self._epoch, self._seq, kind, self._wall(), dict(facts))
        )
        self._news.set()
        self._news = asyncio.Event()

    def after(self, position: Position) -> list[Event]:
        return [event for event in self._events if (event.epoch, event.seq) > position]

    async def news(self) -> None:
        await self._news.wait()

    def acknowledge(self, through: Position) -> None:
        self._events = self.after(through)

    def note_dial(self, command_id: str) -> None:
        """One epoch only: there is no restart to be protected from."""

    def was_dialled_before(self, command_id: str) -> bool:
        return False

    def keep_plan(self, plan: Mapping[str, Json]) -> None:
        self.plan = dict(plan)
