"""Whose a message is, and by when: rules over plain values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.core.ids import AccountId, CallId, MessageId, PersonId
from nightbell.core.tier import Tier
from nightbell.messages.message import (
    NO_HOURS,
    Disposition,
    HoldRefused,
    Message,
    MessageClosed,
    MessageTaken,
    Office,
    accept,
    close,
    file,
    office_due,
    take,
    urgency,
)

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DANA, OKAFOR, OLIVE = (PersonId(UUID(int=n)) for n in (1, 2, 3))
# Closed on Sunday night; eight to twelve on Monday and on Tuesday.
MORNINGS = Office(
    [(NINE_PM + 11 * HOUR, NINE_PM + 15 * HOUR), (NINE_PM + 35 * HOUR, NINE_PM + 39 * HOUR)], 4
)
ONE = Message(
    MessageId(UUID(int=9)), AccountId(UUID(int=8)), CallId(UUID(int=7)), "clinical", Tier.T3,
    "page", "held", "office", None, None, DANA, NINE_PM,
)  # fmt: skip
PAGED = file(ONE, MORNINGS, at=NINE_PM)
HELD = file(replace(ONE, tier=Tier.T5, disposition="hold_for_office"), MORNINGS, at=NINE_PM)


def test_a_page_is_the_escalations_and_due_within_half_an_hour():
    assert (PAGED.state, PAGED.owner_kind, PAGED.due_at) == (
        "paging",
        "escalation",
        NINE_PM + HOUR / 2,
    )


def test_a_held_message_is_the_offices_and_due_in_its_own_open_hours():
    assert (HELD.state, HELD.owner_kind) == ("held", "office")
    assert HELD.due_at == NINE_PM + 15 * HOUR


def test_a_message_taken_late_in_the_morning_goes_over_to_the_next():
    assert office_due(MORNINGS, at=NINE_PM + 13 * HOUR) == NINE_PM + 37 * HOUR


def test_an_office_that_never_opens_is_asked_within_a_day():
    assert office_due(Office([], 4), at=NINE_PM) == NINE_PM + NO_HOURS


def test_an_answered_question_is_closed_by_whoever_answered_it():
    done = file(replace(ONE, disposition="answered"), MORNINGS, at=NINE_PM)
    assert (done.state, done.closed_by, done.outcome) == ("closed", DANA, "answered")


def test_a_paging_answer_cannot_be_held():
    for asked in ("hold_for_office", "answered"):
        with pytest.raises(HoldRefused):
            urgency(asked, Tier.T5, Tier.T2)  # type: ignore[arg-type]


def test_what_no_script_knows_is_paged():
    assert urgency("page", None) is Tier.T3
    with pytest.raises(HoldRefused):
        urgency("hold_for_office", None)


def test_an_agents_instinct_may_page_for_anything():
    assert urgency("page", Tier.T5) is Tier.T3
    assert urgency("page", Tier.T1) is Tier.T1


@given(st.lists(st.sampled_from(Tier)), st.sampled_from(["page", "hold_for_office", "answered"]))
def test_urgency_is_never_lower_than_anybody_found(known: list[Tier], asked: Disposition):
    try:
        found = urgency(asked, *known)
    except HoldRefused:
        assert not known or min(tier.rank for tier in known) <= 3
        return
    assert all(found.rank <= tier.rank for tier in known)
    assert found.pages == (asked == "page")


def test_the_second_to_take_it_is_told_who_was_first():
    hers = take(HELD, OLIVE, at=NINE_PM)
    assert take(hers, OLIVE, at=NINE_PM) == hers
    with pytest.raises(MessageTaken) as refused:
        take(hers, OKAFOR, at=NINE_PM)
    assert refused.value.facts == {"by": f"person_{OLIVE.hex}"}


def test_closing_anothers_message_is_refused():
    with pytest.raises(MessageTaken):
        close(take(HELD, OLIVE, at=NINE_PM), OKAFOR, "done", at=NINE_PM)


def test_an_acceptance_that_comes_late_robs_nobody():
    hers = take(PAGED, OKAFOR, at=NINE_PM)
    assert accept(hers, OLIVE, at=NINE_PM) == hers
    done = close(hers, OKAFOR, "advised_by_phone", at=NINE_PM)
    assert accept(done, OLIVE, at=NINE_PM) == done


deeds = st.lists(
    st.tuples(st.sampled_from(["take", "accept", "close"]), st.sampled_from([DANA, OKAFOR, OLIVE]))
)


@given(st.sampled_from([PAGED, HELD]), deeds)
def test_no_message_is_ever_without_an_owner_or_a_time(
    one: Message, done: list[tuple[str, PersonId]]
):
    for deed, by in done:
        try:
            match deed:
                case "take":
                    one = take(one, by, at=NINE_PM)
                case "accept":
                    one = accept(one, by, at=NINE_PM)
                case _:
                    one = close(one, by, "done", at=NINE_PM)
        except (MessageTaken, MessageClosed):
            pass
        if one.state == "closed":
            assert None not in (one.closed_at, one.closed_by, one.outcome)
        else:
            assert one.due_at is not None
            assert (one.owner_id is not None) == (one.owner_kind == "person")


def test_a_closed_message_stays_closed():
    done = close(HELD, OLIVE, "done", at=NINE_PM)
    for deed in (
        lambda: take(done, OLIVE, at=NINE_PM),
        lambda: close(done, OLIVE, "done", at=NINE_PM),
    ):
        with pytest.raises(MessageClosed):
            deed()
