"""Writing to the log: a leaf in the act's own transaction, without a lock."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.audit.leaf import Leaf, leaf_hash
from nightbell.core.ids import new_id
from nightbell.store.work import Work


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
