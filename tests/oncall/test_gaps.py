"""Gaps found on Monday, not at three on Sunday morning."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from nightbell.core.ids import PersonId
from nightbell.oncall.gaps import Reach, gaps
from nightbell.oncall.resolve import OnCall, Override
from nightbell.oncall.rota import Rotation

OKAFOR, SHARMA = (PersonId(UUID(int=n)) for n in (1, 2))
MONDAY = datetime(2026, 12, 7, 14, tzinfo=UTC)
PEOPLE = {OKAFOR: Reach("Dr Okafor", True), SHARMA: Reach("Dr Sharma", False)}
WEEKLY = Rotation("first call", "America/New_York", "week", time(8), date(2026, 1, 5), (OKAFOR,))


def found(oncall: OnCall, *called: str) -> list[str]:
    return gaps(oncall, PEOPLE, at=MONDAY, zone="America/New_York", called=called)


def test_a_full_rota_of_people_with_telephones_has_no_gaps():
    assert found(OnCall(("first call",), (WEEKLY,)), "first call") == []


def test_an_empty_role_and_a_role_nobody_made_are_named():
    sentences = found(OnCall(("first call", "backup"), (WEEKLY,)), "first call", "backup", "chief")
    assert sentences == [
        "Nobody holds “backup”. Add a rotation or an override.",
        "A policy pages “chief”, which is not a role here. Add the role.",
    ]


def test_hours_without_a_holder_are_said_in_the_practices_own_time():
    only = Override("backup", OKAFOR, MONDAY, MONDAY + timedelta(days=13))
    (sentence,) = found(OnCall(("backup",), (), (only,)))
    assert sentence == (
        "Nobody holds “backup” from Sun 20 Dec 09:00 to Mon 21 Dec 09:00. Add an override."
    )


def test_a_clinician_whose_number_nobody_verified_is_named_once():
    both = replace(WEEKLY, people=(OKAFOR, SHARMA))
    (sentence,) = found(OnCall(("first call",), (both,)))
    assert sentence.startswith("Dr Sharma holds “first call” and has no verified telephone number")
