"""Time is an argument: the one place that may ask what time it is reads the floor's clock.

`floor_now()` is a STABLE SQL function: one instant a transaction, usable by an index. A test
moves it; production cannot. Work that touches the database takes `work.at` instead.
"""

from datetime import UTC, datetime


def process_now() -> datetime:
    """The process's own clock, for stamps no rule decides on (a log line, a heartbeat)."""
    return datetime.now(UTC)
