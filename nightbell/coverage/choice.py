"""The choice made for every call: which greeting, which script, who rings first.

Coverage never refuses. From an office's hours, its special days, its zone and what it agreed to,
`choose` says at any instant how a call is received; it reads no clock and keeps nothing.

An opening is the first instant the wall clock reads it, a closing the last: on the night a clock
goes back an office is open for the repeated hour, never shut in the middle of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from nightbell.accounts.account import OpenHours, SpecialDay
from nightbell.core.wall_clock import first_at, last_at

Mode = Literal["after_hours", "open", "overflow", "always"]
Agreed = Literal["after_hours", "overflow", "always"]  # what the practice signed up for
LOOK_AHEAD_DAYS = 15  # An office that opens on no day of a fortnight has no next change to show.
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    mode: Mode
    greeting: Literal["after_hours", "open"]
    script: Literal["after_hours", "daytime"]
    rings_first: Literal["desk", "office"]
    open_now: bool
    changes_at: datetime | None  # when the office next opens or closes
    today: str  # "Closed for Thanksgiving", "Open 8:00 to 17:00"


@dataclass(frozen=True, slots=True)
class Hours:
    """An office's week, its days unlike the others, and the zone its clock is in."""

    week: Sequence[OpenHours]
    special_days: Sequence[SpecialDay]
    zone: ZoneInfo


def choose(agreed: str, hours: Hours, *, at: datetime, has_office_number: bool = False) -> Choice:
    """How a call at `at` is received. There is no answer that turns a caller away."""
    opened, changes_at = _stands(hours, at)
    if agreed == "always":
        mode: Mode = "always"
    elif not opened:
        mode = "after_hours"
    else:
        mode = "overflow" if agreed == "overflow" else "open"
    # A call in office hours that was not forwarded as overflow belongs to the office first.
    office_first = mode == "open" and has_office_number
    return Choice(
        mode=mode,
        greeting="open" if opened else "after_hours",
        script="daytime" if opened else "after_hours",
        rings_first="office" if office_first else "desk",
        open_now=opened,
        changes_at=changes_at,
        today=today(hours, at.astimezone(hours.zone).date()),
    )


def next_opening(hours: Hours, *, at: datetime) -> datetime | None:
    """When the office is next open: `at` itself while it is; None within no fortnight."""
    for opens_at, closes_at in spans(hours, at):
        if closes_at > at:
            return max(opens_at, at)
    return None


def spans(hours: Hours, at: datetime) -> list[tuple[datetime, datetime]]:
    """The open spans (UTC) from the day before `at` for a fortnight, joined where they touch."""
    first = at.astimezone(hours.zone).date() - DAY
    special = {day.on_day: day for day in hours.special_days}
    joined: list[tuple[datetime, datetime]] = []
    for day in (first + n * DAY for n in range(LOOK_AHEAD_DAYS)):
        for opens_at, closes_at in _times(hours.week, special, day):
            start = first_at(datetime.combine(day, opens_at), hours.zone)
            end = last_at(datetime.combine(day, closes_at), hours.zone)
            if end <= start:
                continue  # Inside an hour that the clock skips.
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
    return joined


def today(hours: Hours, on: date) -> str:
    """The day in a sentence, as an agent reads it to a caller."""
    special = {day.on_day: day for day in hours.special_days}
    times = list(_times(hours.week, special, on))
    label = f" for {special[on].label}" if on in special and special[on].label else ""
    if not times:
        return f"Closed{label}" if label else "Closed today"
    said = " and ".join(f"{_clock(opens)} to {_clock(closes)}" for opens, closes in times)
    return f"Open {said}{f' ({special[on].label})' if label else ''}"


def _times(
    week: Sequence[OpenHours], special: Mapping[date, SpecialDay], day: date
) -> Iterator[tuple[time, time]]:
    if day in special:
        one = special[day]
        if one.opens_at is not None and one.closes_at is not None:
            yield one.opens_at, one.closes_at
        return
    for hours in sorted(week, key=lambda each: each.opens_at):
        if hours.weekday == day.weekday():
            yield hours.opens_at, hours.closes_at


def _stands(hours: Hours, at: datetime) -> tuple[bool, datetime | None]:
    for opens_at, closes_at in spans(hours, at):
        if closes_at > at:
            opened = opens_at <= at
            return opened, (closes_at if opened else opens_at).astimezone(UTC)
    return False, None


def _clock(one: time) -> str:
    return f"{one.hour}:{one.minute:02d}"
