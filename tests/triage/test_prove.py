"""The proof: what it holds the library to, and that each claim is noticed when it is broken."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nightbell.triage import language
from nightbell.triage.compile import content_hash
from nightbell.triage.library import HERE, Library, compiled, load_library, read_library, read_yaml
from nightbell.triage.protocol import Approval, ProtocolRefused, read_protocol
from nightbell.triage.prove import proof_text, prove_library, prove_table
from nightbell.triage.vectors import as_text, vectors

LIBRARY = load_library()
CHEST: Any = read_yaml(HERE / "protocols" / "adult-chest-pain.yaml")
BELLY: Any = read_yaml(HERE / "protocols" / "abdominal-pain.yaml")


def broken(source: Any, change: Callable[[Any], object]) -> dict[str, str]:
    """Findings of a protocol after `change`: check -> sentence and counterexample."""
    node = copy.deepcopy(source)
    change(node)
    table = compiled(read_protocol(node, "test"), LIBRARY.bank)
    found = prove_table(table, LIBRARY.bank)
    checks = {one.check for one in found}
    return {
        check: " ".join(
            f"{f.sentence} {f.counterexample}" for f in found if f.check == check
        ).strip()
        for check in checks
    }


def test_the_whole_library_is_proved():
    assert prove_library(LIBRARY, on=date(2031, 3, 9)) == []


def test_everything_is_a_draft_until_a_clinician_signs():
    assert {one.status for one in LIBRARY.authored.values()} == {"draft"}
    assert "Drafts still need a licensed clinician." in proof_text(LIBRARY, [])


def test_a_worse_answer_that_lowers_the_urgency_is_shown_in_a_clinicians_words():
    found = broken(CHEST, lambda node: node["questions"][1].update(on={"no": "T1"}))
    assert found["monotone"] == (
        "A more worrying answer to `spreads` lowers the urgency. Nothing worrying ends in T1;"
        " changed to “Caller can't say”, it ends in T2."
    )


def test_cant_say_may_not_fall_far_below_yes():
    def forget(node: Any) -> None:
        node["questions"][5]["on"] = {"yes": "T2"}

    assert "Caller can't say" in broken(BELLY, forget)["unknown"]


def test_a_flag_others_mask_is_named():
    def mask(node: Any) -> None:
        node["together"] = [
            {"id": "both", "when": {"spreads": ["yes"], "sweat_or_faint": ["yes"]}, "tier": "T1",
             "cite": ["AHA S"]}
        ]  # fmt: skip

    found = broken(CHEST, mask)
    assert found["reachable"] == "`both` can never decide: others mask it."


def test_a_late_question_that_could_have_sent_an_ambulance_is_moved_up():
    def late(node: Any) -> None:
        node["questions"].insert(0, node["questions"].pop())
        node["questions"][0]["on"] = {"yes": "T2"}
        node["otherwise"], node["floor"] = "T3", "T3"

    assert "Ask `short_of_breath` sooner" in broken(CHEST, late)["order"]


@pytest.mark.parametrize(
    ("part", "change", "check"),
    [
        ("protocol", {"otherwise": "T4"}, "floor"),
        ("protocol", {"otherwise": "clear"}, "complete"),
        ("protocol", {"say": {"T1": ["call_911_v9"]}}, "phrases"),
        ("protocol", {"say": {"T1": ["same_day", "call_911"]}}, "phrases"),
        ("protocol", {"handoff": ["shoe_size"]}, "fields"),
        ("protocol", {"counted": ["tall"]}, "modifiers"),
        ("question", {"cite": []}, "provenance"),
        ("question", {"cite": ["BLOG S"]}, "provenance"),
        ("question", {"on": {}}, "reachable"),
        ("question", {"ask": {"en": "Is this an emergency?", "es": "¿Es grave?"}}, "language"),
        ("question", {"ask": {"en": "Is it hard to breathe?"}}, "language"),
    ],
)
def test_each_promise_that_is_broken_is_found(part: str, change: dict[str, Any], check: str):
    def change_it(node: Any) -> None:
        (node if part == "protocol" else node["questions"][0]).update(change)

    assert check in broken(CHEST, change_it)


@pytest.mark.parametrize(
    "said",
    [
        "Is this an emergency?",
        "Can you give him 200 mg?",
        "That sounds like the flu.",
        "You should be fine until morning.",
        "You may have a clot.",
        "Take another pill.",
        "Let's wait and see.",
        "Probablemente no es nada.",
    ],
)
def test_what_may_never_be_said_is_found(said: str):
    assert language.faults(said)


def test_two_facts_in_one_question_are_found():
    assert language.question_faults("Is there a fever and a rash?", "en")
    assert language.question_faults("Is there a fever? Is there a rash?", "en")
    assert not language.question_faults("Is there a fever or a rash?", "en")


def test_a_doctors_sentence_is_too_hard_for_a_caller():
    doctors = "Is there any diaphoresis or radiating substernal discomfort?"
    assert language.reading_grade(doctors) > 6 > language.reading_grade("Is it hard to breathe?")


def only(*protocols: str) -> Library:
    """The library with these protocols, the first look and the fallback."""
    kept = {"first-look", "something-else", *protocols}
    return replace(
        LIBRARY,
        authored={key: one for key, one in LIBRARY.authored.items() if key in kept},
        compiled={key: one for key, one in LIBRARY.compiled.items() if key in kept},
    )


def test_an_approval_ends_on_its_day():
    chest = LIBRARY.authored["adult-chest-pain"]
    small = only(chest.id)
    until = Approval("Dr Okafor", "NY 555-0100", date(2030, 1, 1), date(2031, 1, 1))
    approved = replace(chest, status="approved", approval=until)
    library = replace(small, authored={**small.authored, chest.id: approved})
    assert prove_library(library, on=date(2030, 12, 31)) == []
    assert [one.check for one in prove_library(library, on=date(2031, 1, 1))] == ["provenance"]
    unsigned = replace(
        small, authored={**small.authored, chest.id: replace(approved, approval=None)}
    )
    assert "provenance" in [one.check for one in prove_library(unsigned)]


def test_one_fact_weighs_the_same_everywhere():
    small = only("trouble-breathing")
    lower = copy.deepcopy(LIBRARY.table("something-else"))
    for rule in lower["rules"]:
        if rule["id"] == "new_confusion.yes":
            rule["tier"] = "T2"
    library = replace(small, compiled={**small.compiled, "something-else": lower})
    assert "consistent" in [one.check for one in prove_library(library)]


def test_an_approval_changes_the_status_and_not_the_hash():
    chest = LIBRARY.authored["adult-chest-pain"]
    reviewed = compiled(replace(chest, status="reviewed"), LIBRARY.bank)
    assert reviewed["hash"] == LIBRARY.table(chest.id)["hash"] == content_hash(reviewed)
    higher = compiled(replace(chest, questions=chest.questions[:-1]), LIBRARY.bank)
    assert higher["hash"] != reviewed["hash"]


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ("colour: red", "Remove or correct `colour`"),
        ("floor: T9", "Use a tier"),
        ("status: finished", "Use one of: draft"),
        ("questions: [{id: a, ask: 'A?', answers: [no, yes]}]", "Add `unknown`"),
        ("questions: [{id: a, ask: 'A?', on: {perhaps: T1}}]", "not one of this question's"),
        ("questions: [{id: a, ask: 'A?', cite: [AHA]}]", "Use one of: S, s, R"),
        ("questions: [{id: a, ask: 'A?'}, {id: a, ask: 'B?'}]", "an id of its own"),
        ("together: [{id: b, when: {x: [yes], y: [yes]}, tier: T1}]", "must be a question here"),
        ("title: red\ntitle: blue", "Write this key once"),
    ],
)
def test_a_file_that_cannot_be_read_says_how_to_mend_it(tmp_path: Path, line: str, mend: str):
    key = line.split(":")[0]
    lines = ["id: cough", "version: 1.0.0", "title: Cough", "status: draft", "otherwise: T3",
             "floor: T3"]  # fmt: skip
    kept = [one for one in lines if one.split(":")[0] != key]
    (tmp_path / "cough.yaml").write_text("\n".join([*kept, line]))
    with pytest.raises(ProtocolRefused) as refused:
        read_library(HERE / "words.yaml", [tmp_path / "cough.yaml"])
    assert mend in str(refused.value)


def test_the_browsers_vectors_are_those_of_this_library():
    kept = HERE.parents[1] / "frontend" / "shared" / "triage" / "vectors.json"
    assert as_text(vectors(LIBRARY)) == kept.read_text("utf-8"), (
        "Run python -m nightbell.triage.vectors frontend/shared/triage/vectors.json"
    )


def test_the_first_look_and_the_fallback_may_not_be_missing():
    assert "complete" in [one.check for one in prove_library(Library(LIBRARY.bank, {}, {}))]
