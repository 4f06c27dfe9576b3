"""The supervisor's wallboard in a real browser: it sounds, is taken, never makes a figure up."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.screens.conftest import DESK, PHONE, faults_of
from tests.screens.keyring import Ring
from tests.screens.night import CALL, at, escalation, page, wire
from tests.screens.stand_in import StandIn

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(60)]
Contexts = Callable[..., BrowserContext]
UP = wire("escalation", 1)


def exhausted() -> dict[str, Any]:
    told = page("Sam Ortiz", "delivered", -60, number=71, channel="supervisor", role="supervisor")
    return escalation(
        tier="T1", step=2, made_at=at(-160), pages=[told], account_name="Elm Pediatrics"
    )


def floor(**changes: Any) -> dict[str, Any]:
    dana = {"person_id": wire("person", 1), "name": "Dana", "state": "talking", "since": at(-160)}
    base: dict[str, Any] = {
        "now": at(0), "waiting": 2, "longest_waiting_since": at(-41), "on_calls": 1,
        "answered_in_20_s_percent": None, "agents_here": 1, "ready": 0, "paging": 1,
        "paging_at_last": 1, "needs_a_person": [exhausted()], "overdue_calls": [], "agents": [dana],
        "parts": {"web": True, "worker": True, "switch": True, "database": True},
    }  # fmt: skip
    return base | changes


def lay(server: StandIn, ring: Ring, **changes: Any) -> None:
    server.say("GET", "/api/me", ring.okafor.me | {"name": "Sam Ortiz", "kind": "supervisor"})
    server.say("GET", "/api/floor", floor(**changes))
    server.say("GET", "/api/escalations/open", [exhausted()])
    server.say("GET", "/api/calls/open", [])
    server.say("GET", "/api/accounts", [])


def open_floor(context: BrowserContext, server: StandIn) -> Page:
    screen = context.new_page()
    screen.add_init_script(COUNT_TONES)
    screen.goto(f"{server.url}/floor/")
    return screen


# Counts the tones that were really begun, wherever the browser lets them be heard.
COUNT_TONES = """
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) {
    window.tones += 1;
    return start.apply(this, at);
  };
"""


def test_an_exhausted_policy_sounds_until_somebody_has_it(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring)
    screen = open_floor(context_of(DESK), server)
    expect(screen.get_by_text("policy exhausted, told 1×")).to_be_visible()
    press = screen.get_by_role("button", name="Let it sound")  # browsers ask for one press
    press.or_(screen.get_by_text("all lines up")).first.click()
    screen.wait_for_timeout(5000)
    assert screen.evaluate("window.tones") >= 2
    expect(press).to_have_count(0)

    def take(_: dict[str, Any]) -> tuple[int, Any]:
        server.say("GET", "/api/floor", floor(needs_a_person=[], paging_at_last=0))
        return 200, escalation(state="held", held_by="Sam Ortiz", held_at=at(10), next_at=None)

    server.do("POST", f"/api/escalations/{UP}/accept", take)
    screen.get_by_role("button", name="I have it").press("Enter")
    expect(screen.get_by_text("Nobody needs you now.")).to_be_visible()
    tones: int = screen.evaluate("window.tones")
    screen.wait_for_timeout(5000)
    assert screen.evaluate("window.tones") == tones


def test_somebody_else_has_it_already(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring)
    sentence = "Dr Lindt has it since 2:16 am."
    problem = {"code": "stale", "sentence": sentence, "facts": {}}
    server.say("POST", f"/api/escalations/{UP}/accept", problem, 409)
    screen = open_floor(context_of(PHONE), server)
    screen.get_by_role("button", name="I have it").click()
    expect(screen.get_by_text(sentence)).to_be_visible()


def test_old_figures_are_not_shown_as_figures(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring, needs_a_person=[])
    context = context_of(DESK)
    screen = open_floor(context, server)
    expect(screen.get_by_text("1 of 1")).to_be_visible()
    server.away = True
    context.set_offline(True)
    expect(screen.get_by_text("The phones are unaffected.")).to_be_visible(timeout=30_000)
    expect(screen.get_by_text("1 of 1")).to_have_count(0)
    expect(screen.get_by_text("—", exact=True)).to_have_count(6)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_wallboard_is_accessible_and_opens_the_story_of_a_call(
    server: StandIn, ring: Ring, context_of: Contexts, size: dict[str, int], scheme: str
):
    lay(server, ring)
    row = {"at": at(-160), "kind": "CallRang", "who": "caller", "facts": {}, "position": 7}
    story = {
        "call_id": CALL, "account_name": "Elm Pediatrics", "tree_size": 8, "root": "9f2c" * 16,
        "rows": [row | {"words": "The caller rang"}],
    }  # fmt: skip
    server.say("GET", f"/api/calls/{CALL}/timeline", story)
    screen = open_floor(context_of(size, scheme), server)
    expect(screen.get_by_text("none in the last hour")).to_be_visible()
    expect(screen.get_by_text("all lines up")).to_be_visible()
    assert faults_of(screen) == []
    screen.get_by_role("button", name="Story of Elm Pediatrics").click()
    expect(screen.get_by_text("The caller rang")).to_be_visible()
    assert faults_of(screen) == []
    screen.keyboard.press("Escape")
    expect(screen.get_by_text("The caller rang")).to_be_hidden()
