"""A real switch and a real carrier double, each its own process, on free ports of loopback."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightbell.edges.sip.carrier_client import CarrierClient
from nightbell.edges.sip.sound import write_wav
from nightbell.run.settings import Settings
from nightbell.telephony.client import SwitchClient, SwitchUnreachable
from nightbell.telephony.port import BEGINNING, Command, Event, Json, Kind, Op, Position, Reply

RIVERSIDE = "+12125550100"
MOTHER = "+12125550143"
FATHER = "+12125550144"
DR_OKAFOR = "+12125550111"
DR_SHARMA = "+12125550112"
RATE = 8000
TICK_S = 0.02
PATIENCE_S = 30.0
HASTY = """
import asyncio
from nightbell.run.settings import Settings
from nightbell.run.switchroom import run
from nightbell.telephony.plan import Timing
hasty = Timing(answer_after_s=0.5, rescue_after_s=1.5, ring_s=3, gate_s=4, between_s=0.2)
asyncio.run(run(Settings.read(), realtime=False, timing=hasty))
"""


class World:
    def __init__(self, folder: Path) -> None:
        self.settings = Settings().having(
            data=folder, sip_port=free_udp_port(), carrier_port=free_udp_port()
        )
        self.client = SwitchClient(self.settings.switch_socket)
        self.carrier = CarrierClient(self.settings.carrier_socket)
        self.heard: list[Event] = []
        self._asked = 0
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._listening: asyncio.Task[None] | None = None

    # Processes.

    async def start(self, name: str) -> None:
        """Start a process; `hasty switch` is one whose fail-safe plan waits for next to nothing."""
        command = ["-c", HASTY] if name == "hasty switch" else ["-m", "nightbell.run.cli", name]
        name = name.removeprefix("hasty ")
        self._processes[name] = _process(name, command, self.settings)
        path = getattr(self.settings, f"{name}_socket")
        await until(lambda: _accepts(path), f"{name} did not start")

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(5)

    async def close(self) -> None:
        await self.deafen()
        await self.client.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    # The controller.

    def listen(self, after: Position = BEGINNING) -> None:
        self._listening = asyncio.create_task(self._listen(after))

    async def deafen(self) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None

    async def ask(self, op: Op, **args: Json) -> Reply:
        self._asked += 1
        return await self.client.ask(Command(f"{op}-{self._asked}", op, args))

    async def do(self, op: Op, **args: Json) -> Reply:
        reply = await self.ask(op, **args)
        assert reply.code == "", f"{op}: {reply.code}"
        return reply

    async def told(self, kind: Kind, leg: str = "", **facts: Json) -> Event:
        """The first event of this kind, about this leg, with these facts; waited for."""

        def found() -> Event | None:
            for event in self.heard:
                fits = all(event.facts.get(name) == value for name, value in facts.items())
                if event.kind is kind and (not leg or event.leg == leg) and fits:
                    return event
            return None

        await until(lambda: found() is not None, f"{kind} was never told")
        event = found()
        assert event is not None
        return event

    async def caller(self, cli: str = MOTHER, did: str = RIVERSIDE, says: str = "") -> str:
        """A caller rings and is answered; the switch's leg."""
        await self.carrier.place(did, cli, says)
        offered = await self.told(Kind.LEG_OFFERED, cli=cli)
        await self.do(Op.ANSWER, leg=offered.leg)
        await self.told(Kind.LEG_ANSWERED, offered.leg)
        return offered.leg

    async def heard_by(self, cli: str, pitch: float, last_s: float = 1.0) -> float:
        """How strong a pitch was in what the party at `cli` heard last."""
        (call,) = await self.carrier.calls(cli)
        path = self.settings.data / "heard.wav"
        await self.carrier.save(str(call["leg"]), path)
        return strength(path, pitch, last_s)

    async def hears(self, cli: str, pitch: float, at_least: float = 4000) -> None:
        """The party at `cli` comes to hear a pitch this strong; waited for."""
        ends = time.monotonic() + PATIENCE_S
        while (heard := await self.heard_by(cli, pitch)) < at_least:
            assert time.monotonic() < ends, f"{pitch} Hz was heard at {heard:.0f} only"
            await asyncio.sleep(0.3)

    async def hears_no(self, cli: str, pitch: float, at_most: float = 200) -> None:
        """The party at `cli` comes to hear this pitch no more; waited for."""
        ends = time.monotonic() + PATIENCE_S
        while (heard := await self.heard_by(cli, pitch)) > at_most:
            assert time.monotonic() < ends, f"{pitch} Hz is still heard, at {heard:.0f}"
            await asyncio.sleep(0.3)

    async def _listen(self, after: Position) -> None:
        with contextlib.suppress(SwitchUnreachable):
            async for event in self.client.events(after):
                self.heard.append(event)


class BareTimer:
    """Sleeps 20 ms at a time and does nothing else: what this machine can do at best."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        late = sorted(self.late_ms)
        return round(late[int(len(late) * 0.99)], 2)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            due += TICK_S
            time.sleep(max(due - time.monotonic(), 0))
            self.late_ms.append(max(time.monotonic() - due, 0) * 1000)


@contextlib.asynccontextmanager
async def world(*names: str) -> AsyncGenerator[World]:
    """The processes of these names, and a controller that listens."""
    folder = Path(tempfile.mkdtemp(prefix="nightbell-switch-"))
    one = World(folder)
    try:
        for name in names:
            await one.start(name)
        if "switch" in names:
            one.listen()
        yield one
    except BaseException:
        _print_logs(folder)
        raise
    finally:
        await one.close()
        shutil.rmtree(folder, ignore_errors=True)


async def until(holds: Callable[[], bool], otherwise: str, within_s: float = PATIENCE_S) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, otherwise
        await asyncio.sleep(0.02)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def tone(path: Path, pitch: float, seconds: float = 6.0, level: float = 8000.0) -> str:
    """A WAV of one pitch; its path, as a prompt's name."""
    t = np.arange(int(seconds * RATE)) / RATE
    write_wav(path, (level * np.sin(2 * np.pi * pitch * t)).astype("<i2").tobytes())
    return str(path)


def strength(path: Path, pitch: float, last_s: float = 2.0) -> float:
    """How strong a pitch is in the end of a WAV: the amplitude of its wave."""
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return strength_in(pcm[-int(last_s * RATE) :], pitch, RATE)


def strength_in(pcm: NDArray[np.int16], pitch: float, rate: int) -> float:
    """The mean over tenths of a second, so that a frame lost on a busy machine costs its own
    tenth and not, by its break in phase, the whole."""
    length = rate // 10
    if len(pcm) < length:
        return 0.0
    turns = np.exp(-2j * np.pi * pitch * np.arange(length) / rate) * np.hanning(length)
    parts = pcm[: len(pcm) // length * length].reshape(-1, length)
    return float(np.mean(4 * np.abs(parts @ turns)) / length)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(str(path))
        except OSError:
            return False
        return True


def _process(name: str, arguments: list[str], settings: Settings) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **settings.environment()}
    command = [sys.executable, *arguments]
    with (settings.data / f"{name}.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _print_logs(folder: Path) -> None:
    for log in folder.glob("*.log"):
        print(log.name, log.read_text()[-4000:])
