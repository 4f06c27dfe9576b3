"""What a switchboard asks of the lines below it, and of the book it writes in.

An engine is a `Lines`: it starts things and returns at once. What comes of them it reports to the
switchboard's own methods (`offered`, `ringing`, `answered`, `ended`, `digit`, `sound_ended`).
"""

from collections.abc import Mapping
from typing import Protocol

from nightbell.telephony.leg import Sound
from nightbell.telephony.port import Json, Kind


class Lines(Protocol):
    def answer(self, leg: str) -> None: ...

    def reject(self, leg: str) -> None: ...

    def may_dial(self, to: str) -> bool: ...

    def dial(self, leg: str, to: str, caller_id: str) -> None: ...

    def hangup(self, leg: str) -> None: ...

    def sound(self, leg: str, sound: Sound | None) -> None:
        """What the leg hears instead of its room; None gives the room back."""
        ...

    def seat(self, leg: str, room: str | None, *, heard: bool) -> None: ...

    def vitals(self) -> Mapping[str, Json]: ...


class Book(Protocol):
    def write(self, kind: Kind, facts: Mapping[str, Json]) -> None: ...

    def note_dial(self, command_id: str) -> None:
        """Kept before dialling, so that a restart cannot make one order ring twice."""
        ...

    def was_dialled_before(self, command_id: str) -> bool:
        """Whether an earlier epoch was asked this."""
        ...

    def keep_plan(self, plan: Mapping[str, Json]) -> None: ...
