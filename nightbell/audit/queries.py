"""What is asked of the log's tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nightbell.audit.checkpoint import Checkpoint
from nightbell.audit.tree import Node, hash_of, inclusion, whole
from nightbell.core.errors import NotFound
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class Unplaced:
    leaf_id: UUID
    hash: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """Leaves without a position. Seconds of them are a pause; minutes are an alarm."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What shows anybody that a leaf is in the log: check with `tree.includes`."""

    leaf_id: UUID
    hash: bytes
    position: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class _Place:
    hash: bytes
    position: int | None


@dataclass(frozen=True, slots=True)
class _NodeRow:
    level: int
    number: int
    hash: bytes


async def waiting(work: Work) -> Waiting:
    return await work.need(
        Waiting,
        "select count(*) as count, min(at) as oldest_at from audit_leaf where position is null",
    )


async def latest_checkpoint(work: Work) -> Checkpoint | None:
    return await work.row(
        Checkpoint,
        "select tree_size, root, at, key_id, signature from audit_checkpoint"
        " order by tree_size desc limit 1",
    )


async def unplaced(work: Work, limit: int) -> list[Unplaced]:
    return await work.rows(
        Unplaced,
        "select leaf_id, hash from audit_leaf where position is null order by at, leaf_id limit %s",
        [limit],
    )


async def nodes(work: Work, wanted: list[Node]) -> dict[Node, bytes]:
    rows = await work.rows(
        _NodeRow,
        "select level, number, hash from audit_node"
        " join unnest(%s::smallint[], %s::bigint[]) as wanted (level, number)"
        " using (level, number)",
        [[level for level, _ in wanted], [number for _, number in wanted]],
    )
    return {(row.level, row.number): row.hash for row in rows}


async def inclusion_of(work: Work, leaf_id: UUID) -> Inclusion:
    """The proof that a leaf is under the newest checkpoint; NotFound until it is placed."""
    place = await work.need(
        _Place, "select hash, position from audit_leaf where leaf_id = %s", [leaf_id]
    )
    checkpoint = await latest_checkpoint(work)
    if place.position is None or checkpoint is None or place.position >= checkpoint.tree_size:
        raise NotFound
    path = inclusion(place.position, checkpoint.tree_size)
    kept = await nodes(work, [node for span in path for node in whole(span)])
    proof = tuple(hash_of(span, kept) for span in path)
    return Inclusion(leaf_id, place.hash, place.position, proof, checkpoint)


async def positions(work: Work, subject: str) -> list[dict[str, Any]]:
    """Each act on a subject and where its leaf stands; `position` is null while it waits."""
    return await work.dicts(
        "select leaf_id, at, actor, act, position from audit_leaf where subject = %s"
        " order by at, leaf_id",
        [subject],
    )
