"""When a wall clock reads a time: once, twice on the night it goes back, never when it skips.

A start is the first instant at which the clock reads the time or later; an end is the last instant
at which it reads the time or earlier. On the night a clock goes back the two differ by the repeated
hour: one shift overlaps the next, and nobody is ever missing. Where the clock skips the time, both
are the instant of the skip.

Source: PEP 495 for `fold`; transitions from the IANA time zone database.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def first_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which a clock in `zone` reads `wall` or later."""
    one, other = _both(wall, zone)
    return one if one <= other else _skip(other, one, zone)


def last_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The last instant (UTC) at which a clock in `zone` reads `wall` or earlier."""
    one, other = _both(wall, zone)
    return other if one <= other else _skip(other, one, zone)


def _both(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # Equal on an ordinary day; in order when the time comes twice; reversed when it is skipped.
    return (
        wall.replace(tzinfo=zone, fold=0).astimezone(UTC),
        wall.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )


def _skip(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two at which the clock jumped, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
