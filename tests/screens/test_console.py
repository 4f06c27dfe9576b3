"""The agent's console in a real browser, by keyboard: typed, kept, filed; axe on each state."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from nightbell.scripts.library import call_type_json, load_call_types
from nightbell.triage.library import library_json, load_library
from tests.screens.conftest import DESK, PHONE, faults_of
from tests.screens.keyring import PASSPHRASE, Ring
from tests.screens.night import CALL, RIVERSIDE, at, escalation, message, wire
from tests.screens.stand_in import StandIn

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(90)]
Contexts = Callable[..., BrowserContext]
TABLET = {"width": 1100, "height": 800}

ACCOUNT: dict[str, Any] = {
    "account_id": RIVERSIDE, "name": "Riverside Cardiology", "specialty": "cardiology",
    "time_zone": "America/New_York", "answer_phrase": "Riverside Cardiology, this is Dana.",
    "open_now": False, "changes_at": at(20_592), "today": "Open 8:00 to 17:00",
    "facts": [{"kind": "parking", "title": "Parking", "body": "Park on Mill Lane."}],
    "standing_orders": [{"kind": "order", "title": "Refills", "body": "Hold for the office."}],
    "on_call": [
        {"role": "first call", "who": "Dr Okafor", "person_id": wire("person", 7),
         "until": at(17_000), "why": "covering Dr Lindt", "reachable": True},
    ],
    "fallback_text": "Not reached yet.",
}  # fmt: skip


def call(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "call_id": CALL, "account": ACCOUNT, "answer_phrase": ACCOUNT["answer_phrase"],
        "did": "+12125550142", "caller_number": "+12125550143", "callback_number": "",
        "coverage": "after hours", "state": "talking", "rang_at": at(-20), "answered_at": at(-9),
        "held_since": None, "ended_at": None, "agent": "Dana", "mine": True, "tier": None,
        "call_type": None, "disposition": None, "due_at": None, "escalation": None,
        "messages": [], "earlier": [],
    }  # fmt: skip
    return base | changes


def desk(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "now": at(0), "wish": "ready", "wish_since": at(-600), "audio_up": True, "offer": None,
        "call": None, "unfinished": [], "waiting": 0, "longest_waiting_since": None,
        "agents_ready": 1,
    }  # fmt: skip
    return base | changes


OFFER = {
    "offer_id": wire("offer", 1), "call_id": CALL, "account_name": "Riverside Cardiology",
    "answer_phrase": ACCOUNT["answer_phrase"], "coverage": "after hours", "rang_at": at(-6),
    "expires_at": at(14), "why": "longest waiting",
}  # fmt: skip
LOST = call(state="lost", ended_at=at(-5), due_at=at(55))
STATES: dict[str, dict[str, Any]] = {
    "empty": desk(),
    "off": desk(wish="off"),
    "ringing": desk(offer=OFFER, waiting=2, longest_waiting_since=at(-41)),
    "live": desk(call=call()),
    "held": desk(call=call(state="held", held_since=at(-160))),
    "paging": desk(call=call(tier="T2", escalation=escalation(tier="T2"))),
    "no account": desk(call=call(account=None)),
    "cut off": desk(unfinished=[LOST]),
}


def lay(server: StandIn, ring: Ring, now: dict[str, Any]) -> None:
    share = ring.olive.mine["shares"][0] | {"holder": "desk", "account_id": None}
    server.say("GET", "/api/me", ring.olive.me | {"name": "Dana", "kind": "agent", "accounts": []})
    server.say("GET", "/api/keys/mine", {"shares": [share], "mark_keys": []})
    server.say("GET", "/api/keys/signers", ring.signers)
    server.say("GET", "/api/keys/recipients", ring.recipients())
    server.say("GET", "/api/desk", now)
    server.say("GET", "/api/calls/open", [])
    scripts = {"call_types": [call_type_json(one) for one in load_call_types()]}
    server.say("GET", "/api/triage/library", dict(library_json(load_library())) | scripts)
    server.say("POST", f"/api/calls/{CALL}/triage", TRIAGED)
    keep_drafts(server)


TRIAGED: dict[str, Any] = {
    "next_question": None, "tier": None, "rule": "", "say": [], "disposition": "page",
    "call_tier": None, "escalation": None,
}  # fmt: skip


def keep_drafts(server: StandIn) -> None:
    kept: dict[str, Any] = {}

    def keep(body: dict[str, Any]) -> tuple[int, Any]:
        kept.update(body, saved_at=at(0), saved_by="Dana")
        return 200, kept

    server.do("GET", f"/api/calls/{CALL}/draft", lambda _: (200, kept or None))
    server.do("PUT", f"/api/calls/{CALL}/draft", keep)


def open_console(context: BrowserContext, server: StandIn) -> Page:
    screen = context.new_page()
    screen.goto(f"{server.url}/console/")
    dialog = screen.get_by_role("dialog", name="Open your keys")
    dialog.get_by_label("Passphrase").fill(PASSPHRASE)
    screen.keyboard.press("Enter")
    expect(dialog).to_be_hidden(timeout=40_000)
    return screen


def press(screen: Page, *keys: str) -> None:
    for key in keys:
        screen.keyboard.press(key)
        screen.wait_for_timeout(120)


def sent(server: StandIn, path: str) -> list[dict[str, Any]]:
    return [body for _, asked, body in server.asked if asked == path and body]


def first_look_is_clear(screen: Page) -> None:
    """Every question of the first look, answered No by its own digit."""
    for question in load_library().first_look["questions"]:
        expect(screen.locator("#say")).to_contain_text(question["ask"]["en"])
        expect(screen.locator("#say")).to_be_focused()
        said = [one["id"] for one in question["answers"] if one["id"] != "unknown"]
        screen.keyboard.press(str(said.index("no") + 1))


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_in_any_state(
    server: StandIn, ring: Ring, context_of: Contexts, scheme: str
):
    lay(server, ring, STATES["empty"])
    screen = open_console(context_of(DESK, scheme=scheme), server)
    for name, now in STATES.items():
        lay(server, ring, now)
        server.tell("desk.changed")
        screen.wait_for_timeout(500)
        for size in (DESK, TABLET, PHONE):
            screen.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert faults_of(screen) == [], f"{name}, {size['width']} wide, {scheme}"


def test_heartburn_that_is_a_heart_attack_is_told_911_and_paged(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, STATES["live"])
    screen = open_console(context_of(DESK), server)
    first_look_is_clear(screen)
    expect(screen.locator("#say")).to_contain_text("How can I help you?")
    press(screen, "1")
    expect(screen.locator("#say")).to_be_focused()
    screen.keyboard.type("hartburn")
    press(screen, "Enter", "1")
    expect(screen.locator("#say")).to_contain_text("call 911 now")
    expect(screen.get_by_label("About")).to_have_value("hartburn")
    findings = sent(server, f"/api/calls/{CALL}/triage")
    assert [one["client_tier"] for one in findings] == [None, "T1"]
    assert findings[-1]["protocol"] == "adult-chest-pain"


def test_a_refill_by_keyboard_is_filed_sealed_and_held(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, STATES["live"])
    screen = open_console(context_of(DESK), server)
    filed: list[dict[str, Any]] = []

    def file(body: dict[str, Any]) -> tuple[int, Any]:
        filed.append(body)
        return 200, message(disposition="hold_for_office", state="held", owner="Front office")

    screen.route("**/api/messages/**", lambda route: _hand(route, file))
    first_look_is_clear(screen)
    press(screen, "2", "2", "2", "Control+Enter")
    for key in (
        "Chen, M",
        "Tab",
        " ",
        "Tab",
        "5/6/1960",
        "Tab",
        "Tab",
        " ",
        "Tab",
        "refill",
        "Tab",
    ):
        press(screen, key) if key in ("Tab", " ") else screen.keyboard.type(key)
    screen.keyboard.type("metoprolol")
    finish = screen.get_by_role("button", name="Finish: hold for 8:00 am")
    expect(finish).to_be_visible()
    press(screen, "Control+Enter")
    expect(screen.get_by_text("Filed and sealed")).to_be_visible(timeout=20_000)
    assert filed[0]["disposition"] == "hold_for_office"
    assert filed[0]["read_back"] is True
    assert "Chen" not in json.dumps([filed, server.asked])
    assert "metoprolol" not in json.dumps([filed, server.asked])


def _hand(route: Any, file: Callable[[dict[str, Any]], tuple[int, Any]]) -> None:
    status, body = file(route.request.post_data_json)
    route.fulfill(status=status, json=body)


def test_a_crash_in_the_middle_of_a_message_loses_no_word(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, STATES["live"])
    screen = open_console(context_of(DESK), server)
    screen.get_by_label("Caller", exact=True).fill("Ana Ruiz, daughter")
    expect(screen.get_by_text("Draft kept")).to_be_visible(timeout=15_000)
    screen.reload()
    expect(screen.get_by_label("Caller", exact=True)).to_have_value("Ana Ruiz, daughter")
    assert "Ruiz" not in json.dumps(server.asked)


def test_the_server_goes_away_in_the_middle_of_a_call(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, STATES["live"])
    screen = open_console(context_of(DESK), server)
    server.away = True
    screen.get_by_label("Caller", exact=True).fill("Ana Ruiz")
    expect(screen.get_by_text("The call is still up.")).to_be_visible(timeout=20_000)
    expect(screen.get_by_text("Kept in this browser, sealed")).to_be_visible(timeout=20_000)
    kept = screen.evaluate("JSON.stringify(localStorage)")
    assert "nightbell.draft" in kept
    assert "Ruiz" not in kept
    server.away = False
    expect(screen.get_by_text("The call is still up.")).to_be_hidden(timeout=20_000)
    expect(screen.get_by_text("Draft kept")).to_be_visible(timeout=20_000)


def test_a_caller_asks_for_parking_and_two_keys_answer(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, STATES["live"])
    screen = open_console(context_of(DESK), server)
    press(screen, "F3", "1")
    expect(screen.get_by_text("“Park on Mill Lane.”")).to_be_visible()
