"""The worker: call control, offers, the outbox, escalations, the audit sequencer; one loop each.

It holds nothing that is not in the database. Killed at any instant, the next one finds everything
due in rows. It loads neither the web nor any telephone engine, so it is back within a second.
"""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

import psycopg
import uvloop
from psycopg.types.json import Jsonb

from nightbell.acd import commands as acd
from nightbell.audit import sequencer
from nightbell.audit.checkpoint import Signer
from nightbell.calls import commands as calls
from nightbell.core.errors import NightbellError
from nightbell.run import subscriptions
from nightbell.run.controller import Controller, Switch
from nightbell.run.settings import Settings
from nightbell.store.outbox import Relay
from nightbell.store.vault import Vault
from nightbell.store.work import SERVICE, Store, Work, listen_for
from nightbell.telephony.client import SwitchClient

log = logging.getLogger(__name__)

TICK_S = 1.0
PATIENCE_S = 1.5
SWEEP_S = 3600.0
NEWS_KEPT = timedelta(days=1)
ORDERS_KEPT = timedelta(days=7)
STUCK_S = 15.0  # A loop that has not turned for so long never will.
EXIT_STUCK = 70
CANCELS_MAX = 10
LOOP = "loop: "  # How the name of each loop's task begins.

Deed = Callable[[Work], Awaitable[object]]


def main(settings: Settings) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(settings))
    return 0


async def work(settings: Settings) -> None:
    """Everything the worker does, until it is told to stop."""
    url = settings.database("worker")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stopped.set)
    _watch(loop)
    store = await Store(url, connections=12, patience_s=PATIENCE_S).open()
    client = SwitchClient(settings.switch_socket)
    working = asyncio.create_task(
        run(
            store,
            url,
            Vault.at(settings.keys / "master.key"),
            client,
            Signer.at(settings.keys),
            _relay(store, settings),
        )
    )
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await _end(working, stopping)
    await client.close()
    await store.close()


async def _end(*tasks: asyncio.Task[object]) -> None:
    """End every loop. Asked more than once: `wait_for` can lose a cancellation that comes in the
    same turn as what it waits for (Python 3.11), and the loop would then go on for ever."""
    for _ in range(CANCELS_MAX):
        rest = {one for one in asyncio.all_tasks() if one.get_name().startswith(LOOP)} | set(tasks)
        rest = {one for one in rest if not one.done()}
        if not rest:
            return
        for one in rest:
            one.cancel()
        await asyncio.wait(rest, timeout=0.2)


async def run(
    store: Store, url: str, vault: Vault, switch: Switch, signer: Signer, relay: Relay
) -> None:
    """The loops, side by side. None of them ends; one that breaks is begun again."""
    parts = ("switch", "acd", "outbox", *subscriptions.ALARMS)
    woken = {part: asyncio.Event() for part in parts}
    controller = Controller(store, vault, switch, subscriptions.OWNERS)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "listener": lambda: listen_for(url, woken),
        "controller": lambda: controller.run(url, woken["switch"]),
        "offers": lambda: _each(store, acd.tick, woken["acd"]),
        "audio": lambda: _each(store, calls.return_lost_callers, asyncio.Event()),
        "outbox": lambda: relay.run(woken["outbox"]),
        "audit": lambda: sequencer.run(store, signer),
        "beat": lambda: _each(store, _beat, asyncio.Event()),
        "sweep": lambda: _each(store, _sweep, asyncio.Event(), every_s=SWEEP_S),
    }
    for name, alarm in subscriptions.ALARMS.items():
        loops[name] = partial(alarm, store, woken[name])
    async with asyncio.TaskGroup() as tasks:
        for name, one in loops.items():
            tasks.create_task(_for_ever(name, one), name=f"{LOOP}{name}")


def _relay(store: Store, settings: Settings) -> Relay:
    relay = Relay(store)
    for topic, inside in subscriptions.INSIDE.items():
        relay.inside(topic, inside)
    for topic, outside in subscriptions.OUTSIDE.items():
        relay.outside(topic, outside(store, settings))
    return relay


async def _for_ever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """A loop of ours that ends has broken: say so, and begin it again."""
    while True:
        try:
            await loop()
            log.error("worker: %s ended by itself", name)
        except Exception as fault:
            log.error("worker: %s broke: %s", name, type(fault).__name__)
        await asyncio.sleep(0.5)


async def _each(store: Store, deed: Deed, woken: asyncio.Event, *, every_s: float = TICK_S) -> None:
    """Do `deed` in a work of its own: each tick, whenever woken, and again while it finds some."""
    while True:
        did: object = None
        try:
            async with store.work(SERVICE) as work:
                did = await deed(work)
        except (psycopg.Error, NightbellError, OSError) as fault:
            log.warning("worker: %s; trying again", type(fault).__name__)
        if did:
            continue
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), every_s)
        woken.clear()


async def _beat(work: Work) -> None:
    waiting = await work.value("select count(*) from audit_leaf where position is null")
    await work.run(
        "insert into beat (part, at, facts) values ('worker', %s, %s)"
        " on conflict (part) do update set at = excluded.at, facts = excluded.facts",
        (work.at, Jsonb({"audit_waiting": waiting})),
    )


async def _sweep(work: Work) -> None:
    """What nobody will ask for again: hints, orders long done, sessions long over. What failed
    stays."""
    await work.run("delete from news where at < %s", (work.at - NEWS_KEPT,))
    old = (work.at - ORDERS_KEPT,)
    await work.run("delete from outbox where done_at < %s and failed is null", old)
    await work.run("delete from switch_command where done_at < %s", old)
    # What a switch says twice, it says soon. That it has started is asked of every epoch.
    await work.run("delete from switch_event where at < %s and kind <> 'switch.started'", old)
    await work.run("delete from session where made_at < %s", old)


def _watch(loop: asyncio.AbstractEventLoop) -> None:
    """End the process when its loop stops turning: whoever watches it begins a new one."""
    turned = [time.monotonic()]

    def turn() -> None:
        turned[0] = time.monotonic()
        loop.call_later(TICK_S, turn)

    def watch() -> None:
        while time.monotonic() - turned[0] < STUCK_S:
            time.sleep(TICK_S)
        log.critical("worker: stuck; ending so that another begins")
        os._exit(EXIT_STUCK)

    turn()
    threading.Thread(target=watch, name="watch", daemon=True).start()
