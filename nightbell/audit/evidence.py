"""Brings a log before the verifier: from the database, or from an exported file of JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, kwargs_row

from nightbell.audit import checkpoint as checkpoints
from nightbell.audit.checkpoint import Checkpoint
from nightbell.audit.leaf import Leaf, canonical, from_canonical, leaf_hash
from nightbell.audit.tree import Node
from nightbell.audit.verify import Evidence, Row
from nightbell.core.errors import Refused

FETCH = 5000
FORMAT = "nightbell audit 1"
LEAVES = (
    "select leaf_id, at, actor, act, subject, account_id, facts, hash, position"
    " from audit_leaf order by position nulls last, at, leaf_id"
)
NODES = "select level, number, hash from audit_node order by level, number"
CHECKPOINTS = (
    "select tree_size, root, at, key_id, signature from audit_checkpoint order by tree_size"
)


class ExportRefused(Refused):
    """This is not an exported audit log, or a line of it is damaged. `nightbell audit export FILE`
    writes one; the line is named here."""


def from_database(url: str, keys: Path) -> Evidence:
    """The whole log as one instant sees it."""
    # Before the instant: what is remembered must then be in the database.
    remembered = checkpoints.latest(keys)
    with _one_instant(url) as link:
        rows: list[Row] = []
        for one in _stream(link, LEAVES):
            position, said = one.pop("position"), one.pop("hash")
            leaf = Leaf(**one)
            rows.append(Row(leaf.leaf_id, leaf_hash(leaf), said, position))
        nodes = {(one["level"], one["number"]): one["hash"] for one in _stream(link, NODES)}
        signed = link.cursor(row_factory=kwargs_row(Checkpoint)).execute(CHECKPOINTS).fetchall()
    return Evidence(rows, nodes, signed, remembered)


def export(url: str, out: IO[str]) -> int:
    """Write the whole log as JSON lines; how many leaves."""
    count = 0
    with _one_instant(url) as link:
        out.write(json.dumps({"format": FORMAT}) + "\n")
        for one in _stream(link, LEAVES):
            position, said = one.pop("position"), one.pop("hash")
            leaf = json.loads(canonical(Leaf(**one)))
            line = {"kind": "leaf", "position": position, "hash": said.hex(), **leaf}
            out.write(json.dumps(line, sort_keys=True) + "\n")
            count += 1
        for one in _stream(link, NODES):
            out.write(json.dumps({"kind": "node", **one, "hash": one["hash"].hex()}) + "\n")
        for one in _stream(link, CHECKPOINTS):
            line = {"kind": "checkpoint", **checkpoints.to_json(Checkpoint(**one))}
            out.write(json.dumps(line) + "\n")
    return count


def from_file(file: Path) -> Evidence:
    """An exported log. Nothing but the file is needed, and the public key to check it with."""
    rows: list[Row] = []
    nodes: dict[Node, bytes] = {}
    signed: list[Checkpoint] = []
    number = 0
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                one = json.loads(line)
                if number == 1:
                    if one["format"] != FORMAT:
                        raise ValueError
                    continue
                match one.pop("kind"):
                    case "leaf":
                        rows.append(_row(one))
                    case "node":
                        nodes[int(one["level"]), int(one["number"])] = bytes.fromhex(one["hash"])
                    case "checkpoint":
                        signed.append(checkpoints.from_json(one))
                    case _:
                        raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise ExportRefused(file=str(file), line=number) from None
    if number == 0:
        raise ExportRefused(file=str(file), line=1)
    return Evidence(rows, nodes, signed)


def _row(one: dict[str, Any]) -> Row:
    position, said = one.pop("position"), bytes.fromhex(one.pop("hash"))
    leaf = from_canonical(one)
    return Row(
        UUID(one["leaf"]), leaf_hash(leaf), said, None if position is None else int(position)
    )


def _one_instant(url: str) -> psycopg.Connection[Any]:
    link = psycopg.connect(url)
    link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    link.read_only = True
    return link


def _stream(link: psycopg.Connection[Any], sql: str) -> Iterator[dict[str, Any]]:
    """Row by row: a log of years does not fit in memory as objects."""
    with link.cursor("audit", row_factory=dict_row) as cursor:
        cursor.itersize = FETCH
        cursor.execute(sql.encode())
        yield from cursor
