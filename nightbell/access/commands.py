"""Coming in and going out: one function, one transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.access import queries
from nightbell.access.lockout import Guard, charge
from nightbell.access.session import Secrets, Session, fresh_secrets, is_worth_noting, token_hash
from nightbell.audit import commands as audit
from nightbell.core.ids import PersonId, wire
from nightbell.store.work import Work

KEPT = timedelta(days=30)  # Old sessions say nothing that the log does not.


async def charge_try(
    work: Work, *, handle: str | None = None, person_id: UUID | None = None
) -> queries.SignInRow | None:
    """Count one try at a sign-in before it is judged; None when nobody has that name."""
    row = await queries.take_sign_in(work, handle=handle, person_id=person_id)
    if row is None:
        return None
    guard = charge(Guard(row.failures, row.locked_until), at=work.at)
    await work.run(
        "update sign_in set failures = %s, locked_until = %s where person_id = %s",
        (guard.failures, guard.locked_until, row.person_id),
    )
    return row


async def note_refusal(work: Work, person_id: PersonId) -> None:
    await audit.record(work, "access.sign_in_refused", wire("person", person_id))


async def begin_session(work: Work, person_id: PersonId) -> Secrets:
    """A proved person comes in: a fresh session, and the tries forgotten."""
    made = fresh_secrets()
    await work.run(
        "update sign_in set failures = 0, locked_until = null where person_id = %s", (person_id,)
    )
    await work.run(
        "insert into session (token_hash, person_id, csrf, made_at, seen_at)"
        " values (%s, %s, %s, %s, %s)",
        (token_hash(made.token), person_id, made.csrf, work.at, work.at),
    )
    await work.run(
        "delete from session where person_id = %s and made_at < %s", (person_id, work.at - KEPT)
    )
    await audit.record(work, "access.signed_in", wire("person", person_id))
    return made


async def note_seen(work: Work, hashed: bytes, session: Session) -> None:
    if is_worth_noting(session, at=work.at):
        await work.run(
            "update session set seen_at = %s where token_hash = %s and ended_at is null",
            (work.at, hashed),
        )


async def end_session(work: Work, hashed: bytes, person_id: PersonId) -> None:
    await work.run(
        "update session set ended_at = %s where token_hash = %s and ended_at is null",
        (work.at, hashed),
    )
    await audit.record(work, "access.signed_out", wire("person", person_id))


async def end_every_session(
    work: Work, person_id: PersonId | UUID, *, but: bytes | None = None
) -> int:
    """Everything this person has open ends now: a leaver, a lost telephone, a new passphrase."""
    return await work.run(
        "update session set ended_at = %s where person_id = %s and ended_at is null"
        " and token_hash is distinct from %s",
        (work.at, person_id, but),
    )


async def keep_sign_in(
    work: Work,
    person_id: PersonId | UUID,
    handle: str,
    *,
    salt: bytes,
    kdf: Mapping[str, Any],
    verifier_hash: str,
    wrapped_key: bytes,
) -> None:
    """A person's sign-in, new or made anew; whatever was open under the old one ends."""
    await work.run(
        "insert into sign_in (person_id, handle, salt, kdf, verifier_hash, wrapped_key, changed_at)"
        " values (%s, %s, %s, %s, %s, %s, %s) on conflict (person_id) do update set"
        " handle = excluded.handle, salt = excluded.salt, kdf = excluded.kdf,"
        " verifier_hash = excluded.verifier_hash, wrapped_key = excluded.wrapped_key,"
        " changed_at = excluded.changed_at, failures = 0, locked_until = null",
        (person_id, handle, salt, Jsonb(dict(kdf)), verifier_hash, wrapped_key, work.at),
    )
    await end_every_session(work, person_id)
    await audit.record(work, "access.sign_in_made", wire("person", person_id))


async def change_passphrase(
    work: Work,
    person_id: PersonId,
    *,
    salt: bytes,
    kdf: Mapping[str, Any],
    verifier_hash: str,
    wrapped_key: bytes,
    but: bytes,
) -> None:
    """The same keys, closed by a new passphrase; every other session of the person ends."""
    await work.run(
        "update sign_in set salt = %s, kdf = %s, verifier_hash = %s, wrapped_key = %s,"
        " changed_at = %s, failures = 0, locked_until = null where person_id = %s",
        (salt, Jsonb(dict(kdf)), verifier_hash, wrapped_key, work.at, person_id),
    )
    await end_every_session(work, person_id, but=but)
    await audit.record(work, "access.passphrase_changed", wire("person", person_id))
