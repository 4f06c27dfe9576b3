"""Messages as they are kept: cards without words, ciphertext, facts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.core.errors import Fact
from nightbell.core.ids import AccountId, CallId, KeyId, MessageId, PersonId
from nightbell.core.tier import Tier
from nightbell.messages.message import Disposition, Message, OwnerKind, State
from nightbell.store.work import Work

NEWEST = 200
COLUMNS: LiteralString = (
    "message_id, account_id, call_id, call_type, tier, disposition, state, owner_kind, owner_id,"
    " due_at, taken_by, taken_at, closed_at, closed_by, outcome"
)
MESSAGE: LiteralString = "select " + COLUMNS + " from message"


@dataclass(frozen=True, slots=True)
class Row:
    message_id: MessageId
    account_id: AccountId
    call_id: CallId
    call_type: str
    tier: str
    disposition: Disposition
    state: State
    owner_kind: OwnerKind
    owner_id: PersonId | None
    due_at: datetime | None
    taken_by: PersonId
    taken_at: datetime
    closed_at: datetime | None
    closed_by: PersonId | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What only its readers can open, and what was said of it when it arrived."""

    message_id: MessageId
    sealed: bytes
    sealed_sha256: bytes
    rset: str
    patient_mark: str | None
    read_back: bool
    outcome_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class FactRow:
    message_id: MessageId
    at: datetime
    kind: str
    person_id: PersonId | None
    device: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecipientRow:
    message_id: MessageId
    key_id: KeyId


async def find(work: Work, message_id: UUID) -> Message | None:
    row = await work.row(Row, MESSAGE + " where message_id = %s", (message_id,))
    return _message(row) if row else None


async def message(work: Work, message_id: UUID) -> Message:
    return _message(await work.need(Row, MESSAGE + " where message_id = %s", (message_id,)))


async def take(work: Work, message_id: UUID) -> Message:
    """The message, locked until this work ends."""
    row = await work.need(Row, MESSAGE + " where message_id = %s for no key update", (message_id,))
    return _message(row)


async def of_call(work: Work, call_id: UUID) -> list[Message]:
    rows = await work.rows(Row, MESSAGE + " where call_id = %s order by taken_at", (call_id,))
    return [_message(one) for one in rows]


async def open_ones(
    work: Work, *, account_id: UUID | None = None, owner_id: UUID | None = None
) -> list[Message]:
    """Not closed and in scope, soonest due first; of one account, or one owner."""
    rows = await work.rows(
        Row,
        MESSAGE + " where state <> 'closed'"
        " and (%(account)s::uuid is null or account_id = %(account)s)"
        " and (%(owner)s::uuid is null or owner_id = %(owner)s)"
        " order by due_at, taken_at limit 1000",
        {"account": account_id, "owner": owner_id},
    )
    return [_message(one) for one in rows]


async def closed_ones(work: Work, *, account_id: UUID | None = None) -> list[Message]:
    rows = await work.rows(
        Row,
        MESSAGE + " where state = 'closed'"
        " and (%(account)s::uuid is null or account_id = %(account)s)"
        " order by closed_at desc limit %(newest)s",
        {"account": account_id, "newest": NEWEST},
    )
    return [_message(one) for one in rows]


async def taken_between(
    work: Work, account_id: UUID, from_at: datetime, to_at: datetime
) -> list[Message]:
    """An account's messages of a night, oldest first: for reports."""
    rows = await work.rows(
        Row,
        MESSAGE + " where account_id = %s and taken_at >= %s and taken_at < %s order by taken_at",
        (account_id, from_at, to_at),
    )
    return [_message(one) for one in rows]


async def envelopes(work: Work, ids: Sequence[UUID]) -> dict[UUID, Envelope]:
    rows = await work.rows(
        Envelope,
        "select message_id, sealed, sealed_sha256, rset, patient_mark, read_back, outcome_sealed"
        " from message where message_id = any(%s)",
        (list(ids),),
    )
    return {one.message_id: one for one in rows}


async def facts(work: Work, ids: Sequence[UUID]) -> list[FactRow]:
    return await work.rows(
        FactRow,
        "select message_id, at, kind, person_id, device, facts from message_fact"
        " where message_id = any(%s) order by message_id, seq",
        (list(ids),),
    )


async def recipients(work: Work, ids: Sequence[UUID]) -> list[RecipientRow]:
    return await work.rows(
        RecipientRow,
        "select message_id, key_id from message_recipient where message_id = any(%s)",
        (list(ids),),
    )


async def insert(
    work: Work, one: Message, envelope: Envelope, recipients: Sequence[UUID], callback: bytes | None
) -> None:
    await work.run(
        "insert into message (" + COLUMNS + ", sealed, sealed_sha256, rset, patient_mark,"
        " read_back, callback_at_rest) values (%(message_id)s, %(account_id)s, %(call_id)s,"
        " %(call_type)s, %(tier)s, %(disposition)s, %(state)s, %(owner_kind)s, %(owner_id)s,"
        " %(due_at)s, %(taken_by)s, %(taken_at)s, %(closed_at)s, %(closed_by)s, %(outcome)s,"
        " %(sealed)s, %(sealed_sha256)s, %(rset)s, %(patient_mark)s, %(read_back)s, %(callback)s)",
        asdict(envelope) | asdict(one) | {"tier": one.tier.value, "callback": callback},
    )
    await work.run_many(
        "insert into message_recipient (message_id, account_id, key_id) values (%s, %s, %s)",
        [(one.message_id, one.account_id, key_id) for key_id in recipients],
    )


async def keep(work: Work, one: Message) -> None:
    await work.run(
        "update message set state = %(state)s, owner_kind = %(owner_kind)s,"
        " owner_id = %(owner_id)s, due_at = %(due_at)s, closed_at = %(closed_at)s,"
        " closed_by = %(closed_by)s, outcome = %(outcome)s where message_id = %(message_id)s",
        asdict(one),
    )


async def note(
    work: Work,
    one: Message,
    kind: str,
    *,
    person_id: UUID | None = None,
    device: str = "",
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Add a fact. The message must be locked by this work, or new in it."""
    await work.run(
        "insert into message_fact (message_id, seq, account_id, at, kind, person_id, device, facts)"
        " select %(message)s, coalesce(max(seq), 0) + 1, %(account)s, %(at)s, %(kind)s, %(person)s,"
        " %(device)s, %(facts)s from message_fact where message_id = %(message)s",
        {
            "message": one.message_id,
            "account": one.account_id,
            "at": work.at,
            "kind": kind,
            "person": person_id,
            "device": device,
            "facts": Jsonb(dict(facts or {})),
        },
    )


def _message(row: Row) -> Message:
    told: dict[str, Any] = asdict(row)
    told["tier"] = Tier(row.tier)
    return Message(**told)
