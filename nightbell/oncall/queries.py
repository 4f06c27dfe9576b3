"""On call as it stands in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from uuid import UUID

from nightbell.core.ids import AccountId, PersonId
from nightbell.oncall.gaps import Reach
from nightbell.oncall.resolve import OnCall, Override
from nightbell.oncall.rota import Rotation
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class _RoleRow:
    account_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class _RotaRow:
    account_id: UUID
    role: str
    time_zone: str
    every: Literal["day", "week"]
    handoff_at: time
    starts_on: date
    people: list[UUID]


@dataclass(frozen=True, slots=True)
class _OverrideRow:
    account_id: UUID
    role: str
    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str


async def on_call(work: Work, account_id: UUID) -> OnCall:
    """Who is on call for one account: roles in their order, rotations, overrides."""
    return (await on_calls(work, [account_id]))[AccountId(account_id)]


async def on_calls(work: Work, accounts: Collection[UUID]) -> dict[AccountId, OnCall]:
    """The same for several accounts at once."""
    ids = list(set(accounts))
    roles = await work.rows(
        _RoleRow,
        "select account_id, role from oncall_role where account_id = any(%s) order by sort, role",
        (ids,),
    )
    rotas = await work.rows(
        _RotaRow,
        "select account_id, role, time_zone, every, handoff_at, starts_on, people from rota"
        " where account_id = any(%s)",
        (ids,),
    )
    overrides = await work.rows(
        _OverrideRow,
        "select account_id, role, person_id, lower(during) as starts_at, upper(during) as ends_at,"
        " reason from override where account_id = any(%s) order by lower(during)",
        (ids,),
    )
    return {
        AccountId(account): OnCall(
            tuple(one.role for one in roles if one.account_id == account),
            tuple(_rotation(one) for one in rotas if one.account_id == account),
            tuple(_override(one) for one in overrides if one.account_id == account),
        )
        for account in ids
    }


async def reach(work: Work, people: Collection[UUID]) -> dict[PersonId, Reach]:
    """How each person is named and whether a verified telephone reaches them."""
    found = await work.rows(
        _ReachRow,
        "select p.person_id, p.name, p.active, exists (select 1 from contact_method c"
        "  where c.person_id = p.person_id and c.channel = 'phone'"
        "  and c.verified_at is not null) as by_phone"
        " from person p where p.person_id = any(%s)",
        (list(set(people)),),
    )
    return {PersonId(one.person_id): Reach(one.name, one.active and one.by_phone) for one in found}


@dataclass(frozen=True, slots=True)
class _ReachRow:
    person_id: UUID
    name: str
    active: bool
    by_phone: bool


def _rotation(row: _RotaRow) -> Rotation:
    people = tuple(PersonId(one) for one in row.people)
    return Rotation(row.role, row.time_zone, row.every, row.handoff_at, row.starts_on, people)


def _override(row: _OverrideRow) -> Override:
    return Override(row.role, PersonId(row.person_id), row.starts_at, row.ends_at, row.reason)
