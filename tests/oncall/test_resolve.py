"""On call, told as nights on which somebody else would have rung the wrong doctor."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightbell.core.ids import PersonId
from nightbell.core.wall_clock import first_at, last_at
from nightbell.oncall.resolve import OnCall, Override, Window, holder, holders, shifts
from nightbell.oncall.rota import RotaRefused, Rotation
from tests.oncall.reference import slow_holder

HOUR = timedelta(hours=1)
OKAFOR, SHARMA, LINDT = (PersonId(UUID(int=n)) for n in (1, 2, 3))
NEW_YORK = ZoneInfo("America/New_York")
# New York's clock goes from 2:00 to 1:00 on 1 November 2026, from 2:00 to 3:00 on 14 March 2027.
NIGHTLY = Rotation(
    "first call", "America/New_York", "day", time(1, 30), date(2026, 10, 30), (OKAFOR, SHARMA)
)
TONIGHT = OnCall(("first call", "backup"), (NIGHTLY,))


def new_york(day: int, hour: int, minute: int = 0, *, month: int = 11, fold: int = 0) -> datetime:
    year = 2026 if month > 6 else 2027
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK, fold=fold)


def who(oncall: OnCall, at: datetime, role: str = "first call") -> PersonId | None:
    held = holder(oncall, role, at)
    return held.person_id if held else None


def test_the_handoff_changes_the_holder_at_the_minute():
    assert who(TONIGHT, new_york(30, 1, 30, month=10)) == OKAFOR
    assert who(TONIGHT, new_york(31, 1, 29, month=10)) == OKAFOR
    assert who(TONIGHT, new_york(31, 1, 30, month=10)) == SHARMA


def test_nobody_before_the_first_shift_and_nobody_in_a_role_without_a_rotation():
    assert who(TONIGHT, new_york(30, 1, 29, month=10)) is None
    assert who(TONIGHT, new_york(31, 12, month=10), "backup") is None


def test_the_night_with_two_half_past_ones_has_two_on_duty_and_one_to_page():
    first, second = new_york(1, 1, 30), new_york(1, 1, 30, fold=1)
    night = Window(new_york(31, 12, month=10), new_york(1, 12))
    (leaving,) = shifts(TONIGHT, SHARMA, night)
    (coming,) = shifts(TONIGHT, OKAFOR, night)
    assert leaving.ends_at == second.astimezone(UTC)
    assert coming.starts_at == first.astimezone(UTC)
    assert who(TONIGHT, first) == OKAFOR
    assert who(TONIGHT, new_york(1, 1, 29, fold=1)) == OKAFOR


def test_the_night_without_a_half_past_two_hands_off_when_the_clock_jumps():
    nightly = replace(NIGHTLY, handoff_at=time(2, 30))
    jump = datetime(2027, 3, 14, 7, 0, tzinfo=UTC)
    before = who(OnCall((), (nightly,)), jump - timedelta(seconds=1))
    after = who(OnCall((), (nightly,)), jump)
    assert {before, after} == {OKAFOR, SHARMA}


def test_the_weekly_handoff_stays_at_eight_through_a_167_hour_week():
    weekly = Rotation(
        "first call", "America/New_York", "week", time(8), date(2027, 3, 8), (OKAFOR, SHARMA)
    )
    held = holder(OnCall((), (weekly,)), "first call", new_york(10, 12, month=3))
    assert held is not None
    assert held.ends_at - held.starts_at == 167 * HOUR
    assert held.ends_at.astimezone(NEW_YORK).hour == 8


def test_cover_for_an_evening_says_so_and_gives_the_rest_of_the_night_back():
    cover = Override("first call", LINDT, new_york(3, 18), new_york(3, 23), "covering Dr Sharma")
    covered = replace(TONIGHT, overrides=(cover,))
    held = holder(covered, "first call", new_york(3, 20))
    assert held is not None
    assert (held.person_id, held.why) == (LINDT, "override: covering Dr Sharma")
    assert held.ends_at == new_york(3, 23).astimezone(UTC)
    rest = holders(covered, "first call", Window(new_york(3, 12), new_york(4, 1)))
    usual = who(TONIGHT, new_york(3, 20))
    assert [one.person_id for one in rest] == [usual, LINDT, usual]


def test_an_override_in_an_otherwise_empty_role_leaves_gaps_around_it():
    alone = OnCall(("backup",), (), (Override("backup", LINDT, new_york(3, 18), new_york(3, 23)),))
    found = holders(alone, "backup", Window(new_york(3, 12), new_york(4, 12)))
    assert [(one.starts_at, one.ends_at) for one in found] == [
        (new_york(3, 18).astimezone(UTC), new_york(3, 23).astimezone(UTC))
    ]


def test_the_day_samoa_skipped_leaves_the_role_held():
    samoa = Rotation(
        "first call", "Pacific/Apia", "day", time(8), date(2011, 12, 1), (OKAFOR, SHARMA)
    )
    apia = OnCall((), (samoa,))
    week = Window(datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 3, tzinfo=UTC))
    found = holders(apia, "first call", week)
    assert found[0].starts_at == week.starts_at
    assert found[-1].ends_at == week.ends_at
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))


def test_somebody_alone_in_a_rotation_has_one_long_shift():
    alone = OnCall((), (replace(NIGHTLY, people=(OKAFOR,)),))
    found = shifts(alone, OKAFOR, Window(new_york(31, 12, month=10), new_york(9, 12)))
    assert len(found) == 1


def test_a_rotation_of_nobody_is_refused_with_a_sentence():
    with pytest.raises(RotaRefused, match="1 to 50 people"):
        replace(NIGHTLY, people=())


# The resolver against a reference written differently, near every change of every zone's clock.

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
DECADE = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC))


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The instants (to the minute) at which this zone's clock is moved in the decade."""
    found: list[datetime] = []
    where, at = ZoneInfo(zone), DECADE[0]
    while at < DECADE[1]:
        after = at + timedelta(days=5)
        if at.astimezone(where).utcoffset() != after.astimezone(where).utcoffset():
            low, high = at, after
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                same = middle.astimezone(where).utcoffset() == low.astimezone(where).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(second=0, microsecond=0))
        at = after
    return tuple(found)


@st.composite
def nights(draw: st.DrawFn) -> tuple[OnCall, datetime]:
    """A rota in some zone and an instant, mostly within hours of that zone's clock being moved."""
    zone = draw(st.sampled_from(ZONES))
    near = draw(st.sampled_from(changes(zone) or (datetime(2026, 3, 1, tzinfo=UTC),)))
    minutes = st.integers(-300, 300).map(lambda n: timedelta(minutes=n))
    at = near + draw(minutes) + timedelta(seconds=draw(st.sampled_from([0, 0, 1, 30, 59])))
    # Hand off close to what the clock reads, so that the handoff falls into the moved hour.
    handoff = (near + draw(minutes)).astimezone(ZoneInfo(zone)).time()
    every: Literal["day", "week"] = draw(st.sampled_from(("day", "week")))
    starts_on = near.date() - timedelta(days=draw(st.integers(-2, 60)))
    people = tuple(PersonId(UUID(int=n)) for n in range(draw(st.integers(1, 5))))
    rotation = Rotation(
        "first call",
        zone,
        every,
        handoff.replace(second=0, microsecond=0, fold=0),
        starts_on,
        people,
    )
    overrides: tuple[Override, ...] = ()
    if draw(st.booleans()):
        starts = near + draw(minutes)
        ends = starts + timedelta(minutes=draw(st.integers(1, 300)))
        overrides = (Override("first call", LINDT, starts, ends),)
    return OnCall(("first call",), (rotation,), overrides), at


@settings(max_examples=1000, deadline=None)
@given(nights())
def test_the_resolver_agrees_with_the_slow_reference(night: tuple[OnCall, datetime]):
    oncall, at = night
    assert who(oncall, at) == slow_holder(oncall, "first call", at)


def test_twenty_thousand_nights_around_moved_clocks_page_the_same_doctor():
    """The same comparison by the thousand, over every zone in turn."""
    dice = random.Random(20_311_103)
    moved = [(zone, near) for zone in ZONES for near in changes(zone)]
    dice.shuffle(moved)
    paged: Counter[PersonId | None] = Counter()
    for number in range(20_000):
        zone, near = moved[number % len(moved)]
        at = near + timedelta(seconds=dice.randrange(-18_000, 18_000))
        handoff = (near + timedelta(minutes=dice.randrange(-180, 180))).astimezone(ZoneInfo(zone))
        rotation = Rotation(
            "first call",
            zone,
            dice.choice(("day", "week")),
            handoff.time().replace(second=0, microsecond=0, fold=0),
            near.date() - timedelta(days=dice.randrange(60)),
            (OKAFOR, SHARMA, LINDT)[: dice.randrange(1, 4)],
        )
        oncall = OnCall(("first call",), (rotation,))
        found = who(oncall, at)
        assert found == slow_holder(oncall, "first call", at), (rotation, at)
        paged[found] += 1
    assert min(paged[one] for one in (OKAFOR, SHARMA, LINDT)) > 2000


@settings(max_examples=500, deadline=None)
@given(nights())
def test_intervals_say_what_the_holder_says(night: tuple[OnCall, datetime]):
    oncall, at = night
    window = Window(at - 30 * HOUR, at + 30 * HOUR)
    found = holders(oncall, "first call", window)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(found))
    for hours in range(-29, 30, 3):
        then = at + hours * HOUR
        covering = [one.person_id for one in found if one.covers(then)]
        held = who(oncall, then)
        assert covering == ([held] if held else [])


@settings(max_examples=500, deadline=None)
@given(nights())
def test_whoever_holds_the_role_is_on_duty(night: tuple[OnCall, datetime]):
    """A page never goes to somebody whose own calendar says they are off."""
    oncall, at = night
    held = holder(oncall, "first call", at)
    if held is not None:
        own = shifts(oncall, held.person_id, Window(at - 30 * HOUR, at + 30 * HOUR))
        assert any(one.covers(at) for one in own)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 60), st.integers(-300, 300))
def test_a_start_is_never_after_the_end_it_meets(zone: str, nth: int, minutes: int):
    """Overlap, never gap: at every change of every zone's clock."""
    moved = changes(zone)
    near = moved[nth % len(moved)] if moved else DECADE[0]
    wall = (near + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert first_at(wall, ZoneInfo(zone)) <= last_at(wall, ZoneInfo(zone))
