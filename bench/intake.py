"""How many finished messages a second are accepted, beside single-row inserts at as many clients.

Accepted means committed and durable: the message with its first owner, its facts, its audit leaf
and the order that begins its escalation. One process a core, as production would run the web.
The floor is pgbench inserting one short row a transaction on the same server, in turn with ours.
"""

import asyncio
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench.cluster import cluster
from nightbell.core.ids import CallId, MessageId, PersonId, new_id, wire
from nightbell.messages import commands
from nightbell.messages.commands import Finished
from nightbell.store.binaries import candidates, choose
from nightbell.store.vault import Vault
from nightbell.store.work import Scope, Store
from tests.cast import Cast
from tests.floor import DANA, ELM, PEOPLE, RIVERSIDE, Floor
from tests.ground import Database

CLIENTS = (8, 32)
MESSAGES = 300
ROUNDS = 3
PGBENCH_S = 2

SETUP = """
create table short_row (n bigint generated always as identity primary key, words text not null);
"""
INSERT = "insert into short_row (words) values ('a message is one row at the least');\n"
CALLS = """
insert into call (call_id, account_id, did, coverage, state, switch, epoch, leg_id, rang_at,
                  answered_at, agent_id, owner_kind, owner_id, tier)
select id, %(account)s, '+12125550142', 'after_hours', 'talking', 'one', 1, id, floor_now(),
       floor_now(), %(agent)s, 'person', %(agent)s, 'T3' from unnest(%(ids)b::uuid[]) id
"""


def rows() -> list[dict[str, Any]]:
    with cluster() as admin, tempfile.TemporaryDirectory(prefix="nightbell-bench-") as folder:
        return asyncio.run(_rows(Database(admin), Path(folder)))


async def _rows(database: Database, folder: Path) -> list[dict[str, Any]]:
    with psycopg.connect(database.owner) as conn:
        conn.execute(SETUP.encode())
    (folder / "insert.sql").write_text(INSERT)
    store = await Store(database.web).open()
    floor = Floor(Cast(database), store, Vault.at(folder / "master.key"))
    for practice in (RIVERSIDE, ELM):
        floor.cast.account(practice)
    for name, (kind, of) in PEOPLE.items():
        floor.cast.person(name, kind, of=of)
    await floor.give_keys()
    sample = await floor.finished(floor.call(tier="T3"))
    found: list[dict[str, Any]] = []
    for clients in CLIENTS:
        ours: list[float] = []
        inserts: list[float] = []
        for _ in range(ROUNDS + 1):
            inserts.append(_pgbench(database.owner, folder / "insert.sql", clients))
            ours.append(_accepted(database, folder, floor, sample, clients))
        # The first round warms both up and is not counted.
        value, bare = statistics.median(ours[1:]), statistics.median(inserts[1:])
        found.append(
            {
                "metric": f"accepted_messages_a_second_{clients}_clients",
                "value": round(value, 1),
                "unit": "/s",
                "floor": round(bare, 1),
                "ratio": round(value / bare, 3),
                "goal": 0.5,
            }
        )
    await store.close()
    return found


def _pgbench(url: str, script: Path, clients: int) -> float:
    """Transactions a second."""
    told = subprocess.run(
        [
            *(choose(None, candidates()) / "pgbench", "--no-vacuum", f"--client={clients}"),
            *(f"--jobs={os.cpu_count() or 1}", f"--time={PGBENCH_S}", f"--file={script}", url),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (line,) = [one for one in told.splitlines() if one.startswith("tps")]
    return float(line.split("=")[1].split()[0])


def _accepted(
    database: Database, folder: Path, floor: Floor, sample: Finished, clients: int
) -> float:
    """Messages a second, from the first begun to the last committed."""
    calls = [new_id() for _ in range(MESSAGES)]
    with psycopg.connect(database.owner) as conn:
        named = {"account": floor.cast.accounts[RIVERSIDE], "agent": floor.id_of(DANA)}
        conn.execute(CALLS.encode(), {**named, "ids": calls})
    processes = min(os.cpu_count() or 1, clients)
    shares = [calls[n::processes] for n in range(processes)]
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(processes)
    with ProcessPoolExecutor(processes, spawn, _start_together, (together,)) as pool:
        spans = list(
            pool.map(
                _file_share,
                [database.web] * processes,
                [folder] * processes,
                shares,
                [sample] * processes,
                [floor.id_of(DANA)] * processes,
                [clients // processes] * processes,
            )
        )
    return len(calls) / (max(ended for _, ended in spans) - min(began for began, _ in spans))


_together: list[Barrier] = []


def _start_together(barrier: Barrier) -> None:
    _together[:] = [barrier]


def _file_share(
    url: str,
    folder: Path,
    calls: Sequence[UUID],
    sample: Finished,
    agent: UUID,
    clients: int,
) -> tuple[float, float]:
    """One process: so many agents finishing their calls one after another; from when to when."""

    async def share() -> tuple[float, float]:
        store = await Store(url, connections=clients).open()
        vault, waiting = Vault.at(folder / "master.key"), list(calls)
        scope = Scope(wire("person", agent), service=True)

        async def finish() -> None:
            while waiting:
                call_id = CallId(waiting.pop())
                one = replace(sample, message_id=MessageId(new_id()), call_id=call_id)
                async with store.work(scope) as work:
                    await commands.file(work, vault, one, PersonId(agent))

        _together[0].wait(120)  # Nobody is timed while another still loads.
        began = time.time()  # Wall time: what separate processes have in common.
        await asyncio.gather(*(finish() for _ in range(clients)))
        ended = time.time()
        await store.close()
        return began, ended

    return asyncio.run(share())
