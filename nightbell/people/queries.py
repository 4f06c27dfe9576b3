"""People as they stand."""

from collections.abc import Collection
from uuid import UUID

from nightbell.people.person import ContactMethod, Membership, Person
from nightbell.store.work import Work

PERSON = "select person_id, name, kind, active from person"
METHOD = (
    "select contact_method_id, person_id, channel, address, label, sort, verified_at"
    " from contact_method"
)


async def person(work: Work, person_id: UUID) -> Person:
    return await work.need(Person, PERSON + " where person_id = %s", (person_id,))


async def people(work: Work) -> list[Person]:
    return await work.rows(Person, PERSON + " order by lower(name)")


async def names(work: Work, ids: Collection[UUID | None]) -> dict[UUID, str]:
    """The names behind `ids`, as shown on screens."""
    rows = await work.rows(
        Person, PERSON + " where person_id = any(%s)", ([one for one in ids if one is not None],)
    )
    return {row.person_id: row.name for row in rows}


async def memberships(work: Work, person_id: UUID | None = None) -> list[Membership]:
    return await work.rows(
        Membership,
        "select account_id, person_id, part from membership"
        " where %(person)s::uuid is null or person_id = %(person)s",
        {"person": person_id},
    )


async def members(work: Work, account_id: UUID, part: str) -> list[Person]:
    """An account's active people of one part: clinician, office or manager."""
    return await work.rows(
        Person,
        PERSON + " where active and person_id in"
        " (select person_id from membership where account_id = %s and part = %s)"
        " order by lower(name)",
        (account_id, part),
    )


async def contact_methods(work: Work, person_id: UUID) -> list[ContactMethod]:
    """How this person is reached, in their order; unverified ones are listed, never used."""
    return await work.rows(
        ContactMethod, METHOD + " where person_id = %s order by sort", (person_id,)
    )


async def all_contact_methods(work: Work) -> list[ContactMethod]:
    return await work.rows(ContactMethod, METHOD + " order by person_id, sort")
