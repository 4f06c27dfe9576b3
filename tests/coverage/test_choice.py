"""Coverage, told by the clock on the office wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.accounts.account import OpenHours, SpecialDay
from nightbell.coverage.choice import Hours, choose, next_opening, spans

NEW_YORK = ZoneInfo("America/New_York")
WEEKDAYS = tuple(OpenHours(day, time(8), time(17)) for day in range(5))
THANKSGIVING = SpecialDay(date(2026, 11, 26), "Thanksgiving", None, None)
EARLY = SpecialDay(date(2026, 11, 25), "the day before Thanksgiving", time(8), time(12))
OFFICE = Hours(WEEKDAYS, (EARLY, THANKSGIVING), NEW_YORK)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("when", "open_now", "changes", "said"),
    [
        ("2026-11-23 02:14", False, "2026-11-23 08:00", "Open 8:00 to 17:00"),
        ("2026-11-23 08:00", True, "2026-11-23 17:00", "Open 8:00 to 17:00"),
        ("2026-11-23 16:59:59", True, "2026-11-23 17:00", "Open 8:00 to 17:00"),
        ("2026-11-23 17:00", False, "2026-11-24 08:00", "Open 8:00 to 17:00"),
        (
            "2026-11-25 12:00", False, "2026-11-27 08:00",
            "Open 8:00 to 12:00 (the day before Thanksgiving)",
        ),
        ("2026-11-26 10:00", False, "2026-11-27 08:00", "Closed for Thanksgiving"),
        ("2026-11-28 10:00", False, "2026-11-30 08:00", "Closed today"),
    ],
)  # fmt: skip
def test_the_office_opens_and_closes_to_the_second(
    when: str, open_now: bool, changes: str, said: str
):
    choice = choose("after_hours", OFFICE, at=at(when))
    assert (choice.open_now, choice.changes_at, choice.today) == (open_now, at(changes), said)
    assert choice.greeting == ("open" if open_now else "after_hours")


def test_each_agreement_receives_a_daytime_call_in_its_own_way():
    noon = at("2026-11-23 12:00")
    modes = {mode: choose(mode, OFFICE, at=noon) for mode in ("after_hours", "overflow", "always")}
    assert {mode: one.mode for mode, one in modes.items()} == {
        "after_hours": "open", "overflow": "overflow", "always": "always",
    }  # fmt: skip
    assert choose("after_hours", OFFICE, at=noon, has_office_number=True).rings_first == "office"
    assert choose("overflow", OFFICE, at=noon, has_office_number=True).rings_first == "desk"


def test_an_office_without_hours_is_covered_all_the_time():
    choice = choose("after_hours", Hours((), (), NEW_YORK), at=at("2026-11-23 12:00"))
    assert (choice.mode, choice.changes_at) == ("after_hours", None)


def test_the_repeated_hour_in_autumn_is_open_once_and_whole():
    night = Hours((OpenHours(6, time(0), time(1, 30)),), (), NEW_YORK)
    ((opens, closes),) = [span for span in spans(night, at("2026-11-01 00:00")) if span[0].day == 1]
    assert closes - opens == timedelta(hours=2, minutes=30)


zones = st.sampled_from(
    [ZoneInfo(name) for name in ("America/New_York", "Europe/London", "Asia/Kolkata",
     "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "UTC")]
)  # fmt: skip
times = st.times().map(lambda one: one.replace(second=0, microsecond=0))
ranges = st.tuples(times, times).filter(lambda two: two[0] < two[1])


def hours_on(day: int, two: tuple[time, time]) -> OpenHours:
    return OpenHours(day, *two)


def day_of(day: date, two: tuple[time, time] | None) -> SpecialDay:
    return SpecialDay(day, "", *(two or (None, None)))


weeks = st.lists(st.builds(hours_on, st.integers(0, 6), ranges), max_size=10)
days = st.lists(
    st.builds(day_of, st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.none() | ranges),
    max_size=5,
)
instants = st.datetimes(datetime(2024, 1, 10), datetime(2027, 12, 20), timezones=st.just(UTC))
offices = st.builds(Hours, weeks, days, zones)


@given(offices, st.sampled_from(["after_hours", "overflow", "always", "of another age"]), instants)
def test_no_call_is_ever_refused_and_no_change_is_behind_us(
    office: Hours, agreed: str, when: datetime
):
    choice = choose(agreed, office, at=when)
    assert choice.mode in ("after_hours", "open", "overflow", "always")
    assert choice.changes_at is None or choice.changes_at > when


@given(offices, instants)
def test_until_it_changes_it_stays_and_then_it_changes(office: Hours, when: datetime):
    choice = choose("after_hours", office, at=when)
    if choice.changes_at is None:
        return
    second = timedelta(seconds=1)
    before = choose("after_hours", office, at=max(when, choice.changes_at - second))
    after = choose("after_hours", office, at=choice.changes_at)
    assert before.open_now == choice.open_now
    assert after.open_now != choice.open_now


@given(offices, instants)
def test_open_is_what_the_wall_clock_says_away_from_the_hour_that_repeats(
    office: Hours, when: datetime
):
    wall = when.astimezone(office.zone)
    hours = timedelta(hours=3)
    offsets = {(when + n * hours).astimezone(office.zone).utcoffset() for n in (-1, 0, 1)}
    if len(offsets) > 1:
        return
    special = {day.on_day: day for day in office.special_days}.get(wall.date())
    if special:
        times = [(special.opens_at, special.closes_at)]
    else:
        times = [(o.opens_at, o.closes_at) for o in office.week if o.weekday == wall.weekday()]
    told = any(a is not None and b is not None and a <= wall.time() < b for a, b in times)
    assert choose("after_hours", office, at=when).open_now == told


@given(offices, instants)
def test_the_next_opening_is_open(office: Hours, when: datetime):
    opening = next_opening(office, at=when)
    if opening is not None:
        assert opening >= when
        assert choose("after_hours", office, at=opening).open_now
