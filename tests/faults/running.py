"""A service of real processes over a test's own database: switch, carrier, and a worker to kill."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import psycopg

from nightbell.acd import commands as acd
from nightbell.acd import queries as floor
from nightbell.calls.call import Call
from nightbell.calls.rows import CALL
from nightbell.core.ids import CallId, wire
from nightbell.store.vault import Vault
from nightbell.store.work import SERVICE, Scope, Store
from nightbell.telephony.port import Op
from tests.ground import Database
from tests.stories.floor import DANA, SEED
from tests.telephony.test_browsers import AGENT, Peer
from tests.telephony.world import World, tone

PATIENCE_S = 25.0
HIGH = 1013.0


class Service(World):
    def __init__(self, folder: Path, database: Database, desk: Store) -> None:
        super().__init__(folder)
        self.settings = self.settings.having(database_url=database.admin)
        self.database = database
        self.desk = desk
        self.vault = Vault.at(self.settings.keys / "master.key")
        self.scope = Scope(wire("person", DANA), service=True)
        self._connections = 0
        self._worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        environment = {**os.environ, **self.settings.environment()}
        command = [sys.executable, "-m", "nightbell.run.cli", "worker"]
        with (self.settings.data / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill_worker(self) -> None:
        if self._worker is not None:
            self._worker.send_signal(signal.SIGKILL)
            self._worker.wait(5)
            self._worker = None

    async def worker_up(self) -> None:
        """Until this worker has spoken with the switch."""
        log = self.settings.data / "worker.log"
        before = self._connections
        for _ in range(round(PATIENCE_S / 0.05)):
            self._connections = log.read_text().count("switch: connected")
            if self._connections > before:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the worker never came up")

    async def sit_down(self, folder: Path) -> Peer:
        """Dana's browser, a real WebRTC peer, connected on the leg of her shift."""
        with psycopg.connect(self.database.owner) as link:
            link.execute(
                "insert into leg (leg_id, kind, person_id) values (%s, 'agent', %s)",
                (UUID(AGENT), DANA),
            )
            link.execute(
                "insert into desk_state (person_id, leg_id) values (%s, %s)", (DANA, UUID(AGENT))
            )
        peer = Peer(tone(folder / "high.wav", HIGH))
        await peer.connect(self)
        async with self.desk.work(self.scope) as work:
            await acd.wish(work, DANA, "ready")
        return peer

    async def offer(self) -> floor.Offer:
        """Dana's next offer; waited for."""
        for _ in range(round(PATIENCE_S / 0.05)):
            async with self.desk.work(self.scope) as work:
                offer = await floor.open_offer(work, DANA)
            if offer is not None:
                return offer
            await asyncio.sleep(0.05)
        raise AssertionError("Dana is offered nobody")

    async def becomes(self, state: str, call_id: CallId | None = None) -> Call:
        """The one call, once it is in `state`."""
        calls: list[Call] = []
        for _ in range(round(PATIENCE_S / 0.05)):
            async with self.desk.work(SERVICE) as work:
                calls = await work.rows(Call, CALL)
            assert len(calls) <= 1, "one telephone rang, two calls were kept"
            if calls and calls[0].state == state and call_id in (None, calls[0].call_id):
                return calls[0]
            await asyncio.sleep(0.05)
        raise AssertionError(f"the call is {[one.state for one in calls]}, not {state}")

    async def together(self, *legs: str) -> None:
        """Until exactly these are in one room of the switch."""
        rooms: object = None
        for _ in range(round(PATIENCE_S / 0.05)):
            rooms = (await self.do(Op.SNAPSHOT)).result["rooms"]
            assert isinstance(rooms, dict)
            if [set(room) for room in rooms.values() if isinstance(room, list)] == (
                [set(legs)] if legs else []
            ):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"in rooms: {rooms}")


@asynccontextmanager
async def service(folder: Path, database: Database) -> AsyncGenerator[Service]:
    with psycopg.connect(database.owner) as link:
        link.execute(SEED)
    desk = await Store(database.web, connections=3).open()
    one = Service(folder, database, desk)
    try:
        await one.start("carrier")
        await one.start("switch")
        one.start_worker()
        yield one
    except BaseException:
        _print_logs(folder)
        raise
    finally:
        one.kill_worker()
        await one.close()
        await desk.close()


def _print_logs(folder: Path) -> None:
    for log in folder.glob("*.log"):
        print(log.name, log.read_text()[-3000:])
