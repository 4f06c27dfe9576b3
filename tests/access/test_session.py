"""How long somebody stays signed in, and how often somebody may guess."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.access.lockout import LOCKED_FOR, OPEN, TRIES, Guard, LockedOut, charge
from nightbell.access.session import IDLE, WHOLE, Session, is_alive
from nightbell.access.verifier import false_salt
from nightbell.core.ids import PersonId

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
DANA = Session(PersonId(UUID(int=1)), "Dana", "agent", True, "c", NINE_PM, NINE_PM, None)


def test_an_hour_without_a_sign_of_life_is_the_end():
    assert is_alive(DANA, at=NINE_PM + IDLE - timedelta(seconds=1))
    assert not is_alive(DANA, at=NINE_PM + IDLE)


@given(st.lists(st.integers(1, 3599), max_size=60))
def test_nobody_stays_for_more_than_a_day(pauses_s: list[int]):
    at, session = NINE_PM, DANA
    for pause in pauses_s:
        at += timedelta(seconds=pause)
        assert is_alive(session, at=at) == (at < NINE_PM + WHOLE)
        session = replace(session, seen_at=at)


def test_somebody_who_left_is_out_at_once():
    assert not is_alive(replace(DANA, active=False), at=NINE_PM)
    assert not is_alive(replace(DANA, ended_at=NINE_PM), at=NINE_PM)


def test_the_tenth_wrong_passphrase_locks_for_a_quarter_of_an_hour():
    guard = OPEN
    for _ in range(TRIES):
        guard = charge(guard, at=NINE_PM)
    with pytest.raises(LockedOut):
        charge(guard, at=NINE_PM + LOCKED_FOR - timedelta(seconds=1))
    assert charge(guard, at=NINE_PM + LOCKED_FOR) == Guard(failures=1)


@given(st.lists(st.integers(0, 1800), max_size=80))
def test_never_more_than_ten_guesses_in_any_quarter_of_an_hour_of_locking(pauses_s: list[int]):
    guard, at = OPEN, NINE_PM
    judged: list[datetime] = []
    for pause in pauses_s:
        at += timedelta(seconds=pause)
        try:
            guard = charge(guard, at=at)
        except LockedOut:
            continue
        judged.append(at)
    for n in range(len(judged) - TRIES):
        assert judged[n + TRIES] - judged[n] >= LOCKED_FOR


@given(st.text(), st.text())
def test_an_unknown_name_has_a_salt_that_never_changes(one: str, other: str):
    assert false_salt(b"secret", one) == false_salt(b"secret", f" {one} ")
    if one.strip().lower() != other.strip().lower():
        assert false_salt(b"secret", one) != false_salt(b"secret", other)
