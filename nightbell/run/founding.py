"""The first things a fresh service has: its name, the desk's key, people who can sign in.

Both the demonstration (`seed`) and a real service's first administrator are made here, through the
rooms' own commands. Keys are made in this process once and leave it closed.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from nightbell.access.commands import keep_sign_in
from nightbell.access.verifier import hash_verifier, tidy_handle
from nightbell.core.ids import PersonId
from nightbell.sealing.commands import keep_desk_key, keep_person_key
from nightbell.sealing.keys import (
    PersonKeys,
    SharedKey,
    close_share,
    make_person_keys,
    make_shared_key,
)
from nightbell.sealing.passphrase import STANDARD, derive, fresh_salt, wrap
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True, repr=False)
class Enrolment:
    """A sign-in ready to be kept: the passphrase is already forgotten."""

    salt: bytes
    verifier_hash: str
    wrapped_key: bytes
    keys: PersonKeys


def enrol(passphrase: str) -> Enrolment:
    """A person's keys and what closes them. Takes half a second of one processor."""
    salt = fresh_salt()
    derived = derive(passphrase, salt)
    keys = make_person_keys()
    return Enrolment(salt, hash_verifier(derived.verifier), wrap(keys, derived.kek), keys)


def enrol_all(passphrases: Sequence[str]) -> list[Enrolment]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(enrol, passphrases))


async def give_sign_in(work: Work, person_id: PersonId, handle: str, one: Enrolment) -> None:
    await keep_sign_in(
        work,
        person_id,
        tidy_handle(handle),
        salt=one.salt,
        kdf=STANDARD.wire(),
        verifier_hash=one.verifier_hash,
        wrapped_key=one.wrapped_key,
    )
    await keep_person_key(work, person_id, one.keys.age_recipient, one.keys.sign_public)


async def make_desk(work: Work, holders: Mapping[UUID, PersonKeys]) -> SharedKey:
    """The service desk's first key, closed to each of its people."""
    desk = make_shared_key()
    shares = {person: close_share(desk, keys.age_recipient) for person, keys in holders.items()}
    await keep_desk_key(work, desk.age_recipient, shares)
    return desk
