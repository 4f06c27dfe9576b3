"""A rotation: people in turn, each for one shift, handed off at a wall-clock time.

Owns: which turn an instant falls in, when a turn starts and ends.
Does not own: overrides, and who of two holds the role where turns overlap (`resolve`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from nightbell.core.errors import Refused
from nightbell.core.ids import PersonId
from nightbell.core.wall_clock import first_at, last_at


class RotaRefused(Refused):
    """A rotation has 1 to 50 people and hands off every day or every week."""


@dataclass(frozen=True, slots=True)
class Rotation:
    role: str
    zone: str
    every: Literal["day", "week"]
    handoff_at: time
    starts_on: date  # the first person's first handoff
    people: tuple[PersonId, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.people) <= 50 or self.every not in ("day", "week"):
            raise RotaRefused

    @property
    def days(self) -> int:
        return 7 if self.every == "week" else 1

    def person(self, turn: int) -> PersonId:
        return self.people[turn % len(self.people)]

    def starts_at(self, turn: int) -> datetime:
        """When the turn's person takes over: the first time the clock reads the handoff."""
        return first_at(self._handoff(turn), ZoneInfo(self.zone))

    def ends_at(self, turn: int) -> datetime:
        """When the turn's person may go: the last time the clock reads the next handoff."""
        return last_at(self._handoff(turn + 1), ZoneInfo(self.zone))

    def turn(self, at: datetime) -> int | None:
        """The newest turn that has started at `at`; None before the first."""
        wall = at.astimezone(ZoneInfo(self.zone))
        # A clock that goes back or skips moves the answer by at most one turn either way.
        newest = (wall.date() - self.starts_on).days // self.days + 1
        for turn in range(newest, newest - 4, -1):
            if turn < 0:
                return None
            if self.starts_at(turn) <= at:
                return turn
        raise AssertionError("a clock cannot be moved by more than a day")

    def _handoff(self, turn: int) -> datetime:
        return datetime.combine(self.starts_on + timedelta(days=turn * self.days), self.handoff_at)


def utc(at: datetime) -> datetime:
    """The instant on one clock: two aware times in one zone would compare by their wall clocks."""
    return at.astimezone(UTC)
