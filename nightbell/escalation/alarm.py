"""The alarm clock of all escalations: sleeps until the next wait ends, and moves what is due.

A wake when an escalation begins only shortens the sleep; the poll is the floor. Truth is in the
rows, so any number of these may run, and one that is killed between claim and commit loses nothing.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import psycopg

from nightbell.escalation.commands import BATCH, end_waits, give_to_supervisor
from nightbell.store.work import SERVICE, Store

log = logging.getLogger(__name__)

POLL_S = 1.0
# The database is away, or two of us met: the same again, soon. All else is the row's own fault.
OUTAGES = (psycopg.OperationalError, OSError)


async def ring_when_due(store: Store, woken: asyncio.Event) -> None:
    """Until cancelled: end every wait that is due, then sleep until the next one is."""
    while True:
        try:
            if await end_due(store) == BATCH:
                continue
            sleep_s = await _until_next_s(store)
        except (psycopg.Error, OSError) as fault:
            log.warning("escalation: %s; trying again", type(fault).__name__)
            await asyncio.sleep(0.2)
            continue
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), min(sleep_s, POLL_S))
        woken.clear()


async def end_due(store: Store) -> int:
    """One batch. If it fails, one by one; what fails alone goes to a person."""
    try:
        async with store.work(SERVICE) as work:
            return await end_waits(work, at=work.at)
    except OUTAGES:
        raise
    except Exception as fault:
        log.warning("escalation: batch failed (%s); one by one", type(fault).__name__)
    async with store.work(SERVICE) as work:
        due = await work.dicts(
            "select escalation_id from escalation where state = 'open'"
            " and due_at <= floor_now() order by due_at limit %s",
            (BATCH,),
        )
    for row in due:
        await _end_alone(store, row["escalation_id"])
    return len(due)


async def _end_alone(store: Store, escalation_id: UUID) -> None:
    try:
        async with store.work(SERVICE) as work:
            await end_waits(work, at=work.at, only=escalation_id)
    except OUTAGES:
        raise
    except Exception as fault:
        log.error("escalation: given to the supervisor (%s)", type(fault).__name__)
        try:
            async with store.work(SERVICE) as work:
                await give_to_supervisor(work, escalation_id)
        except OUTAGES:
            raise
        except Exception as again:  # Those that are due behind it must not wait for it.
            log.critical("escalation: cannot be given to anybody (%s)", type(again).__name__)


async def _until_next_s(store: Store) -> float:
    async with store.work(SERVICE) as work:
        next_at = await work.value(
            "select due_at from escalation where state = 'open' order by due_at limit 1"
        )
        if next_at is None:
            return POLL_S
        wait: timedelta = next_at - work.at
    return max(wait.total_seconds(), 0.002)
