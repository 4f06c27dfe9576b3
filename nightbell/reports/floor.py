"""What an agent is doing, derived from what is open: nothing here can stick."""

from datetime import datetime
from typing import Literal, Protocol

AgentState = Literal["ready", "offered", "talking", "held", "wrap_up", "pause", "no_audio"]
ON_A_CALL = frozenset({"talking", "held"})


class Here(Protocol):
    """An agent who is here, with whatever is open around them."""

    @property
    def wish(self) -> str: ...
    @property
    def wish_since(self) -> datetime: ...
    @property
    def leg_up_at(self) -> datetime | None: ...
    @property
    def offered_at(self) -> datetime | None: ...
    @property
    def call_state(self) -> str | None: ...
    @property
    def call_since(self) -> datetime | None: ...
    @property
    def unfinished(self) -> int: ...


def desk_state(one: Here) -> tuple[AgentState, datetime]:
    """What they are on, and since when. A call outranks an offer, an offer what they wish for."""
    if one.call_state is not None:
        state: AgentState = "held" if one.call_state == "held" else "talking"
        return state, one.call_since or one.wish_since
    if one.offered_at is not None:
        return "offered", one.offered_at
    if one.unfinished:
        return "wrap_up", one.wish_since
    if one.wish == "pause":
        return "pause", one.wish_since
    if one.leg_up_at is None:
        return "no_audio", one.wish_since
    return "ready", max(one.leg_up_at, one.wish_since)
