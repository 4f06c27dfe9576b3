"""The office's morning, in a real browser with real keys."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.screens.conftest import DESK, PHONE, faults_of
from tests.screens.keyring import PASSPHRASE, Ring
from tests.screens.night import LUIS, NOW, RIVERSIDE, at, escalation, fact, message, page, wire
from tests.screens.stand_in import StandIn

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(60)]
Contexts = Callable[..., BrowserContext]
NIGHT = f"/api/office/{RIVERSIDE}/last-night"
REFILL, TAKEN = wire("message", 11), wire("message", 12)
CHEN = {
    "caller": "Mei Chen", "patient": "Mei Chen", "born": "1962-05-01", "callback": "+12125550161",
    "about": "metoprolol, pharmacy on file", "answers": [], "tier": "T5",
}  # fmt: skip
FIGURES = {
    "calls": 2, "answered": 2, "abandoned": 0, "answer_ms_p50": 9000, "answer_ms_max": 31000,
    "slowest_at": at(-4000), "paged": 1, "accept_ms_p50": None,
}  # fmt: skip


def refill(ring: Ring, **changes: Any) -> dict[str, Any]:
    return message(
        message_id=REFILL, call_type="refill", tier="T5", disposition="hold_for_office",
        state="held", owner="Front office", taken_at=at(-16_000), due_at=at(20_000),
        sealed=ring.seal(CHEN, NOW, message_id=REFILL), **changes,
    )  # fmt: skip


def handled(ring: Ring) -> dict[str, Any]:
    paged = page("Dr Okafor", "accepted", -7000, number=3, channel="app", role="first call")
    up = escalation(
        message_id=TAKEN,
        state="held",
        held_by="Dr Okafor",
        held_at=at(-6900),
        next_at=None,
        pages=[paged],
    )
    facts = [fact("accepted", -6900, "Dr Okafor"), fact("called_back", -6500, "Dr Okafor")]
    return message(
        message_id=TAKEN, state="closed", owner="Dr Okafor", taken_at=at(-7200), facts=facts,
        escalation=up, outcome="advised_by_phone", closed_at=at(-6000), due_at=None,
        sealed=ring.seal(LUIS, NOW, message_id=TAKEN),
    )  # fmt: skip


def night(ring: Ring, **changes: Any) -> dict[str, Any]:
    call = {
        "call_id": wire("call", 2), "rang_at": at(-7300), "answer_ms": 9000,
        "call_type": "breathing", "disposition": "page", "tier": "T3",
        "state": "ended", "message_id": TAKEN,
    }  # fmt: skip
    backup = {
        "role": "backup", "who": "", "person_id": None, "until": None, "why": "", "reachable": False
    }  # fmt: skip
    base: dict[str, Any] = {
        "account_id": RIVERSIDE, "account_name": "Riverside Cardiology", "figures": FIGURES,
        "time_zone": "America/New_York", "from_at": at(-8 * 3600 - 1008), "to_at": at(20_592),
        "waiting": [refill(ring)], "handled": [handled(ring)], "calls": [call], "tonight": [backup],
    }  # fmt: skip
    return base | changes


def lay(
    server: StandIn, ring: Ring, *, standing: Sequence[dict[str, Any]] = (), **changes: Any
) -> None:
    server.say("GET", "/api/me", ring.olive.me)
    server.say("GET", "/api/keys/mine", ring.olive.mine)
    server.say("GET", "/api/keys/signers", ring.signers)
    server.say("GET", NIGHT, night(ring, **changes))
    server.say("GET", "/api/messages", list(standing))
    for one in (REFILL, TAKEN):
        server.say("POST", f"/api/messages/{one}/read", None, 204)


def open_office(context: BrowserContext, server: StandIn, *, unlocked: bool = True) -> Page:
    screen = context.new_page()
    screen.goto(f"{server.url}/office/")
    if unlocked:
        screen.get_by_label("Your passphrase").fill(PASSPHRASE)
        screen.get_by_role("button", name="Unlock to read").click()
        expect(screen.get_by_text("M. Chen")).to_be_visible(timeout=15_000)
    return screen


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_waits_comes_first_then_proof(
    server: StandIn, ring: Ring, context_of: Contexts, size: dict[str, int], scheme: str
):
    lay(server, ring)
    screen = open_office(context_of(size, scheme), server, unlocked=False)
    expect(
        screen.get_by_text("2 calls, all answered: 1 waits for you, 1 paged and taken.")
    ).to_be_visible()
    expect(screen.get_by_text("Sealed", exact=True)).to_be_visible()
    assert faults_of(screen) == []
    screen.get_by_label("Your passphrase").fill(PASSPHRASE)
    screen.get_by_role("button", name="Unlock to read").click()
    expect(screen.get_by_text("metoprolol, pharmacy on file")).to_be_visible(timeout=15_000)
    line = screen.get_by_role("button", name="L. Ruiz")
    expect(line).to_contain_text("12:16 taken")
    expect(line).to_contain_text("12:21 Dr Okafor")
    expect(screen.get_by_text("unknown")).to_be_visible()  # never measured, and not shown as zero
    expect(screen.get_by_text("nobody: tell the service today")).to_be_visible()
    assert faults_of(screen) == []


def test_taken_opened_and_closed(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring)
    screen = open_office(context_of(DESK), server)

    def take(_: dict[str, Any]) -> tuple[int, Any]:
        mine = refill(ring) | {"state": "taken", "owner": "Olive Park", "owner_is_me": True}
        server.say("GET", NIGHT, night(ring, waiting=[mine]))
        return 200, mine

    def close(_: dict[str, Any]) -> tuple[int, Any]:
        done = refill(ring) | {"state": "closed", "outcome": "prescribed", "closed_at": at(60)}
        server.say("GET", NIGHT, night(ring, waiting=[], handled=[handled(ring), done]))
        return 200, done

    server.do("POST", f"/api/messages/{REFILL}/take", take)
    server.do("POST", f"/api/messages/{REFILL}/close", close)
    screen.get_by_role("button", name="Take it").press("Enter")
    screen.get_by_role("button", name="Yours: close").press("Enter")
    expect(screen.get_by_role("heading", name="Mei Chen, 68")).to_be_visible()
    expect(screen.get_by_text("212 555 0161")).to_be_visible()
    assert faults_of(screen) == []
    screen.get_by_text("Prescribed").click()
    screen.get_by_role("button", name="Close: prescribed").press("Enter")
    expect(screen.get_by_text(re.compile("Closed .*: Prescribed"))).to_be_visible()
    screen.keyboard.press("Escape")
    expect(screen.get_by_text("1 paged and taken, 1 closed.")).to_be_visible()


def test_a_colleague_was_quicker(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring)
    screen = open_office(context_of(PHONE), server)
    sentence = "Priya Shah took this message at 2:16 am. You can read it; she has it."
    problem = {"code": "stale", "sentence": sentence, "facts": {}}
    server.say("POST", f"/api/messages/{REFILL}/take", problem, 409)
    screen.get_by_role("button", name="Take it").click()
    expect(screen.get_by_text(sentence)).to_be_visible()
    assert faults_of(screen) == []


def test_the_question_of_a_search_never_leaves_the_browser(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring)
    screen = open_office(context_of(DESK), server)
    screen.get_by_label("Search what you may open").fill("ruiz swelling")
    expect(screen.get_by_text("1 found among 2 messages")).to_be_visible()
    assert faults_of(screen) == []
    screen.get_by_label("Search what you may open").fill("zebra")
    expect(screen.get_by_text("No message you may open has those words.")).to_be_visible()
    assert "swelling" not in str(server.asked)
    assert "zebra" not in screen.url


def test_the_story_of_a_call_prints_with_its_proof(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring)
    row = {"at": at(-7300), "kind": "CallRang", "who": "caller", "facts": {}}
    rows = [
        row | {"words": "The caller rang 212 555 0142", "position": 41},
        row | {"words": "Dr Okafor pressed 1", "who": "Dr Okafor", "position": None},
    ]
    story = {
        "call_id": wire("call", 2), "account_name": "Riverside Cardiology", "rows": rows,
        "tree_size": 21874, "root": "9f2c" * 16,
    }  # fmt: skip
    server.say("GET", f"/api/calls/{wire('call', 2)}/timeline", story)
    screen = open_office(context_of(DESK), server)
    screen.get_by_role("button", name="Story of the call").click()
    expect(screen.get_by_text("Dr Okafor pressed 1")).to_be_visible()
    expect(screen.get_by_text("#41")).to_be_visible()
    expect(screen.get_by_text("9f2c" * 16)).to_be_visible()
    expect(screen.get_by_text("One event carries no number")).to_be_visible()
    assert faults_of(screen) == []
    screen.emulate_media(media="print")
    expect(screen.get_by_text("#41")).to_be_visible()
    expect(screen.get_by_text("M. Chen")).to_be_hidden()


def test_another_night_is_asked_for_by_its_date(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring)
    screen = open_office(context_of(DESK), server)
    screen.get_by_role("button", name="Night before").click()
    expect(screen.get_by_role("button", name="Latest night")).to_be_visible()
    expect(screen.get_by_role("heading", name="Sun 6 pm to Mon 8 am")).to_be_visible()
    assert (NIGHT, "on=2031-03-08") in server.queries


def test_what_came_by_day_does_not_wait_out_of_sight(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, waiting=[], standing=[refill(ring)])
    screen = open_office(context_of(PHONE), server)
    expect(screen.get_by_role("heading", name="Open from other times")).to_be_visible()
    expect(screen.get_by_text("metoprolol, pharmacy on file")).to_be_visible()
    assert faults_of(screen) == []


def test_a_quiet_night(server: StandIn, ring: Ring, context_of: Contexts):
    none = FIGURES | {
        "calls": 0,
        "answered": 0,
        "answer_ms_p50": None,
        "answer_ms_max": None,
        "paged": 0,
    }
    lay(server, ring, waiting=[], handled=[], calls=[], figures=none)
    screen = open_office(context_of(PHONE), server, unlocked=False)
    expect(screen.get_by_text("A quiet night: no calls after 6 pm.")).to_be_visible()
    assert faults_of(screen) == []
