"""Ears: the pitch that a browser hears, and the pitches that a telephone heard."""

import asyncio
from pathlib import Path

import numpy as np
from playwright.async_api import Page

from nightbell.edges.sip.sound import write_wav
from tests.e2e.whole import WholeService
from tests.telephony.world import RATE, strength

AGENT_PITCH, CALLER_PITCH, DOCTOR_PITCH = 617.0, 1013.0, 1409.0
HEARD = 600.0  # A tone that is there is ten times stronger, and one that is not, ten times weaker.
BURST_S, PAUSE_S = 0.25, 0.15

# Beside the page's own telephone: an ear on whatever the far end sends.
EAR = """
(() => {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", (event) => {
        const context = new AudioContext();
        const ear = new AnalyserNode(context, {fftSize: 8192, smoothingTimeConstant: 0});
        context.createMediaStreamSource(new MediaStream([event.track])).connect(ear);
        window.nightbellEar = {context, ear};
      });
    }
  };
})();
"""
LISTEN = """
async () => {
  if (!window.nightbellEar) return [0, -1000];
  const {context, ear} = window.nightbellEar;
  await context.resume();
  const bins = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(bins);
  let top = 0;
  bins.forEach((level, at) => { if (level > bins[top]) top = at; });
  return [top * context.sampleRate / ear.fftSize, bins[top]];
}
"""


def voice(path: Path, pitch: float, seconds: float) -> Path:
    """Bursts of one pitch, as speech comes in bursts: a browser takes a steady tone for noise."""
    t = np.arange(int(seconds * RATE)) / RATE
    spoken = (t % (BURST_S + PAUSE_S)) < BURST_S
    write_wav(path, (9000 * np.sin(2 * np.pi * pitch * t) * spoken).astype("<i2").tobytes())
    return path


async def browser_hears(page: Page, pitch: float, within_s: float = 12) -> None:
    """Until the loudest thing in the browser's ear is this pitch."""
    heard: list[tuple[float, float]] = []
    for _ in range(round(within_s / 0.1)):
        top, decibels = await page.evaluate(LISTEN)
        heard.append((top, decibels))
        if abs(top - pitch) < 20 and decibels > -60:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the browser hears {heard[-8:]} (pitch, decibels), not {pitch:.0f}")


async def telephone_heard(one: WholeService, leg: str, pitch: float, *, last_s: float = 2) -> float:
    """How strong this pitch was in the last seconds of what a telephone heard."""
    file = one.settings.data / f"heard-{leg}.wav"
    await one.carrier.save(leg, file)
    return strength(file, pitch, last_s=last_s)


async def telephone_hears(
    one: WholeService, leg: str, pitch: float, *, within_s: float = 12, floor: float = HEARD
) -> None:
    """Until a telephone hears this pitch."""
    loudest = 0.0
    for _ in range(round(within_s / 0.4)):
        await asyncio.sleep(0.4)
        loudest = max(loudest, await telephone_heard(one, leg, pitch, last_s=1.2))
        if loudest > floor:
            return
    raise AssertionError(f"the telephone hears {pitch:.0f} Hz no stronger than {loudest:.0f}")
