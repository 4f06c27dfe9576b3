"""A leaf of the log: one act in canonical form, and its RFC 6962 hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
            "facts": leaf.facts,
            "leaf": leaf.leaf_id.hex,
            "subject": leaf.subject,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()


def leaf_hash(leaf: Leaf) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x00 and the leaf's bytes."""
    return hashlib.sha256(b"\x00" + canonical(leaf)).digest()
