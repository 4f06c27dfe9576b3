"""A recorded greeting, kept as the telephone plays it: 8 kHz, mono, 16 bit."""

import io
import os
import re
import wave
from pathlib import Path

import numpy as np

from nightbell.core.errors import Refused

SECONDS_MAX = 60
RATE = 8000
NAME = re.compile(r"[a-z0-9_]{1,60}")


class RecordingRefused(Refused):
    """Send a WAV recording of at most 60 seconds, 16 bit; name it in small letters and digits."""


def keep(folder: Path, name: str, body: bytes) -> float:
    """Write the recording `name` into `folder`, whole or not at all; its length in seconds."""
    if not NAME.fullmatch(name):
        raise RecordingRefused
    samples = _at_telephone_rate(body)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f".{name}.{os.getpid()}"
    with wave.open(str(fresh), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    fresh.rename(folder / f"{name}.wav")
    return round(len(samples) / RATE, 2)


def _at_telephone_rate(body: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    try:
        with wave.open(io.BytesIO(body)) as source:
            rate, channels, width = (
                source.getframerate(),
                source.getnchannels(),
                source.getsampwidth(),
            )
            frames = source.getnframes()
            if width != 2 or not 8000 <= rate <= 96000 or not 0 < frames <= SECONDS_MAX * rate:
                raise RecordingRefused
            raw = np.frombuffer(source.readframes(frames), dtype="<i2").reshape(-1, channels)
    except (wave.Error, EOFError, ValueError):
        raise RecordingRefused from None
    mono = raw.mean(axis=1)
    # A moving average as wide as the step keeps what lies above 4 kHz from folding into speech.
    step = max(1, round(rate / RATE))
    smooth = np.convolve(mono, np.ones(step) / step, mode="same")
    count = int(len(smooth) * RATE / rate)
    at = np.arange(count) * (rate / RATE)
    return np.interp(at, np.arange(len(smooth)), smooth).round().astype(np.int16)
