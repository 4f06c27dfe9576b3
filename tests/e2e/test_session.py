"""Signing in and unlocking in a real browser, against the real service."""

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from nightbell.accounts.demonstration import PASSPHRASE
from nightbell.run.settings import Settings
from nightbell.web.app import STATIC

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]
FROZEN_MS = 450  # Argon2id on the page's own thread takes longer on any machine.
# The longest time the page could not draw, kept where it outlives the page.
WATCH = """() => { let last = performance.now(), worst = 0;
  const look = (now) => {
    if (now - last > worst) sessionStorage.setItem("test.worst", String(worst = now - last));
    last = now; requestAnimationFrame(look); };
  requestAnimationFrame(look); }"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not (STATIC / "office/index.html").is_file():
        pytest.fail("The screens are not built: run `python3 dev.py build`, then this test again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    yield context
    context.close()


def sign_in(page: Page, service: Settings) -> None:
    page.goto(f"{service.address}/sign-in/")
    page.locator("input[name=username]").fill("olive@demo")
    page.locator("input[name=password]").fill(PASSPHRASE)
    page.evaluate(WATCH)
    page.keyboard.press("Enter")


def locked(page: Page) -> bool:
    """Whether a fresh look at the kept keys finds none: the office offers Lock only when open."""
    return page.get_by_role("button", name="Lock", exact=True).count() == 0


def test_olive_signs_in_reloads_and_leaves(context: BrowserContext, service: Settings):
    sent: list[str] = []
    faults: list[str] = []

    def note(request: Request) -> None:
        sent.append(f"{request.url} {request.post_data or ''} {json.dumps(request.headers)}")

    context.on("request", note)
    page = context.new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security" in said.text else None,
    )
    sign_in(page, service)
    page.wait_for_url("**/office/**", timeout=60_000)
    lock = page.get_by_role("button", name="Lock", exact=True)
    expect(lock).to_be_visible(timeout=30_000)
    worst_ms = float(page.evaluate("sessionStorage.getItem('test.worst')"))
    assert 0 < worst_ms < FROZEN_MS, "typing would freeze while the passphrase becomes keys"

    page.reload()
    expect(lock).to_be_visible(timeout=30_000)  # no passphrase asked again

    other = context.new_page()
    other.goto(f"{service.address}/office/")
    expect(other.get_by_text("Olive Brandt").first).to_be_visible(timeout=30_000)
    assert locked(other), "another tab has the session, not the keys"

    lock.click()
    page.reload()
    expect(page.get_by_text("Olive Brandt").first).to_be_visible(timeout=30_000)
    assert locked(page), "locking wiped what the tab kept"
    assert page.evaluate("sessionStorage.getItem('nightbell.tab')") is None

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/**", timeout=30_000)
    assert not [one for one in sent if PASSPHRASE in one or PASSPHRASE.replace(" ", "+") in one]
    assert not [one for one in sent if "AGE-SECRET-KEY" in one]
    assert faults == []
