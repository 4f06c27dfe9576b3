"""Who is offered which caller, told by who waits and who is free."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from nightbell.acd.offer import FreeAgent, Pairing, Waiting, free_agents, next_offers, why
from nightbell.core.ids import CallId, PersonId

NOW = datetime(2031, 3, 9, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANA, LUIS, MEI = (CallId(UUID(int=n)) for n in (1, 2, 3))
DANA, PRIYA = (PersonId(UUID(int=n)) for n in (11, 12))


def waits(call: CallId, seconds: int, priority: int = 5, **passed: int) -> Waiting:
    known = {"dana": DANA, "priya": PRIYA}
    by = {known[name]: times for name, times in passed.items()}
    return Waiting(call, priority, NOW - seconds * SECOND, passed=by)


def idle(who: PersonId, seconds: int, *, unfinished: bool = False) -> FreeAgent:
    return FreeAgent(who, NOW - seconds * SECOND, unfinished)


def pairs(waiting: list[Waiting], agents: list[FreeAgent]) -> list[tuple[CallId, PersonId]]:
    return [(one.call_id, one.person_id) for one in next_offers(waiting, agents, at=NOW)]


def test_the_longest_waiting_goes_to_the_longest_idle():
    agents = [idle(DANA, 10), idle(PRIYA, 60)]
    assert pairs([waits(ANA, 5), waits(LUIS, 40)], agents) == [(LUIS, PRIYA), (ANA, DANA)]


def test_who_was_cut_off_is_served_before_everybody():
    assert pairs([waits(ANA, 300), waits(MEI, 2, priority=1)], [idle(DANA, 1)]) == [(MEI, DANA)]


def test_who_let_a_caller_go_by_is_asked_last_but_is_asked():
    passed = waits(ANA, 30, priya=1)
    assert pairs([passed], [idle(DANA, 1), idle(PRIYA, 600)]) == [(ANA, DANA)]
    assert pairs([passed], [idle(PRIYA, 600)]) == [(ANA, PRIYA)]


def test_who_still_writes_is_left_alone_while_another_is_free():
    writing = idle(PRIYA, 600, unfinished=True)
    assert pairs([waits(ANA, 9)], [writing, idle(DANA, 1)]) == [(ANA, DANA)]
    assert pairs([waits(ANA, 9)], [writing]) == [(ANA, PRIYA)]


def test_an_offer_is_a_lease():
    (made,) = next_offers([waits(ANA, 1)], [idle(DANA, 1)], at=NOW)
    assert made == Pairing(ANA, DANA, NOW + 20 * SECOND)


def test_the_agent_is_told_why():
    assert [why(n) for n in (0, 1, 5)] == [
        "cut off before: served first", "had a person before: served first", "longest waiting",
    ]  # fmt: skip


people = st.uuids().map(PersonId)
lines = st.lists(
    st.builds(
        Waiting,
        st.uuids().map(CallId),
        st.integers(0, 9),
        st.integers(0, 9999).map(lambda n: NOW - n * SECOND),
    ),
    unique_by=lambda one: one.call_id,
    max_size=30,
)
crews = st.lists(
    st.builds(
        FreeAgent, people, st.integers(0, 9999).map(lambda n: NOW - n * SECOND), st.booleans()
    ),
    unique_by=lambda one: one.person_id,
    max_size=30,
)


@given(lines, crews)
def test_nobody_waits_while_somebody_is_free_and_nobody_is_offered_twice(
    waiting: list[Waiting], agents: list[FreeAgent]
):
    made = next_offers(waiting, agents, at=NOW)
    assert len(made) == min(len(waiting), len(agents))
    assert len({one.call_id for one in made}) == len({one.person_id for one in made}) == len(made)
    assert all(one.expires_at > NOW for one in made)


@given(lines, crews)
def test_nobody_is_overtaken_by_a_later_or_less_urgent_caller(
    waiting: list[Waiting], agents: list[FreeAgent]
):
    served = {one.call_id for one in next_offers(waiting, agents, at=NOW)}
    first = [(one.priority, one.since) for one in waiting if one.call_id in served]
    later = [(one.priority, one.since) for one in waiting if one.call_id not in served]
    if first and later:
        assert max(first) <= min(later)


@given(crews, st.sets(people))
def test_free_is_what_is_left_when_the_busy_are_taken_out(
    ready: list[FreeAgent], busy: set[PersonId]
):
    assert {one.person_id for one in free_agents(ready, busy)} == {
        one.person_id for one in ready
    } - busy
