"""Changing who works here and how they are reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from nightbell.audit.commands import record
from nightbell.core.errors import Refused
from nightbell.core.ids import PersonId, new_id, wire
from nightbell.core.phone import e164
from nightbell.people.person import Membership, Person
from nightbell.store.work import Work


class PersonRefused(Refused):
    """A clinician or office person belongs to at least one account; give the practice."""


@dataclass(frozen=True, slots=True)
class Method:
    """A contact method as edited: `verified` only by somebody who rang it and heard the person."""

    channel: str
    address: str
    label: str
    verified: bool


async def keep(
    work: Work, one: Person, memberships: Sequence[Membership], methods: Sequence[Method]
) -> PersonId:
    """Make or change a person, their memberships and their contact methods together."""
    if one.kind in ("clinician", "office") and not memberships:
        raise PersonRefused
    await work.run(
        "insert into person (person_id, name, kind, active, made_at) values (%s, %s, %s, %s, %s)"
        " on conflict (person_id) do update set name = excluded.name, kind = excluded.kind,"
        " active = excluded.active",
        (one.person_id, one.name.strip(), one.kind, one.active, work.at),
    )
    await work.run("delete from membership where person_id = %s", (one.person_id,))
    await work.run_many(
        "insert into membership (account_id, person_id, part) values (%s, %s, %s)",
        [(each.account_id, one.person_id, each.part) for each in memberships],
    )
    await _keep_methods(work, one.person_id, methods)
    if not one.active:
        await work.run(
            "update session set ended_at = %s where person_id = %s and ended_at is null",
            (work.at, one.person_id),
        )
    await record(work, "person.kept", wire("person", one.person_id))
    return one.person_id


async def _keep_methods(work: Work, person_id: PersonId, methods: Sequence[Method]) -> None:
    """Kept in order. A number that stays keeps the instant it was verified."""
    before = {
        (row["channel"], row["address"]): row
        for row in await work.dicts(
            "select contact_method_id, channel, address, verified_at from contact_method"
            " where person_id = %s",
            (person_id,),
        )
    }
    await work.run("delete from contact_method where person_id = %s", (person_id,))
    for sort, method in enumerate(methods):
        address = e164(method.address) if method.channel == "phone" else ""
        old = before.get((method.channel, address))
        verified_at = (old["verified_at"] if old else None) or work.at if method.verified else None
        await work.run(
            "insert into contact_method (contact_method_id, person_id, channel, address, label,"
            " sort, verified_at) values (%s, %s, %s, %s, %s, %s, %s)",
            (
                old["contact_method_id"] if old else new_id(),
                person_id,
                method.channel,
                address,
                method.label,
                sort,
                verified_at,
            ),
        )
