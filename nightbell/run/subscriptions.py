"""Who hears of what: every topic of the outbox and every kind of leg, with the deed that follows.

Rooms know nothing of those above them. News travels up only here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from nightbell.calls.control import Owners
from nightbell.escalation import alarm
from nightbell.escalation import commands as escalation
from nightbell.escalation.filed import message_filed
from nightbell.messages.accepted import called_back, escalation_taken
from nightbell.paging import commands as paging
from nightbell.run.settings import Settings
from nightbell.store.outbox import Deed, Order, OutsideDeed
from nightbell.store.work import Store

# By kind of leg: who hears what the switch says of it. `calls` hears of its own.
OWNERS: Owners = {
    "page": escalation.heard,
    "patch": escalation.heard,
    "emergency": escalation.heard,
}

# By topic of the outbox. Inside: in the claim's own transaction, so exactly once.
INSIDE: Mapping[str, Deed] = {
    "escalation.page": paging.page_role,
    "escalation.supervisor": paging.tell_supervisor,
    "escalation.emergency": paging.ring_emergency,
    "page.dead": escalation.answer,
    "message.filed": message_filed,
    "escalation.taken": escalation_taken,
    "call.called_back": called_back,
}


def _push(store: Store, settings: Settings) -> OutsideDeed:
    async def send(order: Order) -> None:
        # Loaded with the first push: a worker that was killed must be back within a second.
        from nightbell.edges.push.keys import PushKeys
        from nightbell.edges.push.sending import PushSender

        keys = PushKeys.at(settings.keys)
        sender = PushSender(store, keys, everywhere=settings.push, contact=settings.push_contact)
        await sender.send(order)

    return send


# Outside: leased first, at least once, borne by the order's key.
OUTSIDE: Mapping[str, Callable[[Store, Settings], OutsideDeed]] = {"push.send": _push}

# Loops of their own, each woken by the part of its name.
Alarm = Callable[[Store, asyncio.Event], Awaitable[None]]
ALARMS: Mapping[str, Alarm] = {"escalation": alarm.ring_when_due}
