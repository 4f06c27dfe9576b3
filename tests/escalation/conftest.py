"""A furnished night on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from nightbell.store.work import Store
from tests.escalation.floor import TEN_PM, Night, furnish
from tests.ground import Database


@pytest.fixture
async def night(database: Database) -> AsyncIterator[Night]:
    database.clock.set(TEN_PM)
    store = await Store(database.worker).open()
    night = Night(database, store)
    await furnish(night)
    yield night
    await store.close()
