"""The outbox on its bad nights: an order that breaks the code, a far end that never answers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from nightbell.store.outbox import Order, Relay, put
from nightbell.store.work import SERVICE, Store, Work
from tests.ground import Database

pytestmark = pytest.mark.anyio
SOON_S = 5.0


@asynccontextmanager
async def running(database: Database) -> AsyncGenerator[Store]:
    store = await Store(database.worker, connections=4).open()
    try:
        yield store
    finally:
        await store.close()


async def order(store: Store, topic: str, *keys: str) -> None:
    async with store.work(SERVICE) as work:
        for key in keys:
            await put(work, topic, key, {"key": key})


async def test_one_order_that_breaks_the_code_itself_and_every_other_page_goes_out(
    database: Database,
):
    """A fault nobody foresaw (not one of ours, not the database's) goes to a person, alone."""
    done: list[str] = []

    async def deed(work: Work, orders: Sequence[Order]) -> None:
        for one in orders:
            if one.key == "broken":
                raise KeyError(one.key)
        done.extend(one.key for one in orders)

    async with running(database) as store:
        relay = Relay(store)
        relay.inside("escalation.page", deed)
        await order(store, "escalation.page", "broken", "first", "second")
        await relay.once()
        assert sorted(done) == ["first", "second"]
        async with store.work(SERVICE) as work:
            left = await work.dicts("select key, tries from outbox where done_at is null")
        assert left == [{"key": "broken", "tries": 1}]


async def test_the_push_service_hangs_and_the_telephone_is_rung_all_the_same(database: Database):
    rung = asyncio.Event()
    pushing = asyncio.Event()

    async def hangs(order: Order) -> None:
        pushing.set()
        await asyncio.sleep(3600)

    async def ring(work: Work, orders: Sequence[Order]) -> None:
        rung.set()

    async with running(database) as store:
        relay = Relay(store)
        relay.inside("escalation.page", ring)
        relay.outside("push.send", hangs)
        await order(store, "push.send", "a-push")
        going = asyncio.create_task(relay.run(asyncio.Event()))
        try:
            await asyncio.wait_for(pushing.wait(), SOON_S)
            await order(store, "escalation.page", "a-page")
            await asyncio.wait_for(rung.wait(), SOON_S)
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going
