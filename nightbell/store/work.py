"""The unit of work: one transaction, one instant, one asker; all of it kept or none of it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row, scalar_row
from psycopg_pool import AsyncConnectionPool

from nightbell.core.errors import NotFound
from nightbell.core.ids import AccountId

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any] | None
Rows = dict[str, Any]

WAKE_CHANNEL = "nightbell"
WAKE_EVERY_S = 0.005  # Wakes within this time travel as one NOTIFY.


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows this work may touch. The database enforces it; nothing set means nothing seen."""

    actor: str  # person_..., service, switch, caller
    service: bool = False  # the answering service's own people and processes: every account
    accounts: frozenset[AccountId] = frozenset()


SERVICE = Scope("service", service=True)
NOBODY = Scope("nobody")


@dataclass(slots=True)
class Work:
    """What a command holds while it takes, decides, keeps and orders."""

    conn: psycopg.AsyncConnection[Any]
    at: datetime  # the floor's clock, read once
    scope: Scope
    wakes: set[str] = field(default_factory=set[str])

    async def rows(self, kind: type[T], sql: LiteralString, params: Params = None) -> list[T]:
        """Every row as a frozen `kind`."""
        async with self.conn.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(sql, params)
            return await cursor.fetchall()

    async def row(self, kind: type[T], sql: LiteralString, params: Params = None) -> T | None:
        """The one row, or None."""
        async with self.conn.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(sql, params)
            return await cursor.fetchone()

    async def need(self, kind: type[T], sql: LiteralString, params: Params = None) -> T:
        """The one row; NotFound when there is none, or none in scope."""
        found = await self.row(kind, sql, params)
        if found is None:
            raise NotFound
        return found

    async def dicts(self, sql: LiteralString, params: Params = None) -> list[Rows]:
        async with self.conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql, params)
            return await cursor.fetchall()

    async def value(self, sql: LiteralString, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        async with self.conn.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(sql, params)
            return await cursor.fetchone()

    async def run(self, sql: LiteralString, params: Params = None) -> int:
        """Carry out a statement; how many rows it touched."""
        async with self.conn.cursor() as cursor:
            await cursor.execute(sql, params)
            return cursor.rowcount

    async def run_many(self, sql: LiteralString, params: Sequence[Params]) -> None:
        async with self.conn.cursor() as cursor:
            await cursor.executemany(sql, params)  # type: ignore[arg-type]

    def wake(self, part: str) -> None:
        """After the commit, tell whoever listens for `part` that there is work. Never before."""
        self.wakes.add(part)


class Store:
    """The database as one role sees it.

    `patience_s` is how long work waits for a connection. Whoever tries again by itself anyway, as
    a worker does, waits briefly: a connection that could not be made is only tried for anew when
    somebody asks again, so a long wait would go on after the database is back.
    """

    def __init__(self, url: str, *, connections: int = 8, patience_s: float = 10.0) -> None:
        self._url = url
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            kwargs={"autocommit": False, "prepare_threshold": 3},
            check=AsyncConnectionPool.check_connection,
            timeout=patience_s,
            max_lifetime=600,
            reconnect_timeout=min(2.0, patience_s / 3),
        )
        self._pending: set[str] = set()
        self._waker: asyncio.Task[None] | None = None

    async def open(self) -> "Store":
        await self._pool.open()
        return self

    async def close(self) -> None:
        if self._waker is not None:
            self._waker.cancel()
            with suppress(asyncio.CancelledError):
                await self._waker
        await self._pool.close()

    @asynccontextmanager
    async def work(self, scope: Scope) -> AsyncGenerator[Work]:
        """One transaction: committed when the block ends well, gone when it does not."""
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(
                "select floor_now(), set_config('nightbell.service', %s, true),"
                " set_config('nightbell.accounts', %s, true)",
                (
                    "on" if scope.service else "",
                    "{" + ",".join(str(one) for one in scope.accounts) + "}",
                ),
            )
            row = await cursor.fetchone()
            assert row is not None
            work = Work(conn, row[0], scope)
            yield work
        if work.wakes:
            self._wake_soon(work.wakes)

    def _wake_soon(self, parts: set[str]) -> None:
        self._pending |= parts
        if self._waker is None or self._waker.done():
            self._waker = asyncio.create_task(self._send_wakes())

    async def _send_wakes(self) -> None:
        # On a connection of its own: NOTIFY takes a lock at commit, and the polls are the floor.
        try:
            async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as conn:
                idle_s = 0.0
                while idle_s < 5:
                    if self._pending:
                        parts, self._pending = self._pending, set()
                        await conn.execute(
                            "select pg_notify(%s, %s)", (WAKE_CHANNEL, json.dumps(sorted(parts)))
                        )
                        idle_s = 0.0
                    await asyncio.sleep(WAKE_EVERY_S)
                    idle_s += WAKE_EVERY_S
        except psycopg.Error:
            return  # A lost wake costs at most one poll.


async def listen(url: str, on_wake: "asyncio.Event", part: str) -> None:
    """Set `on_wake` whenever `part` is woken and after every reconnection; until cancelled."""
    await listen_for(url, {part: on_wake})


async def listen_for(url: str, on_wake: Mapping[str, "asyncio.Event"]) -> None:
    """The same for several parts, over one connection."""
    while True:
        with suppress(psycopg.Error):
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
                await conn.execute("listen nightbell")
                for event in on_wake.values():
                    event.set()
                async for note in conn.notifies():
                    for part in on_wake.keys() & set(json.loads(note.payload)):
                        on_wake[part].set()
        await asyncio.sleep(0.2)
