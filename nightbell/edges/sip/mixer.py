"""The mixer: every 20 ms, each leg hears its own sound or everybody else in its room.

One thread of its own. Others change a `Seat`'s plain attributes, which is one step in Python, and
never wait for it. How late its ticks are is measured: it is the first thing to go wrong.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from nightbell.edges.sip.sound import Player, comfort_noise
from nightbell.telephony.line import FRAME_BYTES, Line

log = logging.getLogger(__name__)

TICK_S = 0.020
REMEMBERED = 3000  # A minute of ticks.
GIVE_UP_S = 0.2  # After a stall this long, start afresh rather than rush through what was missed.


class Seat:
    """One leg's place at the mixer."""

    __slots__ = ("heard", "line", "player", "room")

    def __init__(self) -> None:
        self.line: Line | None = None  # None until the leg is answered: a greeting waits for it.
        self.room: str | None = None
        self.heard = True
        self.player: Player | None = None


class Mixer:
    def __init__(self, sound_ended: Callable[[str, int], None]) -> None:
        """`sound_ended(leg, number)` is called on the mixer's thread."""
        self.seats: dict[str, Seat] = {}
        self._sound_ended = sound_ended
        self._noise = comfort_noise()
        self._noise_at = 0
        self._late: deque[float] = deque(maxlen=REMEMBERED)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mixer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def late_ms_p99(self) -> float:
        late = sorted(self._late.copy())
        return round(late[int(len(late) * 0.99)] * 1000, 2) if late else 0.0

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            due += TICK_S
            ahead = due - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            late = time.monotonic() - due
            self._late.append(max(late, 0.0))
            if late > GIVE_UP_S:
                due = time.monotonic()
            try:
                self.tick()
            except Exception:  # One bad frame must not silence every call.
                log.exception("a mixer tick failed")

    def tick(self) -> None:
        seats = [(leg, seat) for leg, seat in self.seats.copy().items() if seat.line is not None]
        said = {leg: _pull(seat) for leg, seat in seats}
        rooms: dict[str, list[str]] = {}
        for leg, seat in seats:
            if seat.room is not None and seat.heard and said[leg] is not None:
                rooms.setdefault(seat.room, []).append(leg)
        noise = self._next_noise()
        for leg, seat in seats:
            frame = self._own_sound(leg, seat)
            if frame is None:
                talkers = rooms.get(seat.room, []) if seat.room is not None else []
                frame = mixed([said[one] for one in talkers if one != leg]) or noise
            if seat.line is not None:
                seat.line.push(frame)

    def _own_sound(self, leg: str, seat: Seat) -> bytes | None:
        player = seat.player
        if player is None:
            return None
        frame = player.frame()
        if frame is None and seat.player is player:
            seat.player = None
            self._sound_ended(leg, player.number)
        return frame

    def _next_noise(self) -> bytes:
        self._noise_at = (self._noise_at + FRAME_BYTES) % len(self._noise)
        return self._noise[self._noise_at : self._noise_at + FRAME_BYTES]


def mixed(frames: list[bytes | None]) -> bytes | None:
    """The sum of what was said, cut at the loudest a sample can be."""
    voices = [frame for frame in frames if frame]
    if len(voices) <= 1:
        return voices[0] if voices else None
    total = np.sum([np.frombuffer(one, np.int16) for one in voices], axis=0, dtype=np.int32)
    return np.clip(total, -32768, 32767).astype(np.int16).tobytes()


def _pull(seat: Seat) -> bytes | None:
    # Pulled even when nobody hears it: what is not taken now would be heard late.
    line = seat.line
    return line.pull() if line is not None else None
