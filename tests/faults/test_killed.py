"""Real processes are killed, for real, and a real call goes on to its end, or to its owner."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random

import psycopg
import pytest

from nightbell.acd import commands as acd
from nightbell.calls import commands as calls
from tests.faults.running import Service, service
from tests.ground import Database
from tests.stories.floor import CALLER, DANA, RIVERSIDE_DID
from tests.telephony.test_browsers import AGENT

pytestmark = pytest.mark.anyio

TOLD = {
    "CallRang": 1, "CallGreeted": 1, "CallAnswered": 1, "CallHeld": 1, "CallResumed": 1,
    "AgentHungUp": 1, "CallEnded": 1,
}  # fmt: skip


async def a_call(one: Service, folder: Path, *, after_each: Callable[[], Awaitable[None]]) -> None:
    """A whole call by every step that is kept."""
    peer = await one.sit_down(folder)
    await one.carrier.place(RIVERSIDE_DID, CALLER)
    await after_each()
    call = await one.becomes("waiting")
    await after_each()
    offer = await one.offer()
    await after_each()
    async with one.desk.work(one.scope) as work:
        await acd.accept(work, offer.offer_id, DANA)
    await after_each()
    caller = call.leg_id.hex
    await one.together(caller, AGENT)
    await after_each()
    async with one.desk.work(one.scope) as work:
        await calls.hold(work, call.call_id, DANA)
    await after_each()
    await one.together(AGENT)
    async with one.desk.work(one.scope) as work:
        await calls.resume(work, call.call_id, DANA)
    await after_each()
    await one.together(caller, AGENT)
    async with one.desk.work(one.scope) as work:
        await calls.hang_up(work, call.call_id, DANA)
    await after_each()
    over = await one.becomes("ended", call.call_id)
    assert (over.ended_by, over.owner_id, over.due_at is not None) == ("agent", DANA, True)
    await one.together()
    await peer.close()


async def test_the_worker_is_killed_at_every_step_of_a_call(database: Database, tmp_path: Path):
    async with service(tmp_path, database) as one:

        async def kill() -> None:
            one.kill_worker()
            one.start_worker()

        await asyncio.wait_for(a_call(one, tmp_path, after_each=kill), 100)
    told = Counter(told_of(database))
    assert {kind: told[kind] for kind in TOLD} == TOLD


async def test_the_worker_is_killed_again_and_again(database: Database, tmp_path: Path):
    """At no chosen instant, within a second of its being up: it is hardly ever there."""
    async with service(tmp_path, database) as one:
        kills = 0

        async def storm() -> None:
            nonlocal kills
            random = Random(20310310)
            while True:
                await one.worker_up()
                await asyncio.sleep(random.uniform(0, 0.6))
                one.kill_worker()
                one.start_worker()
                kills += 1

        storming = asyncio.create_task(storm())
        try:
            await asyncio.wait_for(
                a_call(one, tmp_path, after_each=partial(asyncio.sleep, 0.7)), 100
            )
        finally:
            storming.cancel()
            await asyncio.gather(storming, return_exceptions=True)
        assert kills > 2
    told = Counter(told_of(database))
    assert {kind: told[kind] for kind in TOLD} == TOLD


async def test_the_database_drops_every_connection_again_and_again(
    database: Database, tmp_path: Path
):
    """What a database that is killed does to its clients: nothing is lost, nothing is doubled."""
    async with service(tmp_path, database) as one:

        async def storm() -> None:
            random = Random(20310311)
            while True:
                await asyncio.sleep(random.uniform(0.5, 2.5))
                cut_connections(database)

        storming = asyncio.create_task(storm())
        try:
            pause = partial(asyncio.sleep, 0.7)
            await asyncio.wait_for(a_call(one, tmp_path, after_each=pause), 100)
        finally:
            storming.cancel()
            await asyncio.gather(storming, return_exceptions=True)
    told = Counter(told_of(database))
    assert {kind: told[kind] for kind in TOLD} == TOLD


async def test_the_switch_is_killed_with_a_call_up(database: Database, tmp_path: Path):
    """Its caller is on the desk's list at once, first of all, with the number to ring back."""
    async with service(tmp_path, database) as one:
        peer = await one.sit_down(tmp_path)
        await one.carrier.place(RIVERSIDE_DID, CALLER)
        offer = await one.offer()
        async with one.desk.work(one.scope) as work:
            await acd.accept(work, offer.offer_id, DANA)
        call = await one.becomes("talking")
        await one.together(call.leg_id.hex, AGENT)
        one.kill("switch")
        await one.start("switch")
        lost = await one.becomes("lost", call.call_id)
        assert (lost.owner_kind, lost.priority, lost.ended_by) == ("desk", 0, "switch_lost")
        assert lost.due_at is not None
        assert lost.ended_at is not None
        await peer.close()
    assert told_of(database)[-1] == "CallCutOff"


def cut_connections(database: Database) -> None:
    with psycopg.connect(database.admin) as link:
        link.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'nightbell_worker' and datname = current_database()"
        )


def told_of(database: Database) -> list[str]:
    with psycopg.connect(database.owner) as link:
        rows = link.execute("select kind from call_event order by call_id, seq").fetchall()
    return [str(row[0]) for row in rows]
