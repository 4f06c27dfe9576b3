"""What a leg can hear besides people: prompts, hold music, comfort noise. Frames of 20 ms."""

import re
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightbell.telephony.line import FRAME_BYTES

RATE = 8000
SHIPPED = Path(__file__).parent / "prompts"
RECORDED_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
NEUTRAL = "neutral_greeting"
STILL_HERE = "still_here"
MUSIC_LEVEL = 1400.0  # Quiet: a person may have to be woken by a voice over it.
NOISE_LEVEL = 9.0

Pcm = NDArray[np.int16]


def read_wav(path: Path) -> bytes | None:
    """Whole frames of an 8 kHz mono 16-bit WAV; None when it is missing or something else."""
    try:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                return None
            pcm = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error):
        return None
    return pcm + b"\0" * (-len(pcm) % FRAME_BYTES) or None


def write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)


def hold_music() -> bytes:
    """Sixteen slow bell notes over a soft fifth, 32 seconds; its end meets its beginning."""
    t = np.arange(32 * RATE) / RATE
    pad = np.sin(2 * np.pi * 110 * t) + 0.7 * np.sin(2 * np.pi * 165 * t)
    music = 0.25 * pad * (0.75 + 0.25 * np.cos(2 * np.pi * t / 8))
    # A pentatonic walk, every note an unhurried two seconds.
    walk = [440.0, 523.25, 587.33, 659.25, 587.33, 523.25, 440.0, 392.0]
    walk += [440.0, 587.33, 659.25, 783.99, 659.25, 587.33, 523.25, 440.0]
    for number, pitch in enumerate(walk):
        since = (t - 2 * number) % 32
        rise = np.minimum(since / 0.05, 1.0)
        tone = np.sin(2 * np.pi * pitch * since) + 0.3 * np.sin(4 * np.pi * pitch * since)
        music += 0.5 * rise * np.exp(-1.6 * since) * tone
    music *= MUSIC_LEVEL / np.abs(music).max()
    return music.astype("<i2").tobytes()


def comfort_noise(seconds: int = 4) -> bytes:
    """A line that is alive: noise at the edge of hearing."""
    noise = np.random.default_rng(7).normal(0.0, NOISE_LEVEL, seconds * RATE)
    return noise.astype("<i2").tobytes()


class Library:
    """Prompts by name, read once. One that is missing is never silence."""

    def __init__(self, recorded: Path) -> None:
        self._recorded = recorded
        self._music = hold_music()
        self._read: dict[str, tuple[int, bytes]] = {}

    def sound(self, name: str) -> bytes:
        if name == "music:hold":
            return self._music
        if name == "music:hold_with_voice":
            return self._music + self.sound(f"say:{STILL_HERE}")
        for path in self._places(name):
            if found := self._cached(path):
                return found
        return self._cached(SHIPPED / f"{NEUTRAL}.wav") or self._music

    def _places(self, name: str) -> list[Path]:
        kind, _, said = name.rpartition(":")
        if name.startswith("/"):
            return [Path(name)]
        if not RECORDED_NAME.fullmatch(said):
            return []
        shipped = SHIPPED / f"{said}.wav"
        return [shipped] if kind == "say" else [self._recorded / f"{said}.wav", shipped]

    def _cached(self, path: Path) -> bytes | None:
        """The file's frames; read again when somebody recorded it anew."""
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            return None
        known = self._read.get(str(path))
        if known and known[0] == stamp:
            return known[1]
        if pcm := read_wav(path):
            self._read[str(path)] = (stamp, pcm)
        return pcm


class Player:
    """One sound being heard: each part in turn, the last one again and again if it loops."""

    def __init__(self, number: int, parts: list[bytes], *, loop: bool) -> None:
        self.number = number
        self._parts = parts
        self._loop = loop
        self._part = 0
        self._at = 0

    def frame(self) -> bytes | None:
        """The next 20 ms; None when it is over."""
        while self._part < len(self._parts):
            part = self._parts[self._part]
            if self._at < len(part):
                self._at += FRAME_BYTES
                return part[self._at - FRAME_BYTES : self._at]
            self._at = 0
            if not (self._loop and self._part == len(self._parts) - 1 and part):
                self._part += 1
        return None
