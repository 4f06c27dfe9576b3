"""Keeping keys: public halves in the clear, shared ones closed; a key is retired, never changed."""

from collections.abc import Mapping
from uuid import UUID

from nightbell.audit import commands as audit
from nightbell.core.ids import KeyId, new_id, wire
from nightbell.sealing.directory import KeysMissing
from nightbell.store.work import Work


async def keep_person_key(
    work: Work, person_id: UUID, age_recipient: str, sign_public: str
) -> KeyId:
    """A person's key from now on. Shares closed to the old one are dropped: it cannot open them for
    the new; a holder gives them again."""
    retired = await work.run(
        "update key_entry set retired_at = %s where person_id = %s and retired_at is null",
        (work.at, person_id),
    )
    if retired:
        await work.run("delete from key_share where person_id = %s", (person_id,))
    key_id = await _enter(work, "person", age_recipient, person_id=person_id, sign=sign_public)
    await audit.record(work, "sealing.person_key", wire("person", person_id), facts=_fact(key_id))
    return key_id


async def keep_desk_key(work: Work, age_recipient: str, shares: Mapping[UUID, bytes]) -> KeyId:
    """The service desk's key of a new epoch, closed to each of its people."""
    await work.run(
        "update key_entry set retired_at = %s where holder = 'desk' and retired_at is null",
        (work.at,),
    )
    key_id = await _enter(work, "desk", age_recipient)
    await give_shares(work, key_id, shares)
    await audit.record(work, "sealing.desk_key", wire("key", key_id))
    return key_id


async def keep_account_keys(
    work: Work,
    account_id: UUID,
    *,
    inbox_recipient: str,
    recovery_recipient: str,
    inbox_shares: Mapping[UUID, bytes],
    mark_closed_to_desk: bytes,
    mark_closed_to_inbox: bytes,
) -> KeyId:
    """A practice's keys of a new epoch: inbox, recovery, and the mark key closed to desk and inbox.
    Returns the inbox's."""
    await work.run(
        "update key_entry set retired_at = %s where account_id = %s and retired_at is null",
        (work.at, account_id),
    )
    inbox = await _enter(work, "inbox", inbox_recipient, account_id=account_id)
    recovery = await _enter(work, "recovery", recovery_recipient, account_id=account_id)
    await give_shares(work, inbox, inbox_shares)
    desk = await work.value(
        "select key_id from key_entry where holder = 'desk' and retired_at is null"
    )
    if desk is None:
        raise KeysMissing
    closed = {inbox: mark_closed_to_inbox, desk: mark_closed_to_desk}
    for key_id, octets in closed.items():
        await work.run(
            "insert into mark_key (account_id, key_id, closed) values (%s, %s, %s)",
            (account_id, key_id, octets),
        )
    await audit.record(
        work,
        "sealing.account_keys",
        wire("account", account_id),
        account_id=account_id,
        facts={"inbox": wire("key", inbox), "recovery": wire("key", recovery)},
    )
    return inbox


async def give_shares(work: Work, key_id: UUID, shares: Mapping[UUID, bytes]) -> None:
    """Hand a shared key to people: person id to the age file closed to that person."""
    for person_id, closed in shares.items():
        await work.run(
            "delete from key_share where key_id = %s and person_id = %s", (key_id, person_id)
        )
        await work.run(
            "insert into key_share (key_id, person_id, closed, made_at) values (%s, %s, %s, %s)",
            (key_id, person_id, closed, work.at),
        )
        await audit.record(
            work, "sealing.share_given", wire("person", person_id), facts=_fact(key_id)
        )


async def _enter(
    work: Work,
    holder: str,
    age_recipient: str,
    *,
    person_id: UUID | None = None,
    account_id: UUID | None = None,
    sign: str | None = None,
) -> KeyId:
    key_id = KeyId(new_id())
    await work.run(
        "insert into key_entry (key_id, holder, person_id, account_id, epoch, age_recipient,"
        " sign_public, valid_from) select %(key)s, %(holder)s, %(person)s::uuid, %(account)s::uuid,"
        " 1 + count(*), %(recipient)s, %(sign)s, %(at)s from key_entry where holder = %(holder)s"
        " and person_id is not distinct from %(person)s::uuid"
        " and account_id is not distinct from %(account)s::uuid",
        {
            "key": key_id,
            "holder": holder,
            "person": person_id,
            "account": account_id,
            "recipient": age_recipient,
            "sign": sign,
            "at": work.at,
        },
    )
    return key_id


def _fact(key_id: UUID) -> dict[str, str]:
    return {"key": wire("key", key_id)}
