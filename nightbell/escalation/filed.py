"""What a finished message is to an escalation: begun if it was not, and told its message."""

from collections.abc import Sequence

from nightbell.core.ids import unwire
from nightbell.core.tier import Tier
from nightbell.escalation.commands import attach, begin, take_it
from nightbell.messages import queries as messages
from nightbell.store.outbox import Order
from nightbell.store.work import Work


async def message_filed(work: Work, orders: Sequence[Order]) -> None:
    """Topic `message.filed`: at T3 the escalation starts here; above, it is told the message.

    A person who took the message before this was carried out has it: nobody is woken for it, and
    what already pages stops. What waits for the office is no escalation's.
    """
    for order in orders:
        if order.payload["disposition"] != "page":
            continue
        call_id = unwire("call", str(order.payload["call"]))
        one = await messages.take(work, unwire("message", str(order.payload["message"])))
        if one.owner_id is None:
            await begin(work, call_id, Tier(str(order.payload["tier"])), work.at)
        going = await attach(work, call_id, one.message_id)
        if going is not None and one.owner_id is not None:
            await take_it(work, going, by=one.owner_id, how="message")
