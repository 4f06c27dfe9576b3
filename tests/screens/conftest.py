"""Fixtures of the screens: one Chromium, a stand-in server a test, pages at phone and desk size."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from nightbell.web.app import STATIC
from tests.screens.keyring import Ring
from tests.screens.night import NOW
from tests.screens.stand_in import StandIn

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def ring() -> Ring:
    return Ring()


@pytest.fixture(scope="module")  # While it is open a loop runs here: no other module may find it.
def browser() -> Iterator[Browser]:
    if not (STATIC / "clinician/index.html").is_file():
        pytest.fail(
            "The screens are not built: run `python3 dev.py build`, then these tests again."
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn(NOW)
    yield stand_in
    stand_in.stop()


@pytest.fixture
def context_of(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of one person: `context_of(PHONE, scheme="dark")`."""
    made: list[BrowserContext] = []

    def make(size: dict[str, int], scheme: Any = "dark") -> BrowserContext:
        phone = size["width"] < 600
        made.append(
            browser.new_context(
                viewport={"width": size["width"], "height": size["height"]},
                color_scheme=scheme,
                timezone_id="America/New_York",
                is_mobile=phone,
                has_touch=phone,
                reduced_motion="reduce",
                permissions=["notifications"],
            )
        )
        return made[-1]

    yield make
    for context in made:
        context.close()


def faults_of(page: Page) -> list[str]:
    """What axe finds wrong with the screen as it stands, and what a thumb could not hit."""
    page.evaluate(AXE.read_text() + ";0")
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    faults = [
        f"{one['id']}: {node['html'][:140]}" for one in found["violations"] for node in one["nodes"]
    ]
    if page.viewport_size and page.viewport_size["width"] < 600:
        faults += [f"too small: {one}" for one in page.evaluate(SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append("wider than the phone")
    return faults


SMALL = """() => [...document.querySelectorAll("button, a[href], select, summary, input, textarea")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.outerHTML.slice(0, 80), (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([html]) => html)"""
