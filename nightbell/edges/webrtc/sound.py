"""A browser's sound as a line: aiortc's frames on one side, the mixer's 20 ms on the other."""

import asyncio
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack

from nightbell.telephony.line import BACKLOG_FRAMES_MAX, FRAME_BYTES, Backlog

RATE = 8000
FRAME_SAMPLES = FRAME_BYTES // 2


class BrowserLine:
    """Frames cross between the event loop, where aiortc lives, and the mixer's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.outgoing = ToBrowser()
        self._loop = loop
        self._arrived: list[bytes] = []
        self._backlog = Backlog()
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)

    def heard(self, frame: object) -> None:
        """A frame from the browser, on the event loop."""
        if isinstance(frame, av.AudioFrame):
            for part in self._resampler.resample(frame):
                self._arrived.append(part.to_ndarray().astype(np.int16).tobytes())

    def pull(self) -> bytes | None:
        arrived, self._arrived = self._arrived, []
        return self._backlog.take(b"".join(arrived))

    def push(self, frame: bytes) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.outgoing.put, frame)


class ToBrowser(MediaStreamTrack):
    """What the agent hears. The mixer sets the pace: aiortc sends a frame when there is one."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG_FRAMES_MAX)
        self._samples = 0

    def put(self, frame: bytes) -> None:
        if self._frames.full():
            self._frames.get_nowait()  # Old sound goes: a late voice is worse than a lost one.
        self._frames.put_nowait(frame)

    async def recv(self) -> av.AudioFrame:
        pcm = np.frombuffer(await self._frames.get(), np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, RATE)
        self._samples += FRAME_SAMPLES
        return frame
