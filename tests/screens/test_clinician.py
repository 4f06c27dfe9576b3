"""The clinician's phone at 3 a.m., in a real browser with real keys."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.screens.conftest import DESK, PHONE, faults_of
from tests.screens.keyring import PASSPHRASE, Ring
from tests.screens.night import (
    LUIS,
    MESSAGE,
    NOW,
    PAGE,
    RIVERSIDE,
    at,
    escalation,
    message,
    page_card,
    wire,
)
from tests.screens.stand_in import StandIn

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(60)]
Contexts = Callable[..., BrowserContext]
SHIFTS = {
    "now": [
        {
            "account_name": "Riverside Cardiology", "role": "first call", "why": "rotation",
            "starts_at": at(-8 * 3600), "ends_at": at(4 * 3600 + 2592),
        }
    ],
    "next": [],
}  # fmt: skip
TELEPHONE = {
    "contact_method_id": wire("method", 1), "channel": "phone", "address": "+12125550155",
    "label": "Mobile", "verified": True,
}  # fmt: skip
HELD = {"state": "held", "held_by": "Dr Okafor", "held_at": at(30), "next_at": None}


def lay(server: StandIn, ring: Ring, *cards: dict[str, Any]) -> None:
    """Dr Okafor is signed in, and these are the pages."""
    server.say("GET", "/api/me", ring.okafor.me)
    server.say("GET", "/api/keys/mine", ring.okafor.mine)
    server.say("GET", "/api/keys/signers", ring.signers)
    server.say("GET", "/api/keys/recipients", ring.recipients())
    server.say("GET", "/api/pages/mine", list(cards))
    server.say("GET", "/api/me/shifts", SHIFTS)
    server.say("GET", "/api/me/contact-methods", [TELEPHONE])
    server.say("GET", "/api/messages", [])
    server.say("GET", f"/api/messages/{MESSAGE}", message(sealed=ring.seal(LUIS, NOW)))
    server.say("POST", f"/api/messages/{MESSAGE}/read", None, 204)
    server.say("POST", f"/api/pages/{PAGE}/on-device", None, 204)
    server.say("POST", "/api/sign-out", None, 204)


def came(server: StandIn, method: str, path: str) -> list[dict[str, Any]]:
    return [body for one, where, body in server.asked if (one, where) == (method, path)]


def unlock(page: Page, passphrase: str = PASSPHRASE) -> None:
    page.get_by_label("Your passphrase").fill(passphrase)
    page.get_by_role("button", name="Unlock").click()


def open_app(context: BrowserContext, server: StandIn, path: str = "/clinician/") -> Page:
    page = context.new_page()
    page.goto(server.url + path)
    return page


def test_a_page_can_be_taken_while_everything_is_locked(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, page_card())
    page = open_app(context_of(PHONE), server)
    expect(page.get_by_text("Dr Sharma is paged at 2:21 am")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(
        re.compile(r"^4:[01]\d$")
    )  # counted by the server
    assert faults_of(page) == []

    def accept(_: dict[str, Any]) -> tuple[int, Any]:
        server.say("GET", "/api/pages/mine", [page_card(mine=True, **HELD)])
        return 200, escalation(**HELD)

    server.do("POST", f"/api/pages/{PAGE}/accept", accept)
    page.get_by_role("button", name="I HAVE THIS").click()
    expect(page.get_by_text("You have this.")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(0)
    assert came(server, "POST", f"/api/messages/{MESSAGE}/read") == []
    assert "Luis" not in page.content()


def test_opening_is_only_read_and_the_note_leaves_sealed(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, page_card(mine=True, **HELD))
    page = open_app(context_of(PHONE), server)
    unlock(page, "not the passphrase")
    expect(page.get_by_text("does not open these keys")).to_be_visible()
    unlock(page)
    expect(page.get_by_role("heading", name="Luis Ruiz, 74")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("taken by Dana")).to_be_visible()
    assert faults_of(page) == []
    page.wait_for_timeout(300)
    assert len(came(server, "POST", f"/api/messages/{MESSAGE}/read")) == 1
    assert came(server, "POST", f"/api/pages/{PAGE}/accept") == []

    server.say("POST", f"/api/messages/{MESSAGE}/call-back", None, 202)
    page.get_by_role("button", name="Call Ana").click()
    expect(page.get_by_text("Ringing 212 555 0155 now.")).to_be_visible()

    def close(_: dict[str, Any]) -> tuple[int, Any]:
        server.say("GET", "/api/pages/mine", [])
        return 200, message(state="closed", outcome="will_see", closed_at=at(400))

    server.do("POST", f"/api/messages/{MESSAGE}/close", close)
    page.get_by_role("button", name="Close ▸").click()
    page.get_by_text("Will see the patient").click()
    page.get_by_label("A note").fill("Seen at nine, swollen ankles")
    assert faults_of(page) == []
    page.get_by_role("button", name="Close: will see the patient").click()
    expect(page.get_by_text("Nothing needs you. You are first call until 7:00 am.")).to_be_visible()
    (closed,) = came(server, "POST", f"/api/messages/{MESSAGE}/close")
    assert closed["outcome"] == "will_see"
    assert "ankles" not in str(server.asked)


def test_somebody_was_quicker(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring, page_card())
    page = open_app(context_of(PHONE), server)

    def too_late(_: dict[str, Any]) -> tuple[int, Any]:
        theirs = page_card(state="held", held_by="Dr Sharma", held_at=at(80), next_at=None)
        server.say("GET", "/api/pages/mine", [theirs])
        return 409, {"code": "stale", "sentence": "Dr Sharma has it.", "facts": {}}

    server.do("POST", f"/api/pages/{PAGE}/accept", too_late)
    page.get_by_role("button", name="I HAVE THIS").click()
    expect(
        page.get_by_text("Dr Sharma has it since 2:18 am. Nothing for you to do.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="I HAVE THIS")).to_have_count(0)
    assert faults_of(page) == []


def test_not_me_asks_one_reason_and_goes_on_at_once(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, page_card())
    server.say("POST", f"/api/pages/{PAGE}/decline", escalation(step=1))
    page = open_app(context_of(PHONE), server)
    page.get_by_role("button", name="Not me").click()
    assert faults_of(page) == []
    page.get_by_role("button", name="I am with another patient").press("Enter")
    page.wait_for_timeout(300)
    assert came(server, "POST", f"/api/pages/{PAGE}/decline") == [{"reason": "busy"}]


def test_the_words_follow_when_the_message_is_finished(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, page_card(tier="T1", message_id=None, being_taken=True))
    page = open_app(context_of(PHONE), server)
    expect(page.get_by_text("still taking the message")).to_be_visible()
    expect(page.get_by_role("button", name="Call the caller")).to_have_attribute(
        "aria-disabled", "true"
    )
    assert faults_of(page) == []
    server.say("GET", "/api/pages/mine", [page_card(tier="T1")])
    server.tell("page.changed")
    expect(page.get_by_label("Your passphrase")).to_be_visible()


def test_a_link_takes_nothing_until_it_is_pressed(
    server: StandIn, ring: Ring, context_of: Contexts
):
    token = "t" * 43
    server.say(
        "GET", "/api/me", {"code": "not_signed_in", "sentence": "Sign in.", "facts": {}}, 401
    )
    server.say("POST", "/api/pages/accept-by-token", escalation(**HELD))
    page = open_app(context_of(PHONE), server, f"/clinician/#t={token}")
    expect(page.get_by_role("heading", name="Urgent page")).to_be_visible()
    page.wait_for_timeout(300)
    assert came(server, "POST", "/api/pages/accept-by-token") == []
    assert token not in page.evaluate("location.href")
    assert faults_of(page) == []
    page.get_by_role("button", name="I HAVE THIS").click()
    expect(page.get_by_role("heading", name="You have this.")).to_be_visible()
    assert came(server, "POST", "/api/pages/accept-by-token") == [{"token": token}]


def test_a_swapped_message_is_not_shown(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring, page_card())
    other = ring.seal({**LUIS, "patient": "Tamsin Boyd"}, NOW, message_id=wire("message", 99))
    server.say("GET", f"/api/messages/{MESSAGE}", message(sealed=other))
    page = open_app(context_of(PHONE), server)
    unlock(page)
    expect(page.get_by_text("This message did not open here.")).to_be_visible(timeout=15_000)
    assert "Tamsin" not in page.content()
    assert faults_of(page) == []
    expect(page.get_by_role("button", name="I HAVE THIS")).to_be_visible()


def test_the_network_is_gone_and_what_was_opened_is_still_here(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring, page_card())
    context = context_of(PHONE)
    page = open_app(context, server)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()  # from here on the worker stands between this page and the network
    unlock(page)
    expect(page.get_by_role("heading", name="Luis Ruiz, 74")).to_be_visible(timeout=15_000)
    page.wait_for_timeout(500)
    page.close()
    server.away = True
    context.set_offline(True)

    page = open_app(context, server, "/clinician/#/earlier")
    page.get_by_role("button", name="Breathing").click(timeout=15_000)
    unlock(page)
    expect(page.get_by_role("heading", name="Luis Ruiz, 74")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("No network since")).to_be_visible(timeout=10_000)
    assert faults_of(page) == []
    kept: str = page.evaluate(EVERYTHING_KEPT)
    assert MESSAGE in kept
    assert "Luis" not in kept
    assert "ankle" not in kept.lower()


EVERYTHING_KEPT = """async () => {
  const rows = await new Promise((done) => {
    const asked = indexedDB.open("nightbell-opened");
    asked.onsuccess = () => {
      const all = asked.result.transaction("messages").objectStore("messages").getAll();
      all.onsuccess = () => { asked.result.close(); done(all.result); };
    };
  });
  const texts = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      if (!request.url.includes("/assets/"))
        texts.push(request.url, await (await caches.match(request)).text());
  return JSON.stringify([rows, texts, { ...localStorage }, { ...sessionStorage }]);
}"""


def test_a_push_says_nothing_on_the_lock_screen_and_reports_that_it_is_there(
    server: StandIn, ring: Ring, context_of: Contexts
):
    lay(server, ring)
    context = context_of(PHONE)
    page = open_app(context, server)
    page.evaluate("navigator.serviceWorker.ready")
    worker = context.new_cdp_session(page)
    registrations: list[str] = []

    def known(told: dict[str, Any]) -> None:
        registrations.extend(one["registrationId"] for one in told["registrations"])

    worker.on("ServiceWorker.workerRegistrationUpdated", known)
    worker.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    said = json.dumps({"page": PAGE, "title": "Luis Ruiz", "body": "chest pain"})
    worker.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": server.url, "registrationId": registrations[0], "data": said},
    )
    page.wait_for_timeout(800)
    shown: list[dict[str, str]] = page.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications())"
        ".map((one) => ({ title: one.title, body: one.body, tag: one.tag }))"
    )
    assert shown == [{"title": "Urgent page. Open to read.", "body": "", "tag": PAGE}]
    assert came(server, "POST", f"/api/pages/{PAGE}/on-device") == [{}]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_screen_is_accessible(
    server: StandIn, ring: Ring, context_of: Contexts, size: dict[str, int], scheme: str
):
    second = page_card(
        page_id=wire("page", 9), escalation_id=wire("escalation", 9), account_name="Elm Pediatrics",
        message_id=None, being_taken=True, tier="T2",
    )  # fmt: skip
    lay(server, ring, page_card(), second)
    page = open_app(context_of(size, scheme), server)
    for path, words in [
        ("#/", "I HAVE THIS"), ("#/earlier", "Nothing earlier"), ("#/shifts", "First call"),
        ("#/me", "Your telephones"),
    ]:  # fmt: skip
        page.evaluate("to => (location.hash = to)", path)
        expect(page.get_by_text(words, exact=False).first).to_be_visible()
        assert faults_of(page) == [], path


def test_an_empty_night_is_said_in_a_sentence(server: StandIn, ring: Ring, context_of: Contexts):
    lay(server, ring)
    page = open_app(context_of(PHONE), server)
    expect(page.get_by_text("Nothing needs you. You are first call until 7:00 am.")).to_be_visible()
    assert faults_of(page) == []
    assert RIVERSIDE not in page.title()
