"""How messages look on a screen: cards with everything but the words, which stay sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nightbell.core.ids import wire
from nightbell.messages import queries
from nightbell.messages.message import Message
from nightbell.messages.queries import Envelope, FactRow
from nightbell.people.queries import names
from nightbell.sealing.queries import entries
from nightbell.store.work import Work
from nightbell.web.escalation_views import views
from nightbell.web.wire import EscalationView, Fact, MessageCard, text

OFFICE = "Front office"
ESCALATION = "Escalation"


@dataclass(frozen=True, slots=True)
class Around:
    """Everything the cards of one list draw on, fetched at once."""

    envelopes: Mapping[UUID, Envelope]
    facts: Sequence[FactRow]
    readers: Mapping[UUID, list[str]]
    people: Mapping[UUID, str]
    accounts: Mapping[UUID, str]
    escalations: Mapping[UUID, EscalationView]
    asker: UUID
    sealed: bool


async def cards(
    work: Work, asker: UUID, messages: Sequence[Message], *, sealed: bool = True
) -> list[MessageCard]:
    """Cards of `messages`, in their order, in a fixed number of questions to the database."""
    around = await _around(work, asker, messages, sealed)
    return [_card(one, around) for one in messages]


async def card(work: Work, asker: UUID, message: Message) -> MessageCard:
    return (await cards(work, asker, [message]))[0]


async def running_for(work: Work, message_id: UUID) -> UUID | None:
    """The escalation that is still looking for somebody to have this message."""
    return await work.value(
        "select escalation_id from escalation where message_id = %s and state = 'open'",
        (message_id,),
    )


async def _around(work: Work, asker: UUID, messages: Sequence[Message], sealed: bool) -> Around:
    ids = [one.message_id for one in messages]
    facts = await queries.facts(work, ids)
    people = {
        *(one.taken_by for one in messages),
        *(one.owner_id for one in messages),
        *(fact.person_id for fact in facts),
    }
    return Around(
        envelopes=await queries.envelopes(work, ids),
        facts=facts,
        readers=await _readers(work, ids),
        people=await names(work, people),
        accounts=await _account_names(work, messages),
        escalations=await _escalations(work, ids),
        asker=asker,
        sealed=sealed,
    )


async def _readers(work: Work, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    rows = await queries.recipients(work, ids)
    labels = {one.key_id: one.label for one in await entries(work, {row.key_id for row in rows})}
    readers: dict[UUID, list[str]] = {}
    for row in rows:
        readers.setdefault(row.message_id, []).append(labels.get(row.key_id, ""))
    return {message_id: sorted(each) for message_id, each in readers.items()}


async def _account_names(work: Work, messages: Sequence[Message]) -> dict[UUID, str]:
    rows = await work.dicts(
        "select account_id, name from account where account_id = any(%s)",
        (list({one.account_id for one in messages}),),
    )
    return {row["account_id"]: row["name"] for row in rows}


async def _escalations(work: Work, ids: Sequence[UUID]) -> dict[UUID, EscalationView]:
    rows = await work.dicts(
        "select escalation_id, message_id from escalation where message_id = any(%s)", (list(ids),)
    )
    by_wire = {
        one.escalation_id: one for one in await views(work, [row["escalation_id"] for row in rows])
    }
    return {
        row["message_id"]: by_wire[wire("escalation", row["escalation_id"])]
        for row in rows
        if wire("escalation", row["escalation_id"]) in by_wire
    }


def _card(one: Message, around: Around) -> MessageCard:
    envelope = around.envelopes[one.message_id]
    note = envelope.outcome_sealed
    return MessageCard(
        message_id=wire("message", one.message_id),
        account_id=wire("account", one.account_id),
        account_name=around.accounts.get(one.account_id, ""),
        call_id=wire("call", one.call_id),
        call_type=one.call_type,
        tier=one.tier,
        disposition=one.disposition,
        state=one.state,
        owner=_owner(one, around),
        owner_is_me=one.owner_id == around.asker,
        due_at=one.due_at,
        taken_at=one.taken_at,
        taken_by=around.people.get(one.taken_by, ""),
        read_back=envelope.read_back,
        patient_mark=envelope.patient_mark,
        recipients=around.readers.get(one.message_id, []),
        escalation=around.escalations.get(one.message_id),
        facts=[
            Fact(
                at=fact.at,
                kind=fact.kind,
                who=around.people.get(fact.person_id, "") if fact.person_id else "",
                facts=dict(fact.facts) | ({"device": fact.device} if fact.device else {}),
            )
            for fact in around.facts
            if fact.message_id == one.message_id
        ],
        outcome=one.outcome,
        closed_at=one.closed_at,
        sealed=text(envelope.sealed) if around.sealed else None,
        outcome_sealed=text(note) if note is not None and around.sealed else None,
    )


def _owner(one: Message, around: Around) -> str:
    match one.owner_kind:
        case "office":
            return OFFICE
        case "escalation":
            running = around.escalations.get(one.message_id)
            return (running.held_by if running else "") or ESCALATION
        case "person":
            return around.people.get(one.owner_id, "") if one.owner_id else ""
