"""The right protocol from what was said and how it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.triage.library import load_library
from nightbell.triage.search import find

TABLES = list(load_library().compiled.values())


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        ("heartburn", "adult-chest-pain"),
        ("hartburn", "adult-chest-pain"),
        ("tight chest", "adult-chest-pain"),
        ("CHEST PIAN", "adult-chest-pain"),
        ("dolor de pecho", "adult-chest-pain"),
        ("she can't breathe", "trouble-breathing"),
        ("baby has a fever", "infant-fever"),
        ("bebe con fiebre", "infant-fever"),
        ("stomache ache", "abdominal-pain"),
        ("threw up her pill", "medication-question"),
        ("slured speech", "stroke-signs"),
        ("wants to die", "suicidal-thoughts"),
        ("incision is open", "postop-wound"),
    ],
)
def test_what_the_caller_says_opens_the_right_protocol(said: str, protocol: str):
    assert find(TABLES, said)[0].protocol == protocol


def test_what_nobody_knows_still_opens_one_that_pages():
    assert [hit.protocol for hit in find(TABLES, "zzyzx")] == ["something-else"]


def test_a_babys_protocol_is_not_offered_for_a_grandmother():
    assert find(TABLES, "fever", months=960)[0].protocol != "infant-fever"
    assert find(TABLES, "fever", months=1)[0].protocol == "infant-fever"


@given(st.text(max_size=40), st.none() | st.integers(0, 1300))
def test_no_typing_leaves_the_agent_with_nothing(said: str, months: int | None):
    hits = find(TABLES, said, months)
    assert hits[-1].protocol == "something-else"
    assert len({hit.protocol for hit in hits}) == len(hits)
