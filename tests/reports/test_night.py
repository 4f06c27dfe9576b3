"""Last night, as an office remembers it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from nightbell.accounts.account import OpenHours, SpecialDay
from nightbell.coverage.choice import Hours
from nightbell.reports.night import night

NEW_YORK = ZoneInfo("America/New_York")
WEEKDAYS = [OpenHours(day, time(8), time(17)) for day in range(5)]
OFFICE = Hours(WEEKDAYS, [], NEW_YORK)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026, New York time; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK)


def test_in_the_night_it_runs_from_closing_to_opening() -> None:
    for asked in (at(4, 3), at(3, 22), at(3, 17)):
        found = night(OFFICE, at=asked)
        assert (found.from_at, found.to_at) == (at(3, 17), at(4, 8))


def test_on_monday_morning_it_is_the_whole_weekend_and_the_day_so_far() -> None:
    found = night(OFFICE, at=at(9, 8, 30))
    assert (found.from_at, found.to_at) == (at(6, 17), at(9, 8, 30))


def test_a_call_taken_at_noon_is_seen_the_same_afternoon() -> None:
    noon, afternoon = at(4, 12), at(4, 15, 56)
    found = night(OFFICE, at=afternoon)
    assert found.from_at <= noon < found.to_at


def test_a_night_that_was_asked_for_begins_on_that_evening() -> None:
    found = night(OFFICE, at=at(20, 12), on=date(2026, 11, 3))
    assert (found.from_at, found.to_at) == (at(3, 17), at(4, 8))


def test_thanksgiving_makes_one_long_night() -> None:
    closed = Hours(WEEKDAYS, [SpecialDay(date(2026, 11, 26), "Thanksgiving", None, None)], NEW_YORK)
    found = night(closed, at=at(27, 7))
    assert (found.from_at, found.to_at) == (at(25, 17), at(27, 8))


def test_an_office_without_hours_looks_back_a_day_at_a_time() -> None:
    asked = at(4, 9)
    found = night(Hours([], [], NEW_YORK), at=asked)
    assert (found.from_at, found.to_at) == (asked - timedelta(days=1), asked)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))
)
def test_every_night_begins_before_it_ends_and_has_begun(asked: datetime) -> None:
    found = night(OFFICE, at=asked)
    assert found.from_at < found.to_at
    assert found.from_at <= asked
