"""What happens to a message elsewhere: its page accepted, its patient called back.

Light: the worker loads it at its start.
"""

from collections.abc import Sequence

from nightbell.audit.commands import record
from nightbell.core.ids import PersonId, unwire, wire
from nightbell.messages import message as rule
from nightbell.messages import queries
from nightbell.messages.message import Message
from nightbell.store.news import tell
from nightbell.store.outbox import Order
from nightbell.store.work import Work


async def escalation_taken(work: Work, orders: Sequence[Order]) -> None:
    """Topic `escalation.taken`: whoever accepted the page has the message."""
    for order in orders:
        told = order.payload.get("message")
        if told is None:
            continue  # Accepted while it was being taken: told again once it is filed.
        person = PersonId(unwire("person", str(order.payload["person"])))
        one = await queries.take(work, unwire("message", str(told)))
        after = rule.accept(one, person, at=work.at)
        if after == one:
            continue
        await queries.keep(work, after)
        await queries.note(work, after, "accepted", person_id=person)
        await leaf(work, after, "message.accepted", person=wire("person", person))
        await tell_screens(work, after)


async def called_back(work: Work, orders: Sequence[Order]) -> None:
    """Topic `call.called_back`: the clinician was joined to the patient; only now is it a fact."""
    for order in orders:
        person = PersonId(unwire("person", str(order.payload["person"])))
        found = await queries.of_call(work, unwire("call", str(order.payload["call"])))
        theirs = [one for one in found if one.owner_id == person] or found
        for message in theirs:
            one = await queries.take(work, message.message_id)
            await queries.note(work, one, "called_back", person_id=person, device="phone")
            await leaf(work, one, "message.called_back", person=wire("person", person))
            await tell_screens(work, one)


async def leaf(work: Work, one: Message, act: str, **facts: str) -> None:
    await record(work, act, wire("message", one.message_id), account_id=one.account_id, facts=facts)


async def tell_screens(work: Work, one: Message) -> None:
    ids = {"message": wire("message", one.message_id), "call": wire("call", one.call_id)}
    await tell(work, "message.changed", account_id=one.account_id, ids=ids)
