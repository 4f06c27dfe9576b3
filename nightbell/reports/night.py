"""What "last night" is: the closed time that an office is looking back on."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from nightbell.coverage.choice import Hours, spans

LOOK_BACK = timedelta(days=8)
DAY = timedelta(days=1)
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Night:
    """From a closing up to the next opening, both aware instants."""

    from_at: datetime
    to_at: datetime


def night(hours: Hours, *, at: datetime, on: date | None = None) -> Night:
    """The night that began on the evening of `on`; else the one we are in, or the one just over.

    An office without opening hours looks back on a day at a time.
    """
    if on is not None:
        at = datetime.combine(on, LAST_MINUTE, hours.zone)
    opened = spans(hours, at - LOOK_BACK)
    if on is None:
        # In office hours the night in question ended when the doors opened.
        for opens_at, closes_at in opened:
            if opens_at <= at < closes_at:
                at = opens_at - timedelta(microseconds=1)
    before = [closes_at for _, closes_at in opened if closes_at <= at]
    after = [opens_at for opens_at, _ in opened if opens_at > at]
    if not before or not after:
        return Night(at - DAY, at)
    return Night(max(before), min(after))
