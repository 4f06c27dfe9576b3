"""The story of a call, as somebody will read it aloud in a court."""

from datetime import UTC, datetime
from uuid import UUID

from nightbell.calls.timeline import Happened, Leaf, tell
from nightbell.core.ids import wire

AT = datetime(2031, 3, 9, 2, 16, tzinfo=UTC)
SHARMA, DANA = UUID(int=1), UUID(int=2)
PEOPLE = {SHARMA: "Dr Sharma", DANA: "Dana Reyes"}


def test_a_key_pressed_on_a_telephone_is_the_clinicians_act_not_the_switchs() -> None:
    leaf = Leaf(
        AT,
        "escalation_1",
        "escalation.accepted",
        "switch",
        {"person": wire("person", SHARMA)},
        7,
    )
    (line,) = tell([], [leaf], PEOPLE)
    assert line.words == "Dr Sharma took it: the escalation stopped"
    assert line.position == 7


def test_one_not_me_ends_two_pages_and_is_told_once() -> None:
    said = [
        Happened(AT, f"page_{n}", "page.declined", "service", SHARMA, {"channel": channel})
        for n, channel in enumerate(("app", "phone"))
    ]
    assert [line.words for line in tell(said, [], PEOPLE)] == ["Dr Sharma said: not me"]


def test_every_triage_run_says_what_it_found() -> None:
    clear = Happened(
        AT, "call_1", "triage.clear", wire("person", DANA), None, {"protocol": "first-look"}
    )
    raised = Happened(AT, "call_1", "TierRaised", "service", None, {"tier": "T2"})
    words = [line.words for line in tell([clear, raised], [], PEOPLE)]
    assert words == ["Dana Reyes ran first-look: nothing urgent found", "The urgency rose to T2"]


def test_whoever_is_paged_is_not_said_to_have_done_it() -> None:
    paged = Happened(AT, "page_1", "page.queued", "service", SHARMA, {"role": "backup"})
    pressed = Happened(AT, "page_1", "page.key_pressed", "service", SHARMA, {})
    assert [line.who for line in tell([paged, pressed], [], PEOPLE)] == ["The service", "Dr Sharma"]
