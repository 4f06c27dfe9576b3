"""The key directory as it stands: who a message is sealed for, whose signature is whose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from nightbell.core.errors import NotFound
from nightbell.core.ids import AccountId, KeyId, PersonId
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class KeyEntry:
    key_id: KeyId
    holder: Literal["person", "inbox", "recovery", "desk"]
    person_id: PersonId | None
    account_id: AccountId | None
    age_recipient: str
    label: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    key_id: KeyId
    holder: Literal["inbox", "desk"]
    account_id: AccountId | None
    age_recipient: str
    closed: bytes


@dataclass(frozen=True, slots=True)
class MarkKeyRow:
    account_id: AccountId
    key_id: KeyId
    closed: bytes


@dataclass(frozen=True, slots=True)
class SignerRow:
    key_id: KeyId
    person_id: PersonId
    name: str
    sign_public: str
    valid_from: datetime
    retired_at: datetime | None


LABELLED = """
select k.key_id, k.holder, k.person_id, k.account_id, k.age_recipient,
  case k.holder
    when 'person' then p.name
    when 'inbox' then coalesce(a.name, 'Practice') || ' front office'
    when 'recovery' then coalesce(a.name, 'Practice') || ' recovery key'
    else 'Service desk' end as label
from key_entry k left join person p on p.person_id = k.person_id
  left join account a on a.account_id = k.account_id
"""


async def account_of_call(work: Work, call_id: UUID) -> AccountId | None:
    """NotFound when there is no such call in scope; None when no practice claims it."""
    rows = await work.dicts("select account_id from call where call_id = %s", (call_id,))
    if not rows:
        raise NotFound
    return rows[0]["account_id"]


async def recipients_of(work: Work, account_id: UUID) -> list[KeyEntry]:
    """Everyone a message of this account is sealed for today."""
    return await work.rows(
        KeyEntry,
        LABELLED + "where k.retired_at is null and (k.holder = 'desk'"
        " or (k.holder in ('inbox', 'recovery') and k.account_id = %(account)s)"
        " or (k.holder = 'person' and p.active and exists (select from membership m"
        " where m.person_id = k.person_id and m.account_id = %(account)s"
        " and m.part = 'clinician')))"
        " order by array_position(array['person', 'inbox', 'recovery', 'desk'], k.holder), label",
        {"account": account_id},
    )


async def entries(work: Work, key_ids: Collection[UUID]) -> list[KeyEntry]:
    """These keys, also those retired since."""
    return await work.rows(
        KeyEntry, LABELLED + "where k.key_id = any(%s) order by label", (list(key_ids),)
    )


async def current_key(
    work: Work, holder: str, *, person_id: UUID | None = None, account_id: UUID | None = None
) -> KeyEntry | None:
    return await work.row(
        KeyEntry,
        LABELLED + "where k.retired_at is null and k.holder = %s"
        " and k.person_id is not distinct from %s and k.account_id is not distinct from %s",
        (holder, person_id, account_id),
    )


async def shares_of(work: Work, person_id: UUID) -> list[ShareRow]:
    """The shared keys closed to this person: retired ones too, so that old messages still open."""
    return await work.rows(
        ShareRow,
        "select k.key_id, k.holder, k.account_id, k.age_recipient, s.closed"
        " from key_share s join key_entry k using (key_id)"
        " where s.person_id = %s and k.holder in ('inbox', 'desk') order by k.valid_from desc",
        (person_id,),
    )


async def mark_keys_for(work: Work, person_id: UUID) -> list[MarkKeyRow]:
    """The accounts' mark keys that this person can open through a shared key of theirs."""
    return await work.rows(
        MarkKeyRow,
        "select m.account_id, m.key_id, m.closed from mark_key m"
        " join key_share s using (key_id) where s.person_id = %s",
        (person_id,),
    )


async def signers(work: Work, service: bool, accounts: Collection[UUID]) -> list[SignerRow]:
    """Signing keys, past and present, of the service's people and of these accounts' own."""
    return await work.rows(
        SignerRow,
        "select k.key_id, k.person_id, p.name, k.sign_public, k.valid_from, k.retired_at"
        " from key_entry k join person p using (person_id)"
        " where k.holder = 'person' and k.sign_public is not null"
        " and (%(service)s or p.kind in ('agent', 'supervisor', 'administrator')"
        " or exists (select from membership m where m.person_id = p.person_id"
        " and m.account_id = any(%(accounts)s)))"
        " order by k.valid_from",
        {"service": service, "accounts": list(accounts)},
    )


async def keys_ready(work: Work, account_id: UUID) -> bool:
    """Whether an inbox and a recovery key exist: whether messages can be sealed for the account."""
    found = await work.value(
        "select count(distinct holder) from key_entry where retired_at is null"
        " and account_id = %s and holder in ('inbox', 'recovery')",
        (account_id,),
    )
    return found == 2


async def person_recipients(work: Work) -> dict[UUID, str]:
    """Everybody's public age recipient, for closing a shared key to them."""
    found = await work.dicts(
        "select person_id, age_recipient from key_entry"
        " where holder = 'person' and retired_at is null"
    )
    return {one["person_id"]: one["age_recipient"] for one in found}


async def held_shares(work: Work) -> dict[UUID, list[UUID]]:
    """Which shared keys, still in use, each person has been handed."""
    found = await work.dicts(
        "select s.person_id, array_agg(s.key_id) as held from key_share s"
        " join key_entry k using (key_id) where k.retired_at is null group by s.person_id"
    )
    return {one["person_id"]: one["held"] for one in found}
