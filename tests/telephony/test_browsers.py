"""Agents' browsers: a real WebRTC peer, and a real headless Chromium, talking to a real caller."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright

from nightbell.edges.sip.sound import read_wav
from nightbell.edges.webrtc.browsers import Browsers
from nightbell.edges.webrtc.loopback import with_loopback
from nightbell.edges.webrtc.sdp import pcmu_only
from nightbell.edges.webrtc.sound import ToBrowser
from nightbell.telephony.line import Line
from nightbell.telephony.port import Kind, Op
from tests.telephony.world import MOTHER, World, strength_in, tone, until, world

LOW, HIGH = 617.0, 1013.0
ROOM = "c" * 32
AGENT = "a" * 32
Story = Callable[[World], Coroutine[Any, Any, None]]


def play(story: Story) -> None:
    async def night() -> None:
        async with world("carrier", "switch") as w:
            await asyncio.wait_for(story(w), 100)

    asyncio.run(night())


class Peer:
    """A browser made of aiortc: a microphone with a tone, and an ear."""

    def __init__(self, microphone: str) -> None:
        with_loopback()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._microphone = ToBrowser()
        self.connection.addTrack(self._microphone)
        self.heard: list[NDArray[np.int16]] = []
        self.rate = 8000
        self._speech = read_wav(Path(microphone)) or b""
        self._tasks: list[asyncio.Task[None]] = []

        @self.connection.on("track")
        def on_track(track: MediaStreamTrack) -> None:  # pyright: ignore[reportUnusedFunction]
            self._tasks.append(asyncio.create_task(self._listen(track)))

    async def connect(self, w: World) -> None:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        reply = await w.do(Op.BROWSER_OFFER, leg=AGENT, sdp=self.connection.localDescription.sdp)
        answer = RTCSessionDescription(str(reply.result["sdp"]), "answer")
        await self.connection.setRemoteDescription(answer)
        self.speak()
        await until(lambda: self.connection.connectionState == "connected", "not connected")

    def speak(self) -> None:
        self._tasks.append(asyncio.create_task(self._speak()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()

    def hears(self, pitch: float) -> float:
        if len(self.heard) < 50:
            return 0.0
        recent = np.concatenate(self.heard[-50:])
        return strength_in(recent, pitch, self.rate)

    async def _speak(self) -> None:
        at, due = 0, time.monotonic()
        while True:
            self._microphone.put(self._speech[at : at + 320])
            at = (at + 320) % len(self._speech)
            due += 0.02
            await asyncio.sleep(due - time.monotonic())

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            assert isinstance(frame, av.AudioFrame)
            self.rate = frame.sample_rate
            channels = len(frame.layout.channels)
            self.heard.append(frame.to_ndarray().reshape(-1)[::channels].astype(np.int16))


async def caller_in_room(w: World, says: str) -> str:
    caller = await w.caller(MOTHER, says=says)
    for leg in (caller, AGENT):
        await w.do(Op.JOIN, room=ROOM, leg=leg)
    return caller


def test_agent_and_caller_hear_each_other(tmp_path: Path):
    async def story(w: World) -> None:
        agent = Peer(tone(tmp_path / "high.wav", HIGH))
        await agent.connect(w)
        assert (await w.told(Kind.LEG_ANSWERED, AGENT)).facts["kind"] == "browser"
        await caller_in_room(w, tone(tmp_path / "low.wav", LOW, seconds=90))
        await until(lambda: agent.hears(LOW) > 5000, "the agent hears the caller")
        assert agent.hears(HIGH) < 500
        await w.hears(MOTHER, HIGH)
        await w.do(Op.MUTE, leg=AGENT, on=True)
        await w.hears_no(MOTHER, HIGH)
        await agent.close()

    play(story)


def test_the_page_is_reloaded_and_the_caller_is_still_in_the_room(tmp_path: Path):
    async def story(w: World) -> None:
        microphone = tone(tmp_path / "high.wav", HIGH)
        before = Peer(microphone)
        await before.connect(w)
        await w.told(Kind.LEG_ANSWERED, AGENT)
        caller = await caller_in_room(w, tone(tmp_path / "low.wav", LOW, seconds=90))
        await before.close()
        await w.told(Kind.MEDIA_LOST, AGENT)
        after = Peer(microphone)
        await after.connect(w)
        await w.told(Kind.MEDIA_RESTORED, AGENT)
        await until(lambda: after.hears(LOW) > 5000, "the agent hears the caller again")
        await w.hears(MOTHER, HIGH)
        rooms = (await w.do(Op.SNAPSHOT)).result["rooms"]
        assert rooms == {ROOM: [AGENT, caller]}
        await after.close()

    play(story)


def test_an_offer_that_is_nonsense_is_refused_and_the_old_connection_stays(tmp_path: Path):
    async def story(w: World) -> None:
        agent = Peer(tone(tmp_path / "high.wav", HIGH))
        await agent.connect(w)
        await w.told(Kind.LEG_ANSWERED, AGENT)
        reply = await w.ask(Op.BROWSER_OFFER, leg=AGENT, sdp="hello")
        assert reply.code == "bad_arguments"
        await asyncio.sleep(0.5)
        assert agent.connection.connectionState == "connected"
        await agent.close()

    play(story)


def test_the_browser_crashed_and_after_half_a_minute_its_leg_is_gone(tmp_path: Path):
    """Time is shortened here: lost after 0.5 s of silence, gone 1 s later."""

    class Ear:
        def __init__(self) -> None:
            self.told: list[str] = []

        def browser_up(self, leg: str, line: Line) -> None:
            self.told.append("up")

        def browser_lost(self, leg: str) -> None:
            self.told.append("lost")

        def browser_restored(self, leg: str) -> None:
            self.told.append("restored")

        def browser_gone(self, leg: str) -> None:
            self.told.append("gone")

    async def night() -> None:
        ear = Ear()
        browsers = Browsers(ear, lost_after_s=0.5, gone_after_s=1.0)
        agent = Peer(tone(tmp_path / "high.wav", HIGH))
        await agent.connection.setLocalDescription(await agent.connection.createOffer())
        sdp = await browsers.offer(AGENT, agent.connection.localDescription.sdp)
        await agent.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await until(lambda: ear.told == ["up", "lost"], "a microphone that never spoke is lost")
        agent.speak()
        await until(lambda: ear.told[2:] == ["restored"], "it speaks, and is found again")
        await agent.close()
        await until(lambda: ear.told[3:] == ["lost", "gone"], "it is lost, then gone")
        await browsers.close()

    asyncio.run(night())


PAGE = """
async ([pitch]) => {
  const context = new AudioContext();
  await context.resume();
  const voice = new OscillatorNode(context, {frequency: pitch});
  const out = new MediaStreamAudioDestinationNode(context);
  voice.connect(new GainNode(context, {gain: 0.4})).connect(out);
  voice.start();
  const peer = new RTCPeerConnection();
  const [track] = out.stream.getAudioTracks();
  const line = peer.addTransceiver(track, {direction: 'sendrecv', streams: [out.stream]});
  const ear = new AnalyserNode(context, {fftSize: 16384, smoothingTimeConstant: 0});
  peer.ontrack = (event) => {
    const audio = new Audio();
    audio.srcObject = new MediaStream([event.track]);
    audio.muted = true;
    audio.play();
    new MediaStreamAudioSourceNode(context, {mediaStream: audio.srcObject}).connect(ear);
  };
  await peer.setLocalDescription();
  await new Promise((done) => {
    if (peer.iceGatheringState === 'complete') return done();
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
    setTimeout(done, 2000);
  });
  Object.assign(window, {peer, context, ear});
  return peer.localDescription.sdp;
}
"""
HEARS = """
() => {
  const bins = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(bins);
  const top = bins.indexOf(Math.max(...bins));
  return [top * context.sampleRate / ear.fftSize, bins[top], peer.connectionState];
}
"""


@pytest.mark.chromium
def test_a_real_browser_and_a_real_call_hear_each_other(tmp_path: Path):
    async def story(w: World) -> None:
        async with async_playwright() as tools:
            browser = await tools.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=[
                    "--no-sandbox",
                    "--allow-loopback-in-peer-connection",
                    "--autoplay-policy=no-user-gesture-required",
                ],
            )
            page = await browser.new_page()
            await connect(page, w)
            await w.told(Kind.LEG_ANSWERED, AGENT)
            await caller_in_room(w, tone(tmp_path / "low.wav", LOW, seconds=90))
            await w.hears(MOTHER, HIGH, at_least=2000)
            pitch, decibels, state = await page.evaluate(HEARS)
            assert state == "connected"
            assert decibels > -60
            assert abs(pitch - LOW) < 10
            await browser.close()

    play(story)


async def connect(page: Page, w: World) -> None:
    sdp = await page.evaluate(PAGE, [HIGH])
    reply = await w.do(Op.BROWSER_OFFER, leg=AGENT, sdp=sdp)
    await page.evaluate(
        "(sdp) => peer.setRemoteDescription({type: 'answer', sdp})", reply.result["sdp"]
    )


def test_an_offer_is_cut_down_to_telephone_sound():
    offer = (
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\na=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=mid:0\r\n"
    )
    assert pcmu_only(offer) == (
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\na=mid:0\r\n"
    )


def test_an_offer_without_telephone_sound_is_left_as_it_is():
    offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"
    assert pcmu_only(offer) == offer
