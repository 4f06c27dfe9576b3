"""Escalations, told as nights that happened to somebody."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.core.ids import PersonId
from nightbell.core.tier import Tier
from nightbell.escalation.agreed import from_stored, policy_of, to_stored
from nightbell.escalation.policy import (
    SUPERVISOR_ONLY,
    Accepted,
    Declined,
    Escalation,
    Event,
    NobodyThere,
    Order,
    PageDead,
    Policy,
    PolicyRefused,
    Raised,
    RingEmergency,
    SendPage,
    Step,
    TellSupervisor,
    WaitEnded,
    advance,
    start,
)

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DR_OKAFOR, DR_SHARMA = PersonId(UUID(int=1)), PersonId(UUID(int=2))
RIVERSIDE = Policy((Step("first call", 2, 5 * MINUTE), Step("backup", 1, 10 * MINUTE)))
URGENT = Policy((Step("first call", 1, 2 * MINUTE), Step("chief", 1, 2 * MINUTE)))


def night(
    *events: tuple[float, Event], policy: Policy = RIVERSIDE, tier: Tier = Tier.T3
) -> tuple[Escalation, list[Order]]:
    """Play (minutes after nine, what happened); give the escalation and every order."""
    escalation, orders = start(policy, tier=tier, at=NINE_PM)
    all_orders = list(orders)
    for minutes, event in events:
        escalation, orders = advance(escalation, event, at=NINE_PM + minutes * MINUTE)
        all_orders += orders
    return escalation, all_orders


def test_silence_pages_twice_then_wakes_the_backup():
    _, orders = night((5, WaitEnded()), (10, WaitEnded()))
    assert orders == [
        SendPage("first call", 0, 1),
        SendPage("first call", 0, 2),
        SendPage("backup", 1, 1),
    ]


def test_an_answer_stops_the_escalation():
    escalation, orders = night((2, Accepted(DR_OKAFOR)), (5, WaitEnded()))
    assert escalation.held_by == DR_OKAFOR
    assert orders == [SendPage("first call", 0, 1)]


def test_exhausted_means_a_person_not_an_end():
    escalation, orders = night(*[(n * 10, WaitEnded()) for n in range(1, 6)])
    assert orders[-2:] == [TellSupervisor(3), RingEmergency(3)]
    assert escalation.held_by is None


def test_a_supervisor_away_from_the_desk_for_a_minute_rings_telephones():
    ladder: list[tuple[float, Event]] = [(5, WaitEnded()), (10, WaitEnded()), (20, WaitEnded())]
    told, orders = night(*ladder)
    assert orders[-1] == TellSupervisor(1)
    assert told.wake_at == NINE_PM + 21 * MINUTE
    _, orders = night(*ladder, (21, WaitEnded()))
    assert orders[-2:] == [TellSupervisor(2), RingEmergency(2)]


def test_an_emergency_number_that_is_off_gives_way_within_seconds():
    ladder: list[tuple[float, Event]] = [(n * 10, WaitEnded()) for n in range(1, 5)]
    ringing, _ = night(*ladder)
    dead, orders = advance(ringing, PageDead(2, ringing.sent), at=NINE_PM + 40 * MINUTE)
    assert orders == ()
    assert dead.wake_at == NINE_PM + 40 * MINUTE + timedelta(seconds=10)


def test_a_late_no_does_not_rob_the_backup():
    late_no = Declined(DR_OKAFOR, step=0)
    escalation, orders = night((5, WaitEnded()), (10, WaitEnded()), (11, late_no))
    assert orders[-1] == SendPage("backup", 1, 1)
    assert escalation.wake_at == NINE_PM + 20 * MINUTE


def test_a_no_wakes_the_backup_at_once():
    _, orders = night((1, Declined(DR_OKAFOR, step=0)))
    assert orders[-1] == SendPage("backup", 1, 1)


def test_nobody_holds_first_call_so_the_backup_is_paged_at_once():
    _, orders = night((0, NobodyThere(0, 1)))
    assert orders[-1] == SendPage("backup", 1, 1)


def test_a_voicemail_wakes_the_backup_at_once_and_its_echo_changes_nothing():
    escalation, orders = night((1, PageDead(0, 1)), (1.1, PageDead(0, 1)), (1.2, PageDead(0, 2)))
    assert orders[-1] == SendPage("backup", 1, 1)
    assert escalation.step == 1


def test_an_early_alarm_changes_nothing():
    assert night((1, WaitEnded())) == night()


def test_a_rise_pages_again_under_the_more_urgent_policy():
    escalation, orders = night((3, Raised(Tier.T1, URGENT)))
    assert orders == [SendPage("first call", 0, 1), SendPage("first call", 0, 2)]
    assert (escalation.tier, escalation.wake_at) == (Tier.T1, NINE_PM + 5 * MINUTE)
    _, orders = night((3, Raised(Tier.T1, URGENT)), (5, WaitEnded()))
    assert orders[-1] == SendPage("chief", 1, 1)


def test_a_rise_past_a_shorter_policy_tells_the_supervisor_before_it_rings_telephones():
    short = Policy((Step("first call", 1, 2 * MINUTE),))
    _, orders = night((1, PageDead(0, 1)), (2, Raised(Tier.T1, short)))
    assert orders[-1] == TellSupervisor(1)


def test_a_fall_is_not_heard():
    assert night((3, Raised(Tier.T3, URGENT)), tier=Tier.T2) == night(tier=Tier.T2)


def test_the_doctor_who_has_it_learns_that_it_rose_and_nobody_else_is_woken():
    escalation, orders = night((1, Accepted(DR_OKAFOR)), (2, Raised(Tier.T1, URGENT)))
    assert escalation.tier == Tier.T1
    assert orders == [SendPage("first call", 0, 1)]


def test_an_account_that_agreed_to_nothing_goes_to_the_supervisor_at_once():
    _, orders = night(policy=SUPERVISOR_ONLY)
    assert orders == [TellSupervisor(1)]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        [],
        {"schema": 2, "steps": [], "untaken_s": 60},
        {"schema": 1, "steps": [{"role": "first call"}], "untaken_s": 60},
        {"schema": 1, "steps": [{"role": "a", "pages": 1, "wait_s": -1}], "untaken_s": 60},
    ],
)
def test_a_policy_from_another_age_goes_to_a_person(stored: object):
    assert from_stored(stored) == SUPERVISOR_ONLY


def test_an_editor_who_slips_is_told_the_limits():
    with pytest.raises(PolicyRefused, match="15 seconds to 60 minutes"):
        policy_of([{"role": "first call", "pages": 1, "wait_s": 5}])
    with pytest.raises(PolicyRefused):
        policy_of([])


# Never and always.

any_step = st.builds(
    Step,
    st.sampled_from(["first call", "backup"]),
    st.integers(1, 5),
    st.integers(1, 60).map(lambda n: n * MINUTE),
)
any_policy = st.builds(
    Policy,
    st.lists(any_step, max_size=8).map(tuple),
    st.integers(10, 600).map(lambda n: timedelta(seconds=n)),
)
small = st.integers(0, 9)
noise: st.SearchStrategy[Event] = st.one_of(
    st.just(WaitEnded()),
    st.builds(Declined, st.just(DR_OKAFOR), small),
    st.builds(NobodyThere, small, small),
    st.builds(PageDead, small, small),
    st.builds(Raised, st.sampled_from(Tier).filter(lambda one: one.pages), any_policy),
)
nights = st.lists(st.tuples(st.integers(0, 90), noise), max_size=40)
tiers = st.sampled_from([Tier.T1, Tier.T2, Tier.T3])


def play(
    policy: Policy, tier: Tier, a_night: list[tuple[int, Event]]
) -> list[tuple[datetime, Escalation, tuple[Order, ...]]]:
    """Every state of a night in which no alarm is slept through."""
    at = NINE_PM
    escalation, orders = start(policy, tier=tier, at=at)
    seen = [(at, escalation, orders)]
    for minutes, event in a_night:
        at = min(at + minutes * MINUTE, escalation.wake_at)
        escalation, orders = advance(escalation, event, at=at)
        seen.append((at, escalation, orders))
    return seen


@given(any_policy, tiers, nights)
def test_no_escalation_goes_quiet(policy: Policy, tier: Tier, a_night: list[tuple[int, Event]]):
    """Until a person has it the next alarm is set, never behind us, and it calls somebody."""
    for at, escalation, _ in play(policy, tier, a_night):
        assert escalation.held_by is None
        assert escalation.wake_at >= at
        _, orders = advance(escalation, WaitEnded(), at=escalation.wake_at)
        assert orders


@given(any_policy, tiers, nights)
def test_nothing_is_ever_lowered(policy: Policy, tier: Tier, a_night: list[tuple[int, Event]]):
    """Not the tier, and a supervisor once told stays told."""
    seen = play(policy, tier, a_night)
    for (_, before, _), (_, after, _) in pairwise(seen):
        assert after.tier.rank <= before.tier.rank
        assert after.exhausted or not before.exhausted


@given(any_policy, tiers, nights)
def test_no_order_is_given_twice(policy: Policy, tier: Tier, a_night: list[tuple[int, Event]]):
    """An order's step and number are its key: two alike would be one page too few."""
    given_orders = [order for _, _, orders in play(policy, tier, a_night) for order in orders]
    by_policy_end = [order for order in given_orders if not isinstance(order, SendPage)]
    keys = [(order.step, order.number) for order in given_orders if isinstance(order, SendPage)]
    assert len(keys) == len(set(keys))
    assert len(by_policy_end) == len(set(by_policy_end))


@given(any_policy, tiers, nights, nights)
def test_nobody_is_woken_once_somebody_has_it(
    policy: Policy, tier: Tier, before: list[tuple[int, Event]], after: list[tuple[int, Event]]
):
    at, escalation, _ = play(policy, tier, before)[-1]
    held, orders = advance(escalation, Accepted(DR_OKAFOR), at=at)
    assert (held.held_by, orders) == (DR_OKAFOR, ())
    for minutes, event in [*after, (1, Accepted(DR_SHARMA))]:
        at += minutes * MINUTE
        held, orders = advance(held, event, at=at)
        assert (held.held_by, orders) == (DR_OKAFOR, ())


@given(any_policy)
def test_a_policy_read_back_is_the_policy_agreed(policy: Policy):
    assert from_stored(to_stored(policy)) == policy


@given(any_policy, tiers)
def test_an_escalation_left_alone_climbs_every_rung(policy: Policy, tier: Tier):
    escalation, orders = start(policy, tier=tier, at=NINE_PM)
    roles = [order.role for order in orders if isinstance(order, SendPage)]
    while not escalation.exhausted:
        escalation, orders = advance(escalation, WaitEnded(), at=escalation.wake_at)
        roles += [order.role for order in orders if isinstance(order, SendPage)]
    assert roles == [one.role for one in policy.steps for _ in range(one.pages)]
    assert escalation.sent == 1
