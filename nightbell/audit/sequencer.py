"""Places waiting leaves in the tree once a second and signs the root. Writers never wait for it."""

import asyncio
import logging

import psycopg

from nightbell.audit import queries
from nightbell.audit.checkpoint import Checkpoint, Signer
from nightbell.audit.tree import grow, peaks, root
from nightbell.core.errors import Broken, NightbellError
from nightbell.store.work import SERVICE, Store, Work

log = logging.getLogger(__name__)

BATCH = 5000
EVERY_S = 1.0
# Any number, always this one: of several workers, one places at a time.
LOCK = 0x617564697400


class TreeBroken(Broken):
    """The audit tree has lost nodes, so no leaf can be placed; leaves wait safely. Run
    `nightbell audit verify`, which names what was lost."""


async def place(work: Work, signer: Signer) -> Checkpoint | None:
    """Give every waiting leaf (up to a batch) its position; the checkpoint over them, or None."""
    if not await work.value("select pg_try_advisory_xact_lock(%s)", [LOCK]):
        return None
    waiting = await queries.unplaced(work, BATCH)
    if not waiting:
        return None
    before = await queries.latest_checkpoint(work)
    size = before.tree_size if before else 0
    kept = await queries.nodes(work, peaks(size))
    if len(kept) != len(peaks(size)):
        raise TreeBroken(tree_size=size)
    made = grow(size, kept, [leaf.hash for leaf in waiting])
    await work.run(
        "update audit_leaf set position = place.position"
        " from unnest(%s::uuid[], %s::bigint[]) as place (leaf_id, position)"
        " where audit_leaf.leaf_id = place.leaf_id and audit_leaf.position is null",
        [[leaf.leaf_id for leaf in waiting], list(range(size, size + len(waiting)))],
    )
    await work.run(
        "insert into audit_node (level, number, hash)"
        " select * from unnest(%s::smallint[], %s::bigint[], %s::bytea[])",
        [
            [level for level, _ in made],
            [number for _, number in made],
            list(made.values()),
        ],
    )
    grown = size + len(waiting)
    signed = signer.sign(grown, root(grown, kept | made), work.at, previous=size)
    await work.run(
        "insert into audit_checkpoint (tree_size, root, at, key_id, signature)"
        " values (%s, %s, %s, %s, %s)",
        [signed.tree_size, signed.root, signed.at, signed.key_id, signed.signature],
    )
    return signed


async def place_all(store: Store, signer: Signer) -> int:
    """Place until nothing waits; how many checkpoints that took."""
    count = 0
    while True:
        async with store.work(SERVICE) as work:
            signed = await place(work, signer)
        if signed is None:
            return count
        # After the commit: what is remembered outside must be in the log.
        signer.remember(signed)
        count += 1


async def run(store: Store, signer: Signer) -> None:
    """Until cancelled. While the database is away the leaves wait, and are counted by `queries`."""
    while True:
        try:
            await place_all(store, signer)
        except (psycopg.Error, NightbellError, OSError) as fault:
            log.warning("audit: %s; trying again", type(fault).__name__)
        await asyncio.sleep(EVERY_S)
