"""Orders to the switch: kept with the act that gives them, carried out in order after it."""

from collections.abc import Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.core.ids import LegId, new_id
from nightbell.store.work import Work
from nightbell.telephony.port import Json, Op

Dial = tuple[UUID | None, bytes]  # whose key closed the number, and the closed number

SWITCH_PART = "switch"  # the row of `beat` that says which switch is ours, and its epoch


async def order(
    work: Work,
    op: Op,
    *,
    leg: UUID | None = None,
    call_id: UUID | None = None,
    args: Mapping[str, Json] | None = None,
    dial: Dial | None = None,
) -> UUID:
    """Ask `op` of the switch that holds `leg` (or the call's, or ours) once this work is kept.

    `dial` is a number to ring, closed at rest; it is opened only when the order is carried out.
    """
    command_id = new_id()
    asked = dict(args or {})
    if leg is not None:
        asked["leg"] = leg.hex
    account_id, closed = dial or (None, None)
    await work.run(
        "insert into switch_command"
        " (command_id, switch, op, args, args_at_rest, account_id, put_at)"
        " values (%(command)s, coalesce("
        "   (select nullif(switch, '') from leg where leg_id = %(leg)s),"
        "   (select switch from call where call_id = %(call)s),"
        "   (select facts->>'switch' from beat where part = %(part)s), ''),"
        " %(op)s, %(args)s, %(closed)s, %(account)s, %(at)s)",
        {
            "command": command_id, "leg": leg, "call": call_id, "part": SWITCH_PART,
            "op": op.value, "args": Jsonb(asked), "closed": closed, "account": account_id,
            "at": work.at,
        },
    )  # fmt: skip
    work.wake("switch")
    return command_id


async def new_leg(
    work: Work,
    kind: str,
    *,
    call_id: UUID | None = None,
    account_id: UUID | None = None,
    person_id: UUID | None = None,
    page_id: UUID | None = None,
) -> LegId:
    """A leg of ours, not yet dialled: what the switch says of it will find its owner."""
    leg_id = LegId(new_id())
    await work.run(
        "insert into leg (leg_id, kind, call_id, account_id, person_id, page_id, made_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (leg_id, kind, call_id, account_id, person_id, page_id, work.at),
    )
    return leg_id


async def join(work: Work, leg: UUID, call_id: UUID) -> None:
    """Put `leg` into the call's room, to talk."""
    await order(work, Op.JOIN, leg=leg, call_id=call_id, args={"room": call_id.hex, "mode": "talk"})


async def our_epoch(work: Work) -> tuple[str, int]:
    """The switch we are on, and how often it has started, as the worker last saw it."""
    rows = await work.dicts("select facts from beat where part = %s", (SWITCH_PART,))
    facts = rows[0]["facts"] if rows else {}
    return str(facts.get("switch", "")), int(facts.get("epoch", 0))
