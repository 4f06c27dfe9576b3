"""The life of a page: no machine and no receipt makes it accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.paging.page import FAILURES, Fact, State, after, heard_of
from nightbell.telephony.port import Kind

facts = st.lists(st.sampled_from(Fact), max_size=20)


def life(*said: Fact) -> State:
    state = State.QUEUED
    for fact in said:
        state = after(state, fact)
    return state


def test_delivered_is_not_accepted():
    assert life(Fact.HANDED_OVER, Fact.ON_DEVICE) is State.DELIVERED


def test_a_telephone_that_was_answered_is_only_going():
    assert life(Fact.RINGING, Fact.ANSWERED) is State.GOING
    assert life(Fact.RINGING, Fact.ANSWERED, Fact.NO_KEY) is State.FAILED


def test_a_receipt_that_comes_late_does_not_undo_delivery():
    assert life(Fact.ON_DEVICE, Fact.HANDED_OVER) is State.DELIVERED


def test_a_dead_line_does_not_stop_a_person_from_answering_by_another_way():
    assert life(Fact.BUSY, Fact.ACCEPTED) is State.ACCEPTED


def test_what_was_taken_back_stays_taken_back():
    assert life(Fact.WITHDRAWN, Fact.ACCEPTED) is State.WITHDRAWN


@given(facts.filter(lambda said: Fact.ACCEPTED not in said))
def test_nothing_but_acceptance_accepts(said: list[Fact]):
    assert life(*said) is not State.ACCEPTED


@given(facts)
def test_a_fact_told_twice_changes_nothing_the_second_time(said: list[Fact]):
    once = State.QUEUED
    for fact in said:
        once = after(once, fact)
        assert after(once, fact) is once


@pytest.mark.parametrize("cause", ["hangup", "far_hangup", "busy", "failed", "switch_lost", ""])
def test_a_line_that_ended_is_a_failure_whatever_the_cause(cause: str):
    for answered in (True, False):
        assert heard_of(Kind.LEG_ENDED, {"cause": cause}, answered=answered) in FAILURES


def test_a_machine_that_answers_and_ends_pressed_no_key():
    assert heard_of(Kind.LEG_ENDED, {"cause": "far_hangup"}, answered=True) is Fact.NO_KEY
