"""The newsroom: one tail of the news a process, told to every open screen it concerns.

Rows are numbered before they are committed, so a lower number can appear after a higher one. The
tail therefore looks back over the last seconds each time and tells whatever it has not told yet.
News are hints: told twice they do no harm, missed they would leave a screen behind.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg

from nightbell.core.errors import NightbellError
from nightbell.store.work import SERVICE, Store, Work, listen
from nightbell.web.asker import Asker

log = logging.getLogger(__name__)

POLL_S = 1.0
QUIET_S = 15.0
OVERLAP = timedelta(seconds=15)  # Longer than any transaction of ours lasts.
BATCH = 2000
REPLAY_MAX = 500
QUEUE_MAX = 1000  # A screen so far behind looks for itself.


@dataclass(frozen=True, slots=True)
class Item:
    news_id: int
    at: datetime
    kind: str
    account_id: UUID | None
    person_id: UUID | None
    ids: dict[str, Any]

    def concerns(self, who: Asker) -> bool:
        """A person's own; else an account's in scope; else the service's own people's."""
        if self.person_id is not None:
            return self.person_id == who.person_id
        return who.scope.service or self.account_id in who.accounts


class Mark(Enum):
    LOOK = "look"  # the screen has to look for itself
    STILL_HERE = "still here"  # nothing for a while, so that both ends know the line is up


@dataclass(slots=True, eq=False)
class Screen:
    """One open stream. `gap` says that something could not be kept for it."""

    who: Asker
    queue: asyncio.Queue[Item | None] = field(
        default_factory=lambda: asyncio.Queue[Item | None](QUEUE_MAX + 1)
    )
    gap: bool = False


COLUMNS = "select news_id, at, kind, account_id, person_id, ids from news"


class Newsroom:
    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url
        self._screens: set[Screen] = set()
        self._tail: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def follow(self, who: Asker, last_id: int | None) -> AsyncGenerator[Item | Mark]:
        """What concerns `who`, as it happens; first what happened since `last_id`."""
        self._begin()
        screen = Screen(who)
        self._screens.add(screen)
        try:
            yield Mark.LOOK
            missed = await self._since(last_id) if last_id is not None else []
            if missed is None:
                yield Mark.LOOK
            told = {item.news_id for item in missed or ()}
            for item in missed or ():
                if item.concerns(who):
                    yield item
            async for item in self._told_to(screen):
                if isinstance(item, Mark) or item.news_id not in told:
                    yield item
        finally:
            self._screens.discard(screen)

    async def _told_to(self, screen: Screen) -> AsyncGenerator[Item | Mark]:
        while not self._closed:
            try:
                item = await asyncio.wait_for(screen.queue.get(), QUIET_S)
            except TimeoutError:
                yield Mark.STILL_HERE
                continue
            if item is not None:
                yield item
            if screen.gap and screen.queue.empty():
                screen.gap = False
                yield Mark.LOOK

    def close_soon(self) -> None:
        """From a signal handler: every stream ends at once, so that the process can."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_streams)
        self._closed = True

    async def close(self) -> None:
        self._closed = True
        self._end_streams()
        for task in (self._tail, self._listener):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _end_streams(self) -> None:
        for screen in self._screens:
            with suppress(asyncio.QueueFull):
                screen.queue.put_nowait(None)

    def _begin(self) -> None:
        if self._tail is None or self._tail.done():
            self._loop = asyncio.get_running_loop()
            woken = asyncio.Event()
            self._listener = asyncio.create_task(listen(self._url, woken, "news"))
            self._tail = asyncio.create_task(self._follow_table(woken))

    async def _since(self, last_id: int) -> list[Item] | None:
        async with self._store.work(SERVICE) as work:
            last = await work.row(Item, COLUMNS + " where news_id = %s", (last_id,))
            if last is None:
                return None
            items = await work.rows(
                Item,
                COLUMNS + " where news_id > %s or at > %s order by news_id limit %s",
                (last_id, last.at - OVERLAP, REPLAY_MAX + 1),
            )
        return items if len(items) <= REPLAY_MAX else None

    async def _follow_table(self, woken: asyncio.Event) -> None:
        tail: Tail | None = None
        while True:
            try:
                async with self._store.work(SERVICE) as work:
                    if tail is None:
                        tail = await Tail.begin(work)
                    items = await tail.read(work)
            except (psycopg.Error, NightbellError, OSError) as fault:
                log.warning("news: %s; trying again", type(fault).__name__)
                items = []
            for item in items:
                self._tell(item)
            if len(items) >= BATCH:
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)
            woken.clear()

    def _tell(self, item: Item) -> None:
        for screen in self._screens:
            if not item.concerns(screen.who):
                continue
            if screen.queue.qsize() >= QUEUE_MAX:
                screen.gap = True
            else:
                screen.queue.put_nowait(item)


class Tail:
    """Reads the table's end. Everything up to `_settled` is old enough to hold no surprise."""

    def __init__(self, settled: int) -> None:
        self._settled = settled
        self._seen: dict[int, datetime] = {}

    @classmethod
    async def begin(cls, work: Work) -> "Tail":
        newest = await work.value("select max(news_id) from news")
        tail = cls((newest or 0) - 1000)
        for item in await work.rows(Item, COLUMNS + " where news_id > %s", (tail._settled,)):
            tail._seen[item.news_id] = item.at
        return tail

    async def read(self, work: Work) -> list[Item]:
        """What has appeared since the last reading, whatever its number."""
        known = list(self._seen)
        items = await work.rows(
            Item,
            COLUMNS + " where news_id > %s and news_id <> all(%s) order by news_id limit %s",
            (self._settled, known, BATCH),
        )
        self._seen |= {item.news_id: item.at for item in items}
        old = work.at - OVERLAP
        while self._seen and self._seen[lowest := min(self._seen)] < old:
            del self._seen[lowest]
            self._settled = lowest
        return items
