"""A line: where one leg's sound goes in and out, a frame of 20 ms at a time.

A frame is 160 samples of 8 kHz, 16-bit: 320 bytes. The mixer's thread is a line's only user.
"""

from typing import Protocol

FRAME_BYTES = 320
BACKLOG_FRAMES_MAX = 5  # More would be heard as delay: the oldest sound goes.
BACKLOG_FRAMES = 2  # Gathered before sound flows again, so that a late packet is not a gap.


class Line(Protocol):
    def pull(self) -> bytes | None:
        """The next frame the far end said, if there is one."""
        ...

    def push(self, frame: bytes) -> None:
        """The next frame the far end hears."""
        ...


class Backlog:
    """What has been heard and not yet taken: bytes in as they come, whole frames out."""

    def __init__(self) -> None:
        self._bytes = b""
        self._flowing = False

    def __len__(self) -> int:
        return len(self._bytes) // FRAME_BYTES

    def take(self, arrived: bytes = b"") -> bytes | None:
        waiting = self._bytes + arrived
        if len(waiting) > BACKLOG_FRAMES_MAX * FRAME_BYTES:
            waiting = waiting[-BACKLOG_FRAMES * FRAME_BYTES :]
        wanted = FRAME_BYTES if self._flowing else BACKLOG_FRAMES * FRAME_BYTES
        self._flowing = len(waiting) >= wanted
        if not self._flowing:
            self._bytes = waiting
            return None
        self._bytes = waiting[FRAME_BYTES:]
        return waiting[:FRAME_BYTES]
