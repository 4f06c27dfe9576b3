"""The agents' browsers: one connection an agent, kept for the shift, replaced at a page reload.

A new offer for a leg closes the old connection and takes its place; the leg stays in its room. A
browser whose sound stops for 3 s is lost, and after 30 s more it is gone: ICE would notice later.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError

from nightbell.core.errors import Refused
from nightbell.edges.webrtc.loopback import with_loopback
from nightbell.edges.webrtc.sdp import pcmu_only
from nightbell.edges.webrtc.sound import BrowserLine
from nightbell.telephony.line import Line

LOST_AFTER_S = 3.0
GONE_AFTER_S = 30.0
LOOK_EVERY_S = 0.25
PREFETCH = 2  # Packets gathered before sound flows; aiortc's own 4 cost 70 ms more.


class OfferRefused(Refused):
    """A browser offers one WebRTC connection with sound, as SDP. Reload the page."""


class Listener(Protocol):
    def browser_up(self, leg: str, line: Line) -> None: ...
    def browser_lost(self, leg: str) -> None: ...
    def browser_restored(self, leg: str) -> None: ...
    def browser_gone(self, leg: str) -> None: ...


@dataclass(slots=True)
class _Browser:
    peer: RTCPeerConnection
    line: BrowserLine
    last_frame: float
    up: bool = False
    lost: bool = False
    tasks: list["asyncio.Task[None]"] = field(default_factory=list["asyncio.Task[None]"])


class Browsers:
    def __init__(
        self,
        listener: Listener,
        *,
        lost_after_s: float = LOST_AFTER_S,
        gone_after_s: float = GONE_AFTER_S,
    ) -> None:
        self._listener = listener
        self._lost_after_s = lost_after_s
        self._gone_after_s = gone_after_s
        self._browsers: dict[str, _Browser] = {}
        self._closing: set[asyncio.Task[None]] = set()
        with_loopback()

    async def offer(self, leg: str, sdp: str) -> str:
        """The answer to a browser's offer of sound."""
        # No STUN server: the agents reach the switch by its own addresses, and we ask no stranger.
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        line = BrowserLine(asyncio.get_running_loop())
        browser = _Browser(peer, line, time.monotonic())

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:  # pyright: ignore[reportUnusedFunction]
            if track.kind == "audio":
                browser.tasks.append(asyncio.create_task(self._listen(leg, browser, track)))

        @peer.on("connectionstatechange")
        def on_state() -> None:  # pyright: ignore[reportUnusedFunction]
            if peer.connectionState == "connected":
                self._is_up(leg, browser)

        try:
            await peer.setRemoteDescription(RTCSessionDescription(pcmu_only(sdp), "offer"))
            if not any(one.kind == "audio" for one in peer.getTransceivers()):
                raise OfferRefused
            for transceiver in peer.getTransceivers():
                transceiver.sender.replaceTrack(line.outgoing)
                transceiver.direction = "sendrecv"
                _hold_back_less(transceiver.receiver)
            await peer.setLocalDescription(await peer.createAnswer())
        except Exception as error:  # Whatever broke in it, the offer cannot be used.
            await peer.close()
            raise OfferRefused from error
        before = self._browsers.get(leg)
        self._browsers[leg] = browser
        if before is not None:
            # The leg is as lost as it was, until the new connection brings sound.
            browser.lost = before.lost
            self._close(before)
        browser.tasks.append(asyncio.create_task(self._watch(leg, browser)))
        return peer.localDescription.sdp

    def hangup(self, leg: str) -> None:
        if browser := self._browsers.pop(leg, None):
            self._close(browser)
            self._listener.browser_gone(leg)

    async def close(self) -> None:
        for leg in list(self._browsers):
            self.hangup(leg)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _is_up(self, leg: str, browser: _Browser) -> None:
        if self._browsers.get(leg) is browser and not browser.up:
            browser.up = True
            browser.last_frame = time.monotonic()
            self._listener.browser_up(leg, browser.line)

    async def _listen(self, leg: str, browser: _Browser, track: MediaStreamTrack) -> None:
        try:
            while True:
                browser.line.heard(await track.recv())
                browser.last_frame = time.monotonic()
                if browser.lost and browser.up and self._browsers.get(leg) is browser:
                    browser.lost = False
                    self._listener.browser_restored(leg)
        except MediaStreamError:
            pass  # The track has ended; the watch below says what that means.

    async def _watch(self, leg: str, browser: _Browser) -> None:
        while self._browsers.get(leg) is browser:
            await asyncio.sleep(LOOK_EVERY_S)
            quiet_s = time.monotonic() - browser.last_frame
            if browser.up and not browser.lost and quiet_s > self._lost_after_s:
                browser.lost = True
                self._listener.browser_lost(leg)
            if quiet_s > self._lost_after_s + self._gone_after_s:
                self.hangup(leg)

    def _close(self, browser: _Browser) -> None:
        task = asyncio.create_task(_close(browser))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _close(browser: _Browser) -> None:
    await browser.peer.close()
    for task in browser.tasks:
        if task is not asyncio.current_task():
            task.cancel()
    await asyncio.gather(*browser.tasks, return_exceptions=True)


def _hold_back_less(receiver: object) -> None:
    # aiortc has no setting for it: the buffer is replaced before the first packet arrives.
    name = "_RTCRtpReceiver__jitter_buffer"
    if hasattr(receiver, name):
        setattr(receiver, name, JitterBuffer(capacity=16, prefetch=PREFETCH))
