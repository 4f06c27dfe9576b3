"""A softphone for a program: one WebRTC connection that plays a tone and listens.

The hands-free demonstration and the end-to-end tests are an agent with it: what a browser's
microphone and loudspeaker are to a person, and two numbers to a test.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from nightbell.core.errors import Unreachable
from nightbell.edges.webrtc.loopback import with_loopback
from nightbell.edges.webrtc.sound import RATE, BrowserLine

FRAME_S = 0.02
TONE_HZ = 617.0
LOUD = 6000
CONNECT_WITHIN_S = 15.0
KEPT_S = 3

Relay = Callable[[str], Awaitable[str]]  # an SDP offer to its answer: POST /api/desk/audio


class NoAudioPath(Unreachable):
    """The softphone could not connect to the switch. See that `nightbell switch` runs."""


class Softphone:
    """Open it once a shift; `heard_level` and a tone at the far end prove both directions."""

    def __init__(self) -> None:
        with_loopback()
        self._line = BrowserLine(asyncio.get_running_loop())
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(self._line.outgoing)
        self._heard = b""
        self._tasks: list[asyncio.Task[None]] = []
        self._connection.on("track", self._follow)

    async def connect(self, relay: Relay) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        answer = await relay(self._connection.localDescription.sdp)
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._tasks.append(asyncio.create_task(self._speak()))
        until = time.monotonic() + CONNECT_WITHIN_S
        while self._connection.connectionState != "connected":
            if time.monotonic() > until:
                raise NoAudioPath
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.close()

    def heard_level(self) -> float:
        """How loud the last seconds were, 0 to 1: silence is under 0.001."""
        return level(self._heard)

    def _follow(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            self._line.heard(await track.recv())
            self._heard = (self._heard + (self._line.pull() or b""))[-RATE * 2 * KEPT_S :]

    async def _speak(self) -> None:
        samples, due = 0, time.monotonic()
        while True:
            times = (samples + np.arange(int(RATE * FRAME_S))) / RATE
            tone = LOUD * np.sin(2 * np.pi * TONE_HZ * times)
            self._line.outgoing.put(tone.astype(np.int16).tobytes())
            samples += int(RATE * FRAME_S)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def level(pcm: bytes) -> float:
    """How loud it is (8 kHz, 16 bit), root mean square, 0 to 1."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float64) / 32768
    return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0


def tone_strength(pcm: bytes, pitch_hz: float = TONE_HZ) -> float:
    """How much of the sound (8 kHz, 16 bit) lies at `pitch_hz`: 0 to 1, by FFT."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    if samples.size < RATE // 2:
        return 0.0
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    pitches = np.fft.rfftfreq(samples.size, 1 / RATE)
    total = float(power[pitches > 100].sum())
    near = float(power[np.abs(pitches - pitch_hz) < 15].sum())
    return near / total if total else 0.0
