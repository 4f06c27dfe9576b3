"""Keeping what a practice agreed to: one policy a tier, checked before it can be paged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.audit.commands import record
from nightbell.core.errors import Refused
from nightbell.core.ids import wire
from nightbell.core.tier import Tier
from nightbell.escalation.agreed import policy_of
from nightbell.store.work import Work


class PolicyRoleRefused(Refused):
    """A policy may page only roles of this account. Add the role first."""


@dataclass(frozen=True, slots=True)
class Agreed:
    tier: str
    steps: Sequence[Mapping[str, Any]]  # {"role", "pages", "wait_s"}
    version: int


async def policies(work: Work, account_id: UUID) -> list[Agreed]:
    return await work.rows(
        Agreed,
        "select tier, steps, version from policy where account_id = %s order by tier",
        (account_id,),
    )


async def keep_policy(
    work: Work,
    account_id: UUID,
    tier: Tier,
    steps: Sequence[Mapping[str, Any]],
    *,
    roles: Sequence[str],
) -> None:
    """Escalations already running keep the copy they began with."""
    policy_of(steps)
    if any(step["role"] not in roles for step in steps):
        raise PolicyRoleRefused
    await work.run(
        "insert into policy (account_id, tier, steps, changed_at) values (%s, %s, %s, %s)"
        " on conflict (account_id, tier) do update set steps = excluded.steps,"
        " version = policy.version + 1, changed_at = excluded.changed_at",
        (account_id, tier, Jsonb([dict(step) for step in steps]), work.at),
    )
    await record(
        work,
        "policy.kept",
        wire("account", account_id),
        account_id=account_id,
        facts={"tier": tier, "steps": len(steps)},
    )
