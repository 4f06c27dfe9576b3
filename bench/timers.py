"""How late an escalation moves on, and how many a second, beside a bare claim loop in the same run.

Late: from the instant a wait ends to the commit that holds its next order. The bare loop claims the
same number of rows with FOR UPDATE SKIP LOCKED and marks them, with no rules, orders or audit.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from bench.cluster import cluster
from nightbell.escalation import alarm
from nightbell.store.postgres import url_as
from nightbell.store.work import SERVICE, Scope, Store, Work

PENDING = (1_000, 10_000, 100_000)
A_SECOND = 1_000  # due each second while lateness is measured
SECONDS = 4
HEAD_START = timedelta(seconds=2)
ROUNDS, BURST = 5, 4_000
BARE_BATCH = 100

SETUP = """
insert into account (account_id, name, time_zone, answer_phrase, caller_id, fallback_text)
values (md5('a')::uuid, 'Riverside Cardiology', 'America/New_York', '', '+12125550100', '');
insert into service (name, answer_phrase, caller_id) values ('Bench', '', '+12125550101');
create table bare (n bigint primary key, due_at timestamptz not null, done_at timestamptz);
create index bare_due on bare (due_at) where done_at is null;
grant select, update on bare to nightbell_worker;
"""
CALLS = """
insert into call (call_id, account_id, did, coverage, state, switch, epoch, leg_id, rang_at)
select md5('c' || n)::uuid, md5('a')::uuid, '', 'open', 'talking', '', 1, md5('l' || n)::uuid,
       floor_now() from generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
ESCALATIONS = """
insert into escalation (escalation_id, account_id, call_id, tier, policy, step, sent, state, due_at,
                        made_at)
select md5('e' || n)::uuid, md5('a')::uuid, md5('c' || n)::uuid, 'T2',
       '{"schema": 1, "untaken_s": 60, "steps": [{"role": "backup", "pages": 5, "wait_s": 3600}]}',
       0, 1, 'open', %(due)s::timestamptz + (n - %(first)s) * %(apart)s::interval, floor_now()
from generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
BARE = """
insert into bare (n, due_at)
select n, %(due)s::timestamptz + (n - %(first)s) * %(apart)s::interval
from generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
CLAIM_BARE = """
select n, due_at from bare where done_at is null and due_at <= floor_now()
order by due_at limit %s for update skip locked
"""


class Watched(Store):
    """A store that notes when each transaction had committed, by the instant it began."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.committed: dict[datetime, float] = {}

    @asynccontextmanager
    async def work(self, scope: Scope) -> AsyncGenerator[Work]:
        async with super().work(scope) as work:
            yield work
        self.committed[work.at] = time.time()  # Wall time, to set beside the rows' own.


class Bench:
    def __init__(self, admin: str, store: Watched) -> None:
        self.owner = url_as(admin, "nightbell_owner")
        self.store = store
        self.made = 0

    async def seed(self, count: int, due_in: timedelta, apart: timedelta, *tables: str) -> None:
        """So many rows more, the first due then."""
        first, self.made = self.made + 1, self.made + count
        span = {"first": first, "last": self.made, "apart": apart}
        async with await psycopg.AsyncConnection.connect(self.owner) as conn:
            for table in tables:
                row = await (await conn.execute("select floor_now()")).fetchone()
                assert row is not None
                await conn.execute(table.encode(), {**span, "due": row[0] + due_in})

    async def sql(self, sql: str) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self.owner, autocommit=True) as conn:
            cursor = await conn.execute(sql.encode())
            return await cursor.fetchall() if cursor.description else []

    async def lateness_ms(self) -> list[float]:
        """Of a thousand due each second for some seconds, sorted."""
        self.store.committed.clear()
        # Calls first: the instants to be met are set when nothing else is left to insert.
        count = A_SECOND * SECONDS
        await self.seed(count, HEAD_START, timedelta(0), CALLS)
        self.made -= count
        apart = timedelta(seconds=1 / A_SECOND)
        await self.seed(count, HEAD_START, apart, ESCALATIONS)
        due = {
            row[0]: row[1]
            for row in await self.sql(
                "select 'escalation_' || replace(escalation_id::text, '-', ''), due_at"
                " from escalation where due_at < floor_now() + interval '30 s'"
            )
        }
        ringing = asyncio.create_task(alarm.ring_when_due(self.store, asyncio.Event()))
        await asyncio.sleep(HEAD_START.total_seconds() + SECONDS + 1)
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
        moved = await self.sql("select subject, at from audit_leaf")
        late = [
            (self.store.committed[at] - due[subject].timestamp()) * 1000
            for subject, at in moved
            if subject in due
        ]
        assert len(late) == count, f"{count} were due, {len(late)} moved on"
        return sorted(late)

    async def bare_lateness_ms(self) -> list[float]:
        """The bare loop, given the same to do."""
        apart = timedelta(seconds=1 / A_SECOND)
        count = A_SECOND * SECONDS
        await self.seed(count, HEAD_START, apart, BARE)
        late: list[float] = []
        until = time.monotonic() + HEAD_START.total_seconds() + SECONDS + 5
        while len(late) < count and time.monotonic() < until:
            due = await self.claim_bare(BARE_BATCH)
            now = time.time()
            late += [(now - at.timestamp()) * 1000 for at in due]
            if not due:
                await asyncio.sleep(0.002)
        return sorted(late)

    async def claim_bare(self, limit: int) -> list[datetime]:
        async with self.store.work(SERVICE) as work:
            rows = await work.dicts(CLAIM_BARE, (limit,))
            await work.run(
                "update bare set done_at = %s where n = any(%s)",
                (work.at, [row["n"] for row in rows]),
            )
        return [row["due_at"] for row in rows]

    async def a_second(self, one_batch: Callable[[], Awaitable[int]], count: int) -> float:
        began, done = time.perf_counter(), 0
        while done < count:
            did = await one_batch()
            assert did, "fewer were due than were seeded"
            done += did
        return done / (time.perf_counter() - began)


def rows() -> list[dict[str, Any]]:
    with cluster() as admin:
        return asyncio.run(_rows(admin))


async def _rows(admin: str) -> list[dict[str, Any]]:
    store = Watched(url_as(admin, "nightbell_worker"))
    await store.open()
    bench = Bench(admin, store)
    await bench.sql(SETUP)
    found: list[dict[str, Any]] = []
    await _throughput(bench)  # Warms both up; not counted.
    pending = 0
    for wanted in PENDING:
        far, apart = timedelta(hours=2), timedelta(milliseconds=1)
        await bench.seed(wanted - pending, far, apart, CALLS, ESCALATIONS, BARE)
        pending = wanted
        await bench.sql("vacuum analyze escalation")
        await bench.sql("vacuum analyze bare")
        bare, late = await bench.bare_lateness_ms(), await bench.lateness_ms()
        name = f"{wanted // 1000}k_pending"
        found += [
            _row(f"late_ms_p50_{name}", _at(late, 0.50), "ms", _at(bare, 0.50), None),
            _row(f"late_ms_p99_{name}", _at(late, 0.99), "ms", _at(bare, 0.99), 100),
        ]
    found.append(await _throughput(bench))
    await store.close()
    return found


async def _throughput(bench: Bench) -> dict[str, Any]:
    """Bursts of both, taken in turn: medians, and their ratio."""
    ours: list[float] = []
    bare: list[float] = []

    async def claim() -> int:
        return len(await bench.claim_bare(BARE_BATCH))

    async def move() -> int:
        return await alarm.end_due(bench.store)

    for _ in range(ROUNDS):
        await bench.seed(BURST, timedelta(hours=-1), timedelta(0), CALLS, ESCALATIONS, BARE)
        bare.append(await bench.a_second(claim, BURST))
        ours.append(await bench.a_second(move, BURST))
    value, floor = statistics.median(ours), statistics.median(bare)
    row = _row("moved_on_a_second_100k_pending", value, "/s", floor, 0.5)
    row["floor_spread"] = round((max(bare) - min(bare)) / floor, 2)
    return row


def _at(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def _row(metric: str, value: float, unit: str, floor: float, goal: float | None) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": round(value, 2),
        "unit": unit,
        "floor": round(floor, 2),
        "ratio": round(value / floor, 2),
        "goal": goal,
    }
