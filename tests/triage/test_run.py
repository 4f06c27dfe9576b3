"""Calls as they are run: asked in order, ended as soon as they may be, raised and never lowered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.core.tier import Tier
from nightbell.triage.compile import Compiled
from nightbell.triage.library import load_library
from nightbell.triage.prove import CLEAR, grids
from nightbell.triage.run import (
    AnswerRefused,
    Ask,
    Clear,
    Outcome,
    find_again,
    fitting,
    never_lower,
    next_step,
)
from tests.triage.told import calm

LIBRARY = load_library()
CHEST = LIBRARY.table("adult-chest-pain")
MEDICINE = LIBRARY.table("medication-question")
WOUND = LIBRARY.table("postop-wound")
ELSE = LIBRARY.table("something-else")
SMALL = ["first-look", "adult-chest-pain", "something-else", "infant-fever", "medication-question"]
tables = st.sampled_from(list(LIBRARY.compiled.values()))
tiers = st.sampled_from(list(Tier))
modifiers = st.lists(st.sampled_from(sorted(LIBRARY.bank.modifiers)), max_size=4)


@st.composite
def calls(
    draw: st.DrawFn, some: st.SearchStrategy[Compiled] = tables
) -> tuple[Compiled, dict[str, str]]:
    """Some protocol, and an answer to each of its questions."""
    table = draw(some)
    return table, {
        question["id"]: draw(st.sampled_from([one["id"] for one in question["answers"]]))
        for question in table["questions"]
    }


def end(table: Compiled, answers: dict[str, str]) -> Outcome:
    step = next_step(table, answers)
    assert isinstance(step, Outcome)
    return step


def rank(step: object) -> int:
    return step.tier.rank if isinstance(step, Outcome) else CLEAR


def test_the_first_yes_ends_it_and_the_first_words_send_for_help():
    outcome = end(CHEST, {"short_of_breath": "yes"})
    assert (outcome.tier, outcome.rule, outcome.say[0]) == (
        Tier.T1, "short_of_breath.yes", "call_911",
    )  # fmt: skip


def test_a_suicidal_caller_is_kept_on_the_line_and_not_told_to_hang_up():
    outcome = end(LIBRARY.first_look, {"danger": "harm"})
    assert outcome.tier is Tier.T1
    assert outcome.say == ("help_is_coming", "lifeline_988")


def test_the_first_look_that_finds_nothing_lets_the_call_go_on():
    assert next_step(LIBRARY.first_look, calm(LIBRARY.first_look)) == Clear()


def test_a_caller_who_can_say_nothing_is_not_left_waiting():
    for table in LIBRARY.compiled.values():
        unknown = {question["id"]: "unknown" for question in table["questions"]}
        assert end(table, unknown).tier.pages, table["id"]


def test_once_t2_is_sure_only_what_could_make_it_t1_is_still_asked():
    step = next_step(ELSE, {"new_confusion": "no", "worse_fast": "yes"})
    assert isinstance(step, Outcome)
    assert step.tier is Tier.T2
    step = next_step(ELSE, {"worse_fast": "yes"})
    assert isinstance(step, Ask)
    assert step.question["id"] == "new_confusion"


def test_the_third_call_about_the_same_thing_is_paged_harder():
    answers = calm(ELSE)
    outcome = next_step(ELSE, answers, ["repeat_caller", "third_hand"])
    assert isinstance(outcome, Outcome)
    assert (outcome.before, outcome.tier) == (Tier.T3, Tier.T2)  # One tier, not one a reason.
    assert outcome.raised_by == ("repeat_caller", "third_hand")
    assert outcome.say == ("connecting_now", "not_reached")


def test_a_raised_wrong_medicine_still_hears_of_poison_help():
    answers = {"hard_to_wake": "no", "on_purpose": "no", "face_swelling": "no", "too_much": "yes"}
    outcome = next_step(MEDICINE, answers, ["over_75"])
    assert isinstance(outcome, Outcome)
    assert outcome.say == ("call_911", "call_911_for_you", "poison_help")


def test_what_a_protocol_weighs_itself_does_not_move_it_twice():
    outcome = next_step(WOUND, calm(WOUND), ["surgery_30_days"])
    assert isinstance(outcome, Outcome)
    assert (outcome.tier, outcome.raised_by) == (Tier.T3, ())


def test_an_answer_nobody_was_offered_is_refused():
    with pytest.raises(AnswerRefused):
        next_step(CHEST, {"short_of_breath": "maybe"})
    with pytest.raises(AnswerRefused):
        next_step(CHEST, {"shoe_size": "yes"})


def test_answers_of_an_older_version_are_dropped_and_the_rest_still_count():
    kept = fitting(CHEST, {"short_of_breath": "yes", "shoe_size": "9", "spreads": "perhaps"})
    assert kept == {"short_of_breath": "yes"}


def test_the_agents_instinct_raises_at_once_and_changes_the_words():
    found = find_again(ELSE, {}, raise_to=Tier.T1)
    assert (found.next_question, found.tier, found.say[0]) == (
        "new_confusion", Tier.T1, "call_911",
    )  # fmt: skip
    assert found.raised_by == ("agent",)


def test_a_console_that_found_less_than_the_server_is_not_believed():
    found = find_again(CHEST, {"spreads": "yes", "short_of_breath": "no"}, client_tier=Tier.T4)
    assert (found.tier, found.raised_by) == (Tier.T1, ())


def test_a_console_that_found_more_is():
    found = find_again(ELSE, calm(ELSE), client_tier=Tier.T2)
    assert (found.tier, found.raised_by, found.rule) == (Tier.T2, ("console",), "otherwise")


@given(tiers, st.none() | tiers, st.none() | tiers)
def test_no_tier_is_ever_lowered(server: Tier, client: Tier | None, previous: Tier | None):
    stands = never_lower(server, client, previous)
    assert all(stands.rank <= one.rank for one in (server, client, previous) if one)


@given(calls(), modifiers, st.none() | tiers, st.none() | tiers)
def test_nothing_said_about_a_call_makes_it_less_urgent(
    call: tuple[Compiled, dict[str, str]],
    some: list[str],
    client: Tier | None,
    instinct: Tier | None,
):
    table, answers = call
    plain = next_step(table, answers)
    moved = find_again(table, answers, some, client_tier=client, raise_to=instinct)
    after = moved.tier.rank if moved.tier else CLEAR
    assert after <= rank(plain)
    assert all(after <= one.rank for one in (client, instinct) if one)
    assert moved.tier is None or moved.say


@given(calls(), st.randoms(use_true_random=False))
def test_the_order_of_telling_changes_nothing(call: tuple[Compiled, dict[str, str]], dice: object):
    table, answers = call
    shuffled = dict(sorted(answers.items(), key=lambda _: dice.random()))  # type: ignore[attr-defined]
    assert next_step(table, shuffled) == next_step(table, answers)


@given(calls(st.sampled_from([LIBRARY.table(one) for one in SMALL])))
def test_the_proof_and_the_engine_mean_the_same(call: tuple[Compiled, dict[str, str]]):
    """The grid that is proved is the engine that is run, in every cell tried."""
    table, answers = call
    grid, winners = grids(table)
    cell = tuple(
        next(one["worry"] for one in question["answers"] if one["id"] == answers[question["id"]])
        for question in table["questions"]
    )
    step = next_step(table, answers)
    assert int(grid[cell]) == rank(step)
    if isinstance(step, Outcome) and step.rule != "otherwise":
        assert table["rules"][int(winners[cell])]["id"] == step.rule


@given(calls())
def test_asking_as_the_engine_asks_ends_as_knowing_everything_does(
    call: tuple[Compiled, dict[str, str]],
):
    table, everything = call
    asked: dict[str, str] = {}
    while isinstance(step := next_step(table, asked), Ask):
        assert step.question["id"] not in asked
        asked[step.question["id"]] = everything[step.question["id"]]
    assert rank(step) == rank(next_step(table, everything))
