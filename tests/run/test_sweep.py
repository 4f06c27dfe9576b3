"""A year of nights and the tables stay small."""

from datetime import timedelta

import psycopg
import pytest

from nightbell.run import worker
from nightbell.store.work import SERVICE, Store
from tests.ground import Database

pytestmark = pytest.mark.anyio


async def test_what_nobody_asks_for_again_is_gone_after_a_week(database: Database):
    with psycopg.connect(database.owner) as conn:
        conn.execute(
            "insert into switch_event (switch, epoch, seq, at, kind, facts)"
            " select 's', 1, n, floor_now(), case n when 1 then 'switch.started' else 'leg.ended'"
            " end, '{}' from generate_series(1, 5) n"
        )
        conn.execute(
            "insert into switch_command (command_id, switch, op, args, done_at)"
            " values (gen_random_uuid(), '', 'hangup', '{}', floor_now()),"
            " (gen_random_uuid(), '', 'hangup', '{}', null)"
        )
        conn.execute(
            "insert into person (person_id, name, kind)"
            " values ('00000000-0000-0000-0000-0000000000d1', 'Dana', 'agent')"
        )
        conn.execute(
            "insert into session (token_hash, person_id, csrf)"
            " values ('x', '00000000-0000-0000-0000-0000000000d1', 'y')"
        )
    store = await Store(database.worker).open()
    counts = []
    for days in (0, 8):
        database.clock.forward(timedelta(days=days))
        async with store.work(SERVICE) as work:
            await worker._sweep(work)  # pyright: ignore[reportPrivateUsage]
        with psycopg.connect(database.owner) as conn:
            counts.append(
                conn.execute(
                    "select (select count(*) from switch_event),"
                    " (select count(*) from switch_command), (select count(*) from session)"
                ).fetchone()
            )
    await store.close()
    assert counts == [(5, 2, 1), (1, 1, 0)]
