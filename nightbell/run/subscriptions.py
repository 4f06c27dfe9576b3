"""Who hears of what: every topic of the outbox and every kind of leg, with the deed that follows.

Rooms know nothing of those above them. News travels up only here.
"""

from collections.abc import Awaitable, Callable, Mapping

from nightbell.calls.control import Owners
from nightbell.store.outbox import Relay
from nightbell.store.work import Work

# By kind of leg: who hears what the switch says of it. `calls` hears of its own.
OWNERS: Owners = {}

# Done each second, and at once when `escalation` is woken.
TICKS: Mapping[str, Callable[[Work], Awaitable[object]]] = {}


def subscribe(relay: Relay) -> None:
    """Tell `relay` of every deed."""
