"""A leaf of the log: one act in canonical form, and its RFC 6962 hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Leaf:
    leaf_id: UUID
    at: datetime
    actor: str
    act: str
    subject: str
    account_id: UUID | None
    facts: Mapping[str, Any]


def canonical(leaf: Leaf) -> bytes:
    """The leaf as sorted JSON without spaces: the same act is the same bytes, anywhere."""
    return json.dumps(
        {
            "account": leaf.account_id.hex if leaf.account_id else None,
            "act": leaf.act,
            "actor": leaf.actor,
            "at": leaf.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "facts": settled(leaf.facts),
            "leaf": leaf.leaf_id.hex,
            "subject": leaf.subject,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()


def from_canonical(fields: Mapping[str, Any]) -> Leaf:
    """The leaf behind a canonical form that was read back."""
    return Leaf(
        leaf_id=UUID(fields["leaf"]),
        at=datetime.fromisoformat(fields["at"]),
        actor=fields["actor"],
        act=fields["act"],
        subject=fields["subject"],
        account_id=UUID(fields["account"]) if fields["account"] else None,
        facts=fields["facts"],
    )


def settled(value: Any) -> Any:
    """`value` as it is after a journey through JSON and the database: the hash must survive both.

    PostgreSQL keeps numbers exactly but writes them its own way (1e3 comes back as 1000).
    """
    match value:
        case dict():
            return {str(name): settled(one) for name, one in value.items()}
        case list() | tuple():
            return [settled(one) for one in value]
        case float():
            exact = Decimal(repr(value))
            return int(exact) if exact == exact.to_integral_value() else value
        case _:
            return value


def leaf_hash(leaf: Leaf) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x00 and the leaf's bytes."""
    return hashlib.sha256(b"\x00" + canonical(leaf)).digest()
