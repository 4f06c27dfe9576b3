"""Reads the call types from their file, and writes them as the JSON that a browser is given."""

from functools import cache
from pathlib import Path
from typing import Any

from nightbell.scripts.call_types import CallType, Field, read_call_type, read_field
from nightbell.triage.library import read_yaml
from nightbell.triage.protocol import Reader

HERE = Path(__file__).parent


@cache
def load_call_types() -> tuple[CallType, ...]:
    """The call types of a medical account, in the order they are offered."""
    return read_call_types(HERE / "call_types.yaml")


def read_call_types(file: Path) -> tuple[CallType, ...]:
    top = Reader(read_yaml(file), file.name)
    fields = {
        an_id: read_field(an_id, node, top.at(f"fields > {an_id}"))
        for an_id, node in top.pairs("fields").items()
    }
    call_types = tuple(read_call_type(one, fields) for one in top.each("call_types"))
    top.done()
    return call_types


def call_type_json(one: CallType) -> dict[str, Any]:
    """`starts` says what opens: triage, the message form, approved facts, or closing the call."""
    return {
        "id": one.id,
        "label": dict(one.label),
        "say": dict(one.say),
        "starts": one.starts,
        "disposition": one.disposition,
        "tier": one.tier.value if one.tier else None,
        "checks": [
            {"id": check.id, "ask": dict(check.ask), "opens": check.opens} for check in one.checks
        ],
        "fields": [_field_json(field) for field in one.fields],
        "facts": list(one.facts),
        "closes_as": one.closes_as,
    }


def _field_json(field: Field) -> dict[str, Any]:
    return {
        "id": field.id,
        "label": dict(field.label),
        "kind": field.kind,
        "needed": field.needed,
        "read_back": field.read_back,
    }
