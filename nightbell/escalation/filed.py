"""What a finished message is to an escalation: begun if it was not, and told its message."""

from collections.abc import Sequence

from nightbell.core.ids import unwire
from nightbell.core.tier import Tier
from nightbell.escalation.commands import attach, begin
from nightbell.store.outbox import Order
from nightbell.store.work import Work


async def message_filed(work: Work, orders: Sequence[Order]) -> None:
    """Topic `message.filed`: at T3 the escalation starts here; above, it is told the message."""
    for order in orders:
        call_id = unwire("call", str(order.payload["call"]))
        if order.payload["disposition"] == "page":
            await begin(work, call_id, Tier(str(order.payload["tier"])), work.at)
        await attach(work, call_id, unwire("message", str(order.payload["message"])))
