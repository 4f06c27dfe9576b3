"""Browsers of the people in the story: Chromium as each has it, and axe on what they see."""

import os
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from nightbell.accounts import demonstration
from tests.e2e.sound import EAR
from tests.e2e.whole import WholeService

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("NIGHTBELL_SHOTS")  # A folder for a picture of each step; none is kept else.
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)


@asynccontextmanager
async def chromium(microphone: Path) -> AsyncGenerator[Browser]:
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}"],
        )
        try:
            yield browser
        finally:
            await browser.close()


class Screen:
    """What one person sees, and every fault that axe found in it on the way."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page
        self.faults: list[str] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"{name}: {error} {error.stack}"))

    async def stands(self, state: str) -> None:
        """The screen has come to a state: it is examined, and pictured when that is asked for."""
        if SHOTS:
            await self.page.screenshot(path=Path(SHOTS) / f"{self.name}-{state}.png")
        await self.page.evaluate(AXE.read_text() + ";0")
        found: dict[str, Any] = await self.page.evaluate("axe.run(document)")
        self.faults += [
            f"{self.name}, {state}: {one['id']}: {node['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def write(self, *entries: tuple[str, str]) -> None:
        """Into the entries with these ids, by keyboard."""
        for at, words in entries:
            await self.page.locator(f"#{at}").focus()
            await self.page.keyboard.press("Control+a")
            await self.page.keyboard.type(words)

    async def answer(self, ask: str, label: str) -> None:
        """Choose an answer of the script by the digit printed on it."""
        await expect(self.page.locator("#say .ask")).to_contain_text(ask)
        button = self.page.locator("#say button").filter(
            has=self.page.get_by_text(label, exact=True)
        )
        await self.page.locator("#say").focus()
        await self.press(await button.locator("kbd").inner_text())

    async def button(self, name: str | re.Pattern[str]) -> None:
        await self.page.get_by_role("button", name=name).first.click()

    async def sees(self, words: str | re.Pattern[str], within_s: float = 15) -> None:
        await expect(self.page.locator("body")).to_contain_text(words, timeout=within_s * 1000)

    async def api(self, path: str) -> Any:
        """What the server tells this person."""
        return await self.page.evaluate("async (path) => (await fetch(path)).json()", path)


async def sign_in(one: WholeService, browser: Browser, handle: str, size: dict[str, int]) -> Screen:
    """Somebody comes in by keyboard and stands before their own screen."""
    phone = size is PHONE
    context: BrowserContext = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        is_mobile=phone,
        has_touch=phone,
        reduced_motion="reduce",
        timezone_id="America/New_York",
    )
    await context.add_init_script(EAR)
    page = await context.new_page()
    page.set_default_timeout(20_000)
    screen = Screen(handle.partition("@")[0], page)
    await page.goto(one.address + "/sign-in/")
    await expect(page.get_by_label("Sign-in name")).to_be_focused()
    await page.keyboard.type(handle)
    await screen.press("Tab")
    await page.keyboard.type(demonstration.PASSPHRASE)
    await screen.stands("sign-in")
    await screen.press("Enter")
    await page.wait_for_url(re.compile("/(console|clinician|office)/"), timeout=60_000)
    return screen
