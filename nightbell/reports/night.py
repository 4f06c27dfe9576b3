"""What "last night" is: the closed time that an office looks back on, and the day since."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from nightbell.coverage.choice import Hours, spans

LOOK_BACK = timedelta(days=8)
DAY = timedelta(days=1)
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Night:
    """From a closing up to the next opening, or to now while the office is open; aware instants."""

    from_at: datetime
    to_at: datetime


def night(hours: Hours, *, at: datetime, on: date | None = None) -> Night:
    """The night that began on the evening of `on`; else the newest one.

    In office hours the newest one is the night just over and the day so far: a call answered for
    the office at noon is not out of sight until tomorrow. An office without opening hours looks
    back on a day at a time.
    """
    if on is not None:
        at = datetime.combine(on, LAST_MINUTE, hours.zone)
    opened = spans(hours, at - LOOK_BACK)
    before = [closes_at for _, closes_at in opened if closes_at <= at]
    after = [opens_at for opens_at, _ in opened if opens_at > at]
    if not before or not after:
        return Night(at - DAY, at)
    open_now = any(opens_at <= at < closes_at for opens_at, closes_at in opened)
    return Night(max(before), at if open_now else min(after))
