"""Sign-ins and sessions as they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from nightbell.access.session import Session
from nightbell.core.ids import AccountId, KeyId, PersonId
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class SignInRow:
    person_id: PersonId
    active: bool
    salt: bytes
    kdf: Mapping[str, Any]
    verifier_hash: str
    wrapped_key: bytes
    failures: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Myself:
    name: str
    kind: Literal["agent", "supervisor", "administrator", "clinician", "office"]
    salt: bytes
    kdf: Mapping[str, Any]
    wrapped_key: bytes
    key_id: KeyId
    age_recipient: str
    sign_public: str
    service_name: str
    is_demo: bool


@dataclass(frozen=True, slots=True)
class Belongs:
    account_id: AccountId
    name: str


SIGN_IN: LiteralString = (
    "select s.person_id, p.active, s.salt, s.kdf, s.verifier_hash, s.wrapped_key, s.failures,"
    " s.locked_until from sign_in s join person p using (person_id)"
)


async def sign_in_row(work: Work, handle: str) -> SignInRow | None:
    return await work.row(SignInRow, SIGN_IN + " where s.handle = %s", (handle,))


async def take_sign_in(
    work: Work, *, handle: str | None = None, person_id: UUID | None = None
) -> SignInRow | None:
    """A sign-in by its name or its person, locked until this work ends."""
    return await work.row(
        SignInRow,
        SIGN_IN + " where s.handle = %s or s.person_id = %s for update of s",
        (handle, person_id),
    )


async def session_of(work: Work, token_hash: bytes) -> Session | None:
    return await work.row(
        Session,
        "select s.person_id, p.name, p.kind, p.active, s.csrf, s.made_at, s.seen_at, s.ended_at"
        " from session s join person p using (person_id) where s.token_hash = %s",
        (token_hash,),
    )


async def belongs_to(work: Work, person_id: PersonId | UUID) -> list[Belongs]:
    """The practices a clinician or office person belongs to."""
    return await work.rows(
        Belongs,
        "select a.account_id, a.name from membership m join account a using (account_id)"
        " where m.person_id = %s and a.active order by a.name",
        (person_id,),
    )


async def myself(work: Work, person_id: PersonId | UUID) -> Myself | None:
    """What a person's own browser is told; None while they have no keys."""
    return await work.row(
        Myself,
        "select p.name, p.kind, s.salt, s.kdf, s.wrapped_key, k.key_id, k.age_recipient,"
        " k.sign_public, coalesce((select name from service), 'Nightbell') as service_name,"
        " coalesce((select is_demo from service), false) as is_demo"
        " from person p join sign_in s using (person_id)"
        " join key_entry k on k.person_id = p.person_id and k.holder = 'person'"
        " and k.retired_at is null where p.person_id = %s",
        (person_id,),
    )


@dataclass(frozen=True, slots=True)
class _Handle:
    person_id: PersonId
    handle: str


async def handles(work: Work) -> dict[PersonId, str]:
    """Who has a sign-in, and by what name."""
    found = await work.rows(_Handle, "select person_id, handle from sign_in")
    return {one.person_id: one.handle for one in found}
