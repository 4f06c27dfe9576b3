"""Routine calls that stay routine, and those that a plain question turns into something else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.accounts.account import AccountFact
from nightbell.core.tier import Tier
from nightbell.scripts.call_types import (
    DISPOSITIONS,
    AnswerFrom,
    AskCheck,
    CheckRefused,
    Close,
    OpenTriage,
    TakeMessage,
    routine_answers,
    still_needed,
    way_on,
)
from nightbell.scripts.library import call_type_json, load_call_types, read_call_types
from nightbell.triage import language
from nightbell.triage.library import load_library
from nightbell.triage.protocol import ProtocolRefused

TYPES = {one.id: one for one in load_call_types()}
REFILL, MESSAGE, DIRECTIONS = TYPES["refill"], TYPES["office_message"], TYPES["directions_hours"]
TWO_AM = datetime(2031, 3, 9, 7, 0, tzinfo=UTC)
FILLED = {"caller": "A", "patient": "B", "born": "1951-04-03", "callback": "2125550143",
          "medicine": "metoprolol", "about": "refill"}  # fmt: skip


def fact(kind: str, title: str, expires_at: datetime | None = None) -> AccountFact:
    return AccountFact(kind, title, "Approved words.", expires_at)  # type: ignore[arg-type]


def test_an_ordinary_refill_is_two_plain_questions_and_a_message():
    assert isinstance(way_on(REFILL, {}), AskCheck)
    way = way_on(REFILL, {"out_or_missed": "no", "new_or_worse": "no"})
    assert isinstance(way, TakeMessage)
    assert (REFILL.disposition, REFILL.tier) == ("hold_for_office", Tier.T5)


@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_refill_of_insulin_that_has_run_out_is_not_a_refill(answer: str):
    assert way_on(REFILL, {"out_or_missed": answer}) == OpenTriage("medication-question")


def test_a_billing_message_with_a_new_pain_is_not_a_billing_message():
    assert way_on(MESSAGE, {"new_or_worse": "yes"}) == OpenTriage("something-else")


def test_a_clinical_call_goes_to_triage_by_what_the_caller_says():
    assert way_on(TYPES["clinical"], {}) == OpenTriage(None)


def test_a_wrong_number_closes_without_a_message():
    assert way_on(TYPES["wrong_number"], {}) == Close("wrong_number")


def test_a_check_is_answered_with_an_answer():
    with pytest.raises(CheckRefused):
        way_on(REFILL, {"out_or_missed": "maybe"})


def test_a_message_is_finished_when_its_fields_are_and_the_number_was_read_back():
    assert still_needed(REFILL, FILLED, [], None) == ["callback"]
    assert still_needed(REFILL, FILLED, ["callback"], Tier.T5) == []
    assert still_needed(REFILL, {**FILLED, "born": " "}, ["callback"], Tier.T5) == ["born"]


@given(st.dictionaries(st.sampled_from(sorted(FILLED)), st.text(max_size=5)))
def test_nothing_ever_stands_between_a_danger_and_its_page(filled: dict[str, str]):
    for one in TYPES.values():
        assert (
            still_needed(one, filled, [], Tier.T1) == still_needed(one, filled, [], Tier.T2) == []
        )


def test_directions_are_the_offices_own_words_and_stale_notes_are_gone():
    notes = [
        fact("directions", "Elm Street"),
        fact("hours", "Snow day", TWO_AM),
        fact("hours", "Hours", TWO_AM + timedelta(days=1)),
    ]
    assert isinstance(way_on(DIRECTIONS, {}), AnswerFrom)
    answers = routine_answers(DIRECTIONS, notes, at=TWO_AM)
    assert [one.title for one in answers] == ["Hours", "Elm Street"]
    assert routine_answers(REFILL, notes, at=TWO_AM) == []


def test_every_check_opens_a_protocol_there_is():
    protocols = set(load_library().compiled)
    assert {check.opens for one in TYPES.values() for check in one.checks} <= protocols


def test_every_routine_message_asks_about_something_new_or_worse():
    for one in TYPES.values():
        if one.starts == "form":
            assert "new_or_worse" in [check.id for check in one.checks], one.id


def test_no_call_type_gives_advice_and_each_speaks_both_languages():
    for one in TYPES.values():
        assert one.disposition in DISPOSITIONS
        for words in [one.say, one.label, *(check.ask for check in one.checks)]:
            assert set(words) == {"en", "es"}
            assert not [mend for text in words.values() for mend in language.faults(text)]
        for check in one.checks:
            assert language.reading_grade(check.ask["en"]) <= language.MOST_GRADE


def test_the_browser_is_told_which_field_is_read_back():
    told = call_type_json(REFILL)
    assert [one["id"] for one in told["fields"] if one["read_back"]] == ["callback"]


def test_a_call_type_with_a_field_nobody_knows_is_refused(tmp_path: Path):
    (tmp_path / "types.yaml").write_text(
        "fields: {}\ncall_types:\n  - {id: a, label: A, say: B, starts: form,"
        " disposition: hold_for_office, fields: [shoe_size]}\n"
    )
    with pytest.raises(ProtocolRefused, match="shoe_size"):
        read_call_types(tmp_path / "types.yaml")
