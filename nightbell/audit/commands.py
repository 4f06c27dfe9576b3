"""Writing to the log: a leaf in the act's own transaction, without a lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.audit.leaf import Leaf, leaf_hash
from nightbell.core.ids import new_id
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class Act:
    """An act about to be recorded, where many are recorded at once."""

    act: str
    subject: str
    account_id: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def record_all(work: Work, acts: Sequence[Act]) -> None:
    """The same as `record` for many acts, in one statement."""
    leaves = [
        Leaf(
            new_id(),
            work.at,
            work.scope.actor,
            one.act,
            one.subject,
            one.account_id,
            dict(one.facts),
        )
        for one in acts
    ]
    await work.run(
        "insert into audit_leaf (leaf_id, at, actor, act, subject, account_id, facts, hash)"
        " select leaf_id, %s, %s, act, subject, account_id, facts, hash"
        " from unnest(%b::uuid[], %b::text[], %b::text[], %b::uuid[], %b::jsonb[], %b::bytea[])"
        " as a (leaf_id, act, subject, account_id, facts, hash)",
        (
            work.at,
            work.scope.actor,
            [one.leaf_id for one in leaves],
            [one.act for one in leaves],
            [one.subject for one in leaves],
            [one.account_id for one in leaves],
            [Jsonb(dict(one.facts)) for one in leaves],
            [leaf_hash(one) for one in leaves],
        ),
    )


async def record(
    work: Work,
    act: str,
    subject: str,
    *,
    account_id: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Keep that the asker did `act` to `subject` (a wire id). Facts: ids, counts, our own words."""
    leaf = Leaf(new_id(), work.at, work.scope.actor, act, subject, account_id, dict(facts or {}))
    await work.run(
        "insert into audit_leaf (leaf_id, at, actor, act, subject, account_id, facts, hash)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            leaf.leaf_id,
            leaf.at,
            leaf.actor,
            leaf.act,
            leaf.subject,
            leaf.account_id,
            Jsonb(dict(leaf.facts)),
            leaf_hash(leaf),
        ),
    )
