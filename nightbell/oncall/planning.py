"""Changing who is on call: roles and rotas kept together, overrides one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from psycopg.errors import ExclusionViolation, ForeignKeyViolation
from psycopg.types.range import TimestamptzRange

from nightbell.audit.commands import record
from nightbell.core.errors import NotFound, Refused, Stale
from nightbell.core.ids import AccountId, PersonId, new_id, wire
from nightbell.store.news import tell
from nightbell.store.work import Work

PEOPLE_MAX = 50


class RotaRefused(Refused):
    """A rota names a role of this account, 1 to 50 of its clinicians, and turns by day or week."""


class OverrideRefused(Refused):
    """An override ends after it starts, names a role of this account and one of its clinicians."""


class OverrideTaken(Stale):
    """Somebody already holds that role by an override then. Look at it, and change it first."""


@dataclass(frozen=True, slots=True)
class RotaForm:
    role: str
    every: str  # day | week
    handoff_at: time
    starts_on: date
    people: Sequence[PersonId]


async def keep_rotas(
    work: Work, account_id: AccountId, zone: str, roles: Sequence[str], rotas: Sequence[RotaForm]
) -> None:
    """Roles in their order and one rota each, kept together or not at all."""
    clinicians = await _clinicians(work, account_id)
    names = [role.strip() for role in roles if role.strip()]
    for rota in rotas:
        fits = 1 <= len(rota.people) <= PEOPLE_MAX and set(rota.people) <= clinicians
        if rota.role not in names or rota.every not in ("day", "week") or not fits:
            raise RotaRefused
    await work.run("delete from rota where account_id = %s", (account_id,))
    try:
        await work.run(
            "delete from oncall_role where account_id = %s and not role = any(%s)",
            (account_id, names),
        )
    except ForeignKeyViolation:
        raise OverrideTaken from None
    for sort, role in enumerate(names):
        await work.run(
            "insert into oncall_role (account_id, role, sort) values (%s, %s, %s)"
            " on conflict (account_id, role) do update set sort = excluded.sort",
            (account_id, role, sort),
        )
    for rota in rotas:
        await work.run(
            "insert into rota (rota_id, account_id, role, time_zone, every, handoff_at, starts_on,"
            " people) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                new_id(),
                account_id,
                rota.role,
                zone,
                rota.every,
                rota.handoff_at,
                rota.starts_on,
                list(rota.people),
            ),
        )
    await record(work, "rota.kept", wire("account", account_id), account_id=account_id)
    await tell(work, "oncall.changed", account_id=account_id)


async def add_override(
    work: Work,
    account_id: AccountId,
    *,
    role: str,
    person_id: PersonId,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    made_by: PersonId,
) -> UUID:
    """Put one person in a role for a while. Two at once for the same time: one is told why not."""
    if ends_at <= starts_at or person_id not in await _clinicians(work, account_id):
        raise OverrideRefused
    override_id = new_id()
    try:
        await work.run(
            "insert into override (override_id, account_id, role, person_id, during, made_by,"
            " made_at, reason) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                override_id,
                account_id,
                role,
                person_id,
                TimestamptzRange(starts_at, ends_at, "[)"),
                made_by,
                work.at,
                reason,
            ),
        )
    except ExclusionViolation:
        raise OverrideTaken from None
    except ForeignKeyViolation:
        raise OverrideRefused from None
    await record(
        work,
        "override.made",
        wire("override", override_id),
        account_id=account_id,
        facts={"role": role, "person": wire("person", person_id)},
    )
    await tell(work, "oncall.changed", account_id=account_id)
    return override_id


@dataclass(frozen=True, slots=True)
class KeptOverride:
    override_id: UUID
    role: str
    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str


async def overrides(work: Work, account_id: AccountId) -> list[KeptOverride]:
    """The account's overrides that are not over, soonest first."""
    return await work.rows(
        KeptOverride,
        "select override_id, role, person_id, lower(during) as starts_at,"
        " upper(during) as ends_at, reason from override"
        " where account_id = %s and upper(during) > floor_now() order by lower(during)",
        (account_id,),
    )


async def drop_override(work: Work, account_id: AccountId, override_id: UUID) -> None:
    gone = await work.run(
        "delete from override where account_id = %s and override_id = %s",
        (account_id, override_id),
    )
    if not gone:
        raise NotFound
    await record(work, "override.dropped", wire("override", override_id), account_id=account_id)
    await tell(work, "oncall.changed", account_id=account_id)


async def _clinicians(work: Work, account_id: AccountId) -> set[PersonId]:
    rows = await work.dicts(
        "select person_id from membership where account_id = %s and part = 'clinician'",
        (account_id,),
    )
    return {PersonId(row["person_id"]) for row in rows}
