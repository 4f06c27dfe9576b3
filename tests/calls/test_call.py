"""What becomes of a call, told by what happened to the caller."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.calls import call as rule
from nightbell.calls.call import (
    BACK_TO_FRONT,
    CUT_OFF,
    AlreadyClosed,
    Call,
    CallOver,
    NobodyElse,
    NotTalking,
    NotYourCall,
)
from nightbell.calls.numbers import warning
from nightbell.core.errors import Refused, Stale
from nightbell.core.ids import AccountId, CallId, LegId, PersonId

TWO_AM = datetime(2031, 3, 9, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DANA, PRIYA = PersonId(UUID(int=1)), PersonId(UUID(int=2))
RANG = Call(
    CallId(UUID(int=9)), AccountId(UUID(int=8)), "+12125550142", "after_hours", "ringing", 5,
    "switch-1", 1, LegId(UUID(int=7)), TWO_AM,
)  # fmt: skip
WAITING = rule.caller_up(RANG, at=TWO_AM)
TALKING = rule.accept(WAITING, DANA, at=TWO_AM + 9 * SECOND)


def gone(call: Call, after: timedelta) -> Call:
    return rule.caller_gone(call, ended_at=TWO_AM + after, at=TWO_AM + after)


def test_an_answered_call_that_ends_is_owed_by_the_agent_who_took_it():
    over = gone(TALKING, 3 * MINUTE)
    assert (over.state, over.owner_id, over.due_at) == ("ended", DANA, TWO_AM + 13 * MINUTE)


def test_a_caller_who_gave_up_waiting_is_on_the_desk_in_two_minutes():
    over = gone(WAITING, 40 * SECOND)
    assert (over.owner_kind, over.due_at) == ("desk", TWO_AM + 2 * MINUTE + 40 * SECOND)
    assert over.abandoned_at == TWO_AM + 40 * SECOND


def test_a_slip_of_the_finger_is_still_somebodys():
    over = gone(RANG, 3 * SECOND)
    assert (over.owner_kind, over.due_at) == ("supervisor", TWO_AM + 30 * MINUTE + 3 * SECOND)


def test_the_agents_laptop_died_and_the_caller_is_served_next():
    back = rule.agent_lost(TALKING, at=TWO_AM + MINUTE)
    assert (back.state, back.priority, back.agent_id) == ("waiting", BACK_TO_FRONT, None)
    assert back.answered_at == TALKING.answered_at


def test_two_agents_accept_one_call():
    with pytest.raises(Stale):
        rule.accept(TALKING, PRIYA, at=TWO_AM + 10 * SECOND)


def test_the_switch_was_killed_mid_call():
    cut = rule.switch_lost(TALKING, ended_at=TWO_AM + MINUTE, at=TWO_AM + MINUTE + SECOND)
    assert (cut.state, cut.owner_kind, cut.priority) == ("lost", "desk", CUT_OFF)
    assert cut.due_at == TWO_AM + MINUTE + SECOND
    ringing = rule.ring_back(cut, PRIYA, LegId(UUID(int=6)), "switch-1", 2, at=cut.due_at or TWO_AM)
    again = rule.caller_up(ringing, at=TWO_AM + 2 * MINUTE)
    assert (again.state, again.agent_id, again.answered_at) == (
        "talking", PRIYA, TALKING.answered_at,
    )  # fmt: skip


def test_a_call_already_closed_and_then_cut_off_is_owed_again():
    closed = rule.dispose(rule.joined(TALKING, at=TWO_AM), "page", "urgent", at=TWO_AM + MINUTE)
    cut = rule.switch_lost(closed, ended_at=TWO_AM + 2 * MINUTE, at=TWO_AM + 2 * MINUTE)
    assert cut.owed
    assert cut.owner_kind == "desk"


def test_hanging_up_as_the_switch_dies_is_an_end_not_a_loss():
    leaving = rule.hang_up(TALKING, DANA)
    over = rule.switch_lost(leaving, ended_at=TWO_AM + MINUTE, at=TWO_AM + MINUTE)
    assert (over.state, over.ended_by, over.owner_id) == ("ended", "agent", DANA)


def test_nobody_picks_up_when_rung_back_and_the_asking_agent_still_owes_it():
    lost = rule.switch_lost(WAITING, ended_at=TWO_AM, at=TWO_AM)
    ringing = rule.ring_back(lost, DANA, LegId(UUID(int=6)), "switch-1", 2, at=TWO_AM)
    silent = gone(ringing, MINUTE)
    assert (silent.ended_by, silent.owner_id, silent.owed) == ("no_answer", DANA, True)


def test_the_agent_went_home_and_left_a_caller_unfinished():
    """Hers until it is due; from then on anybody's, to take or to ring back."""
    left = gone(TALKING, MINUTE)
    assert left.owner_id == DANA
    assert left.due_at is not None
    early = left.due_at - SECOND
    with pytest.raises(Stale):
        rule.take(left, PRIYA, at=early)
    with pytest.raises(Stale):
        rule.ring_back(left, PRIYA, LegId(UUID(int=6)), "switch-1", 1, at=early)
    taken = rule.take(left, PRIYA, at=left.due_at)
    assert (taken.owner_id, taken.owed) == (PRIYA, True)
    with pytest.raises(Stale):
        rule.take(taken, DANA, at=left.due_at)
    ringing = rule.ring_back(left, PRIYA, LegId(UUID(int=6)), "switch-1", 1, at=left.due_at)
    assert ringing.owner_id == PRIYA


def test_the_agent_may_leave_only_a_patched_caller():
    with pytest.raises(NobodyElse):
        rule.leave(TALKING, DANA)
    alone = rule.leave(rule.joined(TALKING, at=TWO_AM), DANA)
    assert (alone.state, alone.agent_id, alone.owner_id) == ("patched", None, DANA)
    assert rule.clinician_gone(alone, others=0, at=TWO_AM).state == "waiting"


@pytest.mark.parametrize("act", [rule.hang_up, rule.resume])
def test_another_agents_call_is_not_yours(act: Callable[[Call, PersonId], Call]):
    with pytest.raises(NotYourCall):
        act(TALKING, PRIYA)
    with pytest.raises(CallOver):
        act(gone(TALKING, MINUTE), DANA)


def test_hold_is_for_a_caller_who_has_only_you():
    with pytest.raises(NotTalking):
        rule.hold(rule.joined(TALKING, at=TWO_AM), DANA, at=TWO_AM)
    held = rule.hold(TALKING, DANA, at=TWO_AM + MINUTE)
    assert held.held_at == TWO_AM + MINUTE
    assert rule.resume(held, DANA) == TALKING


def test_one_outcome_a_call():
    closed = rule.dispose(TALKING, "answered", "hours", at=TWO_AM)
    with pytest.raises(AlreadyClosed):
        rule.dispose(closed, "wrong_number", "hours", at=TWO_AM)


people = st.sampled_from([DANA, PRIYA])
Step = Callable[[Call, PersonId, datetime], Call]
CALLERS_END: list[Step] = [lambda c, p, at: rule.caller_gone(c, ended_at=at, at=at)]
OURS: list[Step] = [
    lambda c, p, at: rule.caller_up(c, at=at),
    lambda c, p, at: rule.accept(c, p, at=at),
    lambda c, p, at: rule.hold(c, p, at=at),
    lambda c, p, at: rule.resume(c, p),
    lambda c, p, at: rule.hang_up(c, p),
    lambda c, p, at: rule.joined(c, at=at),
    lambda c, p, at: rule.leave(c, p),
    lambda c, p, at: rule.agent_lost(c, at=at),
    lambda c, p, at: rule.clinician_gone(c, others=0, at=at),
    lambda c, p, at: rule.take(c, p, at=at),
    lambda c, p, at: rule.dispose(c, "answered", "hours", at=at),
    lambda c, p, at: rule.ring_back(c, p, LegId(UUID(int=at.second)), "switch-1", c.epoch, at=at),
]
SWITCH_DIED: list[Step] = [lambda c, p, at: rule.switch_lost(c, ended_at=at, at=at)]
steps = st.lists(st.tuples(st.sampled_from(CALLERS_END + OURS + SWITCH_DIED), people), max_size=25)


def lived(events: list[tuple[Step, PersonId]]) -> list[tuple[Step, Call, Call]]:
    """Each step that was not refused, with the call before and after it."""
    call, at, seen = RANG, TWO_AM, list[tuple[Step, Call, Call]]()
    for step, person in events:
        at += 7 * SECOND
        try:
            after = step(call, person, at)
        except Refused:
            continue
        seen.append((step, call, after))
        call = after
    return seen


@given(steps)
def test_a_call_that_is_over_is_always_somebodys_by_a_time(events: list[tuple[Step, PersonId]]):
    for _, _, call in lived(events):
        assert call.over == (call.ended_at is not None)
        assert (call.closed_at is None) == (call.disposition is None)
        if call.owed:
            assert call.owner_kind is not None
            assert call.due_at is not None
            assert (call.owner_kind == "person") == (call.owner_id is not None)


@given(steps)
def test_only_the_callers_end_or_the_switchs_death_takes_the_caller_away(
    events: list[tuple[Step, PersonId]],
):
    for step, before, after in lived(events):
        if after.over and not before.over:
            assert step in CALLERS_END + SWITCH_DIED


@given(steps)
def test_a_live_caller_is_waiting_in_line_or_has_somebody(events: list[tuple[Step, PersonId]]):
    for _, _, call in lived(events):
        if call.state in ("talking", "held"):
            assert call.agent_id is not None
        assert (call.state == "waiting") == (call.waiting_since is not None)


@given(steps)
def test_hearing_it_twice_changes_nothing(events: list[tuple[Step, PersonId]]):
    for _, _, call in lived(events):
        once = rule.caller_gone(call, ended_at=TWO_AM + 9 * MINUTE, at=TWO_AM + 9 * MINUTE)
        later = TWO_AM + 10 * MINUTE
        assert rule.caller_gone(once, ended_at=later, at=later) == once
        assert rule.switch_lost(once, ended_at=later, at=later) == once
        assert rule.caller_up(replace(once), at=later) == once


@pytest.mark.parametrize(
    ("typed", "caller", "said"),
    [
        ("+12125550142", "+12125550142", ""),
        ("+12125550142", "", ""),
        ("+12125550124", "+12125550142", "The last two digits are the other way round"),
        ("+12215550142", "+12125550142", "Two digits are the other way round"),
        ("+12125550143", "+12125550142", "One digit differs"),
        ("+13475550199", "+12125550142", "This is not the number they are calling from."),
    ],
)
def test_a_slip_of_the_ear_is_named(typed: str, caller: str, said: str):
    assert warning(typed, caller).startswith(said)
    assert bool(warning(typed, caller)) == bool(said)
