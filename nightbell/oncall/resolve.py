"""The one resolver: who holds a role at an instant and why, for the page, the screens and the API.

An override wins over the rotation. Where two turns of a rotation overlap (the hour that comes
twice), both are on duty and the newer turn holds the role, so a page has exactly one recipient.

Owns: overrides over rotations, the intervals that come of them.
Does not own: reading them (`queries`), judging them (`gaps`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from nightbell.core.ids import PersonId
from nightbell.oncall.rota import Rotation, utc

ROTATION = "rotation"


@dataclass(frozen=True, slots=True)
class Override:
    """One person in a role for a while, whatever the rotation says."""

    role: str
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime
    reason: str = ""

    @property
    def why(self) -> str:
        return f"override: {self.reason}" if self.reason else "override"


@dataclass(frozen=True, slots=True)
class OnCall:
    """Everything that decides who is on call for one account."""

    roles: tuple[str, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()

    def of(self, role: str) -> tuple[list[Rotation], list[Override]]:
        return (
            [one for one in self.rotations if one.role == role],
            [one for one in self.overrides if one.role == role],
        )


@dataclass(frozen=True, slots=True)
class Shift:
    """A person's unbroken time in a role. From `starts_at`, up to but not at `ends_at`."""

    role: str
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime
    why: str

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Window:
    starts_at: datetime
    ends_at: datetime


def holder(oncall: OnCall, role: str, at: datetime) -> Shift | None:
    """The one person who holds `role` at `at`, and until when; None when nobody does."""
    at = utc(at)
    rotations, overrides = oncall.of(role)
    placed = [one for one in overrides if utc(one.starts_at) <= at < utc(one.ends_at)]
    if placed:
        return _shift(max(placed, key=lambda one: utc(one.starts_at)))
    for rotation in rotations:
        turn = rotation.turn(at)
        if turn is not None:
            held = Shift(
                role,
                rotation.person(turn),
                rotation.starts_at(turn),
                # Until the next person takes over, not until this one may go.
                _next_start(rotation, turn),
                ROTATION,
            )
            return next(one for one in _outside(held, overrides) if one.covers(at))
    return None


def holders(oncall: OnCall, role: str, window: Window) -> list[Shift]:
    """Who holds `role` through the window, one at a time, in order; gaps are simply absent."""
    at, until = utc(window.starts_at), utc(window.ends_at)
    found: list[Shift] = []
    while at < until:
        held = holder(oncall, role, at)
        if held is not None:
            found.append(replace(held, starts_at=max(held.starts_at, at)))
            at = held.ends_at
            continue
        later = [one for one in _changes(oncall, role) if one > at]
        if not later:
            break
        at = min(later)
    return _cut(found, window)


def shifts(oncall: OnCall, person_id: PersonId, window: Window) -> list[Shift]:
    """When this person is on duty, in any role: on the night with a repeated hour, to its end."""
    found: list[Shift] = []
    for rotation in oncall.rotations:
        _, overrides = oncall.of(rotation.role)
        for turn in _turns(rotation, window):
            if rotation.person(turn) == person_id:
                duty = Shift(
                    rotation.role,
                    person_id,
                    rotation.starts_at(turn),
                    rotation.ends_at(turn),
                    ROTATION,
                )
                found += _outside(duty, overrides)
    found += [_shift(one) for one in oncall.overrides if one.person_id == person_id]
    return _joined(_cut(found, window))


def _next_start(rotation: Rotation, turn: int) -> datetime:
    start = rotation.starts_at(turn)
    while (following := rotation.starts_at(turn + 1)) == start:
        turn += 1  # A calendar day that a zone skipped is a turn of no length.
    return following


def _turns(rotation: Rotation, window: Window) -> Iterator[int]:
    last = rotation.turn(utc(window.ends_at))
    if last is None:
        return
    first = rotation.turn(utc(window.starts_at))
    # One earlier: its end may reach over the next one's start.
    yield from range(max(0, (first or 0) - 1), last + 1)


def _changes(oncall: OnCall, role: str) -> Iterator[datetime]:
    """Where an empty role may get a holder."""
    rotations, overrides = oncall.of(role)
    for rotation in rotations:
        yield rotation.starts_at(0)
    for one in overrides:
        yield utc(one.starts_at)


def _shift(one: Override) -> Shift:
    return Shift(one.role, one.person_id, utc(one.starts_at), utc(one.ends_at), one.why)


def _outside(duty: Shift, overrides: Iterable[Override]) -> list[Shift]:
    """What is left of a rotation's shift around the overrides."""
    left = [duty]
    for one in overrides:
        starts, ends = utc(one.starts_at), utc(one.ends_at)
        pieces: list[Shift] = []
        for piece in left:
            if ends <= piece.starts_at or piece.ends_at <= starts:
                pieces.append(piece)
                continue
            if piece.starts_at < starts:
                pieces.append(replace(piece, ends_at=starts))
            if ends < piece.ends_at:
                pieces.append(replace(piece, starts_at=ends))
        left = pieces
    return [piece for piece in left if piece.starts_at < piece.ends_at]


def _cut(found: Iterable[Shift], window: Window) -> list[Shift]:
    starts, ends = utc(window.starts_at), utc(window.ends_at)
    inside = [
        replace(one, starts_at=max(one.starts_at, starts), ends_at=min(one.ends_at, ends))
        for one in found
        if one.starts_at < ends and starts < one.ends_at
    ]
    return sorted(inside, key=lambda one: (one.starts_at, one.role))


def _joined(found: Iterable[Shift]) -> list[Shift]:
    """Shifts that touch and say the same are one: somebody alone in a rotation has one long one."""
    whole: list[Shift] = []
    open_by_role: dict[str, int] = {}
    for one in found:
        index = open_by_role.get(one.role)
        if index is not None:
            before = whole[index]
            if before.ends_at >= one.starts_at and before.why == one.why:
                whole[index] = replace(before, ends_at=max(before.ends_at, one.ends_at))
                continue
        open_by_role[one.role] = len(whole)
        whole.append(one)
    return whole
