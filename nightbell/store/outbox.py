"""Orders and events, put in the act's own transaction and carried out after it: never lost.

Delivery is at least once, in batches. A deed inside the database shares the claim's transaction and
so happens exactly once; a deed outside (a push, a mail) is leased first and must bear repeating:
its `key` travels with it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from nightbell.core.errors import NightbellError, Refused
from nightbell.store.work import SERVICE, Store, Work

log = logging.getLogger(__name__)

BATCH = 200
LEASE = timedelta(seconds=60)  # Longer than any deed outside may take.
POLL_S = 1.0
TRIES_MAX = 8
# The database is away, or two of us met: the same again, soon. All else is the order's own fault.
OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Order:
    outbox_id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    tries: int


Deed = Callable[[Work, Sequence[Order]], Awaitable[None]]
OutsideDeed = Callable[[Order], Awaitable[None]]


async def put(
    work: Work,
    topic: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    due_at: datetime | None = None,
) -> None:
    """Keep an order with the act that gave it. The same `key` twice is one order."""
    await work.run(
        "insert into outbox (topic, key, payload, put_at, due_at) values (%s, %s, %s, %s, %s)"
        " on conflict (key) do nothing",
        (topic, key, Jsonb(dict(payload)), work.at, due_at or work.at),
    )
    work.wake("outbox")


@dataclass(frozen=True, slots=True)
class Put:
    """An order about to be put, where many are put at once."""

    topic: str
    key: str
    payload: Mapping[str, Any]


async def put_all(work: Work, orders: Sequence[Put]) -> None:
    """The same for many orders, in one statement; due at once."""
    await work.run(
        "insert into outbox (topic, key, payload, put_at, due_at)"
        " select topic, key, payload, %s, %s"
        " from unnest(%b::text[], %b::text[], %b::jsonb[]) as a (topic, key, payload)"
        " on conflict (key) do nothing",
        (
            work.at,
            work.at,
            [one.topic for one in orders],
            [one.key for one in orders],
            [Jsonb(dict(one.payload)) for one in orders],
        ),
    )
    work.wake("outbox")


class Relay:
    """Carries orders from the outbox to whoever subscribed to their topic (wired in `run`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._inside: dict[str, Deed] = {}
        self._outside: dict[str, OutsideDeed] = {}

    def inside(self, topic: str, deed: Deed) -> None:
        self._inside[topic] = deed

    def outside(self, topic: str, deed: OutsideDeed) -> None:
        self._outside[topic] = deed

    async def run(self, woken: asyncio.Event) -> None:
        """Until cancelled: everything due, then wait for a wake or the poll.

        What goes outside has a loop of its own: a push service that hangs, hangs alone, and no
        telephone waits for it.
        """
        inside_moved = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._turn(self._inside_once, woken, inside_moved))
            tasks.create_task(self._turn(self._outside_once, inside_moved, asyncio.Event()))

    async def once(self) -> int:
        """One pass over what is due; how many orders were carried out or put off."""
        return await self._inside_once() + await self._outside_once()

    async def _turn(
        self, once: Callable[[], Awaitable[int]], woken: asyncio.Event, moved: asyncio.Event
    ) -> None:
        while True:
            try:
                did = await once()
            except Exception as fault:
                log.warning("outbox: %s; trying again", type(fault).__name__)
                await asyncio.sleep(0.2)
                continue
            if did:
                moved.set()
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)
            woken.clear()

    async def _inside_once(self) -> int:
        return sum([await self._carry_inside(*one) for one in self._inside.items()])

    async def _outside_once(self) -> int:
        return sum([await self._carry_outside(*one) for one in self._outside.items()])

    async def _carry_inside(self, topic: str, deed: Deed) -> int:
        try:
            async with self._store.work(SERVICE) as work:
                orders = await _claim(work, topic, BATCH)
                if orders:
                    await deed(work, orders)
                    await _finish(work, orders)
                return len(orders)
        except OUTAGES:
            raise
        except Exception as fault:
            log.warning("outbox: batch of %s failed (%s); one by one", topic, type(fault).__name__)
        return await self._one_by_one(topic, deed)

    async def _one_by_one(self, topic: str, deed: Deed) -> int:
        moved = 0
        for _ in range(BATCH):
            order: Order | None = None
            try:
                async with self._store.work(SERVICE) as work:
                    orders = await _claim(work, topic, 1)
                    if not orders:
                        return moved
                    order = orders[0]
                    await deed(work, orders)
                    await _finish(work, orders)
            except OUTAGES:
                raise
            except Exception as fault:
                if order is None:
                    raise
                await self._put_off(order, fault)
            moved += 1
        return moved

    async def _carry_outside(self, topic: str, deed: OutsideDeed) -> int:
        async with self._store.work(SERVICE) as work:
            orders = await _claim(work, topic, BATCH)
            await work.run(
                "update outbox set due_at = %s, tries = tries + 1 where outbox_id = any(%s)",
                (work.at + LEASE, [one.outbox_id for one in orders]),
            )
        await asyncio.gather(*(self._try_outside(one, deed) for one in orders))
        return len(orders)

    async def _try_outside(self, order: Order, deed: OutsideDeed) -> None:
        try:
            await deed(order)
        except OUTAGES:
            return  # Its lease runs out, and it is tried again.
        except Exception as fault:
            await self._put_off(order, fault)
            return
        async with self._store.work(SERVICE) as work:
            await _finish(work, [order])

    async def _put_off(self, order: Order, fault: Exception) -> None:
        """Try again later; a refusal, or too many tries, goes to a person."""
        code = fault.code if isinstance(fault, NightbellError) else type(fault).__name__
        final = isinstance(fault, Refused) or order.tries + 1 >= TRIES_MAX
        wait = timedelta(seconds=min(2**order.tries, 60))
        async with self._store.work(SERVICE) as work:
            await work.run(
                "update outbox set tries = tries + 1, due_at = %s, failed = %s, done_at = %s"
                " where outbox_id = %s",
                (
                    work.at + wait,
                    code if final else None,
                    work.at if final else None,
                    order.outbox_id,
                ),
            )
        log.warning(
            "outbox: %s %s: %s", order.topic, "given to a person" if final else "later", code
        )


async def _claim(work: Work, topic: str, limit: int) -> list[Order]:
    return await work.rows(
        Order,
        "select outbox_id, topic, key, payload, tries from outbox"
        " where done_at is null and topic = %s and due_at <= floor_now()"
        " order by due_at, outbox_id limit %s for update skip locked",
        (topic, limit),
    )


async def _finish(work: Work, orders: Sequence[Order]) -> None:
    await work.run(
        "update outbox set done_at = %s where outbox_id = any(%s)",
        (work.at, [one.outbox_id for one in orders]),
    )
