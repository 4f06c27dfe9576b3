"""Calls as they stand, for screens and for the switch's fail-safe plan."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nightbell.accounts import queries as accounts
from nightbell.calls.call import Call
from nightbell.calls.commands import Draft
from nightbell.calls.control import GREETING_MISSING, greeting
from nightbell.calls.rows import CALL
from nightbell.core.ids import PersonId
from nightbell.coverage.queries import choice_for
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.telephony.port import Json

EARLIER_DAYS = 30
EARLIER_LOOKED_AT = 300  # Numbers are closed one by one, so they are compared one by one.
EARLIER_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Earlier:
    """A call before this one, from the same number to the same practice."""

    rang_at: datetime
    tier: str | None
    call_type: str | None
    disposition: str | None
    state: str


async def call(work: Work, call_id: UUID) -> Call:
    return await work.need(Call, CALL + " where call_id = %s", (call_id,))


async def live_of(work: Work, person_id: PersonId) -> Call | None:
    """The live call this agent is on, or is ringing back."""
    return await work.row(
        Call,
        CALL + " where agent_id = %s and ended_at is null order by rang_at limit 1",
        (person_id,),
    )


async def unfinished_of(work: Work, person_id: PersonId) -> list[Call]:
    """Over, still owing a disposition, and this agent's: theirs to finish, or cut off from them."""
    return await work.rows(
        Call,
        CALL + " where closed_at is null and ended_at is not null"
        " and (owner_id = %(me)s or (agent_id = %(me)s and state = 'lost' and owner_id is null))"
        " order by priority, due_at",
        {"me": person_id},
    )


async def open_calls(work: Work) -> list[Call]:
    """Every call that is over and unfinished; who was cut off first, then by what is due."""
    return await work.rows(
        Call,
        CALL + " where closed_at is null and ended_at is not null"
        " order by (state = 'lost') desc, due_at limit 200",
    )


async def numbers(work: Work, vault: Vault, one: Call) -> tuple[str, str]:
    """The caller's number and the one read back, opened: only for whoever is on the call."""
    rows = await work.dicts(
        "select caller_at_rest, callback_at_rest from call where call_id = %s", (one.call_id,)
    )
    closed = (rows[0]["caller_at_rest"], rows[0]["callback_at_rest"])
    opened = [
        await vault.open(work, one.account_id, bytes(each)) if each is not None else ""
        for each in closed
    ]
    return opened[0], opened[1]


async def earlier(work: Work, vault: Vault, one: Call, number: str) -> list[Earlier]:
    """The calls before `one` from the same number to the same practice, newest first."""
    if not number:
        return []
    rows = await work.dicts(
        "select caller_at_rest, rang_at, tier, call_type, disposition, state from call"
        " where account_id is not distinct from %s and call_id <> %s and rang_at < %s"
        " and rang_at > %s - make_interval(days => %s) and caller_at_rest is not null"
        " order by rang_at desc limit %s",
        (
            one.account_id,
            one.call_id,
            one.rang_at,
            one.rang_at,
            EARLIER_DAYS,
            EARLIER_LOOKED_AT,
        ),
    )
    found: list[Earlier] = []
    for row in rows:
        if await vault.open(work, one.account_id, bytes(row.pop("caller_at_rest"))) == number:
            found.append(Earlier(**row))
        if len(found) == EARLIER_SHOWN:
            break
    return found


async def draft(work: Work, call_id: UUID) -> Draft | None:
    return await work.row(
        Draft,
        "select sealed, edition, saved_at, saved_by from draft where call_id = %s",
        (call_id,),
    )


async def failsafe_plan(work: Work) -> dict[str, Json]:
    """What the switch does alone: each number's greeting as of now, and whom it may wake."""
    spoken: dict[UUID, str] = {}
    for account in await accounts.accounts(work):
        try:
            said = await greeting(work, account, await choice_for(work, account))
        except (KeyError, ValueError):  # A zone nobody knows: one practice's plan, not all of them.
            said = GREETING_MISSING
        spoken[account.account_id] = said
    dids: dict[str, Json] = {
        did.number: {"prompts": [spoken[did.account_id]]}
        for did in await accounts.dids(work)
        if did.account_id in spoken
    }
    rows = await work.dicts("select caller_id, emergency_numbers from service")
    plan: dict[str, Json] = {
        "dids": dids,
        "emergency": list(rows[0]["emergency_numbers"]) if rows else [],
        "caller_id": rows[0]["caller_id"] if rows else "",
    }
    digest = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    return {"version": digest[:16], **plan}
