"""A SIP call's sound, as a line. Its buffers never block; the engine sends at its own even pace."""

from baresip.audio import CallAudio
from baresip.errors import AudioNotActive, AudioRestarted

from nightbell.telephony.line import BACKLOG_FRAMES, BACKLOG_FRAMES_MAX, FRAME_BYTES, Backlog

LOOK_EVERY = 25  # Frames between two looks at how full the engine's buffer is.


class SipLine:
    def __init__(self, audio: CallAudio) -> None:
        self._audio = audio
        self._heard = Backlog()
        self._pushed = 0
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def pull(self) -> bytes | None:
        if self._closed:
            return None
        try:
            return self._heard.take(self._audio.read(8 * FRAME_BYTES))
        except (AudioNotActive, AudioRestarted):
            return None

    def push(self, frame: bytes) -> None:
        if self._closed:
            return
        try:
            if self._pushed % LOOK_EVERY == 0:
                frame = self._evened(frame)
            self._pushed += 1
            self._audio.write(frame)
        except (AudioNotActive, AudioRestarted):
            self._pushed = 0

    def _evened(self, frame: bytes) -> bytes:
        """Our clock and the engine's drift apart: keep its buffer neither dry nor long."""
        waiting = self._audio.info().tx_buffered // FRAME_BYTES
        if waiting < 1:
            ahead = b"\0" * (BACKLOG_FRAMES * FRAME_BYTES) if self._pushed == 0 else frame
            return ahead + frame
        return b"" if waiting > BACKLOG_FRAMES_MAX else frame
