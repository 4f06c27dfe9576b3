"""Takes the pictures of the screens by playing a night on a running demonstration.

    .venv/bin/python docs/pictures.py http://127.0.0.1:8080 docs/images

It rings, answers, files and pages on that service, and makes today a holiday at one practice, so
point it at a demonstration whose data may go. `pngquant`, where it is installed, makes them small.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from nightbell.accounts.demonstration import ACCOUNTS, PASSPHRASE, PEOPLE
from nightbell.core.clock import process_now
from nightbell.run.client import Person

CARDIOLOGY = ACCOUNTS[0].name
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
DANGERS = ("trouble breathing", "hard to wake", "strong or steady", "swollen throat")


class Studio:
    """The browsers of everybody in the night, and where their pictures go."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.browser = browser
        self.address = address
        self.folder = folder

    async def sign_in(self, handle: str, size: ViewportSize = DESK) -> Page:
        phone = size is PHONE
        context = await self.browser.new_context(
            viewport=size,
            is_mobile=phone,
            has_touch=phone,
            reduced_motion="reduce",
            timezone_id=ACCOUNTS[0].time_zone,
        )
        page = await context.new_page()
        await page.goto(f"{self.address}/sign-in/")
        await page.get_by_label("Sign-in name").fill(handle)
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("/(console|clinician|office|floor|admin)/"))
        return page

    async def picture(self, page: Page, name: str) -> None:
        file = self.folder / f"{name}.png"
        await page.wait_for_timeout(1500)  # News has arrived and nothing moves any more.
        await page.screenshot(path=file)
        if shutil.which("pngquant"):
            small = ["pngquant", "--force", "--skip-if-larger", "--ext", ".png", "128", str(file)]
            await asyncio.to_thread(subprocess.run, small, check=False)
        print(f"{file}: {file.stat().st_size // 1024} kB")


@asynccontextmanager
async def studio(address: str, folder: Path) -> AsyncGenerator[Studio]:
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        try:
            yield Studio(browser, address, folder)
        finally:
            await browser.close()


async def close_the_office(address: str) -> str:
    """Whatever hour it is here, the cardiologist has a holiday. Who is on call, by handle."""
    robin = await Person.enter(address, "root@demo", PASSPHRASE)
    all_of_them = await robin.get("/api/accounts")
    one = next(each for each in all_of_them if each["name"] == CARDIOLOGY)
    today = process_now().astimezone(ZoneInfo(one["time_zone"])).date()
    kept = [day for day in one["special_days"] if day["on_day"] != str(today)]
    days = [*kept, {"on_day": str(today), "label": "Founder's Day"}]
    path = f"/api/accounts/{one['account_id']}"
    edit = {key: one[key] for key in one if key not in ("account_id", "keys_ready", "gaps")}
    await robin.put(path, {**edit, "special_days": days})
    holders = (await robin.get(f"{path}/on-call"))["holders"]
    await robin.leave()
    first = next(each["who"] for each in holders if each["role"] == "first call")
    return next(person.handle for person in PEOPLE if person.name == first)


async def ring(page: Page, scenario: str) -> None:
    """Through the demonstration's own button, whoever is signed in there."""
    where = page.get_by_role("listitem").filter(has_text=scenario)
    await where.get_by_role("button", name="Ring", exact=True).click()


async def answer_the_telephone(dana: Page) -> None:
    await expect(dana.locator("body")).to_contain_text("Incoming call", timeout=30_000)
    await dana.keyboard.press("Control+Enter")
    await expect(dana.locator("body")).to_contain_text("On the line", timeout=30_000)


async def say(dana: Page, ask: str, label: str) -> None:
    await expect(dana.locator("#say .ask")).to_contain_text(ask)
    button = dana.locator("#say button").filter(has=dana.get_by_text(label, exact=True))
    await button.click()


async def write(dana: Page, **entries: str) -> None:
    for at, words in entries.items():
        await dana.locator(f"#{at.replace('_', '-')}").fill(words)


async def a_refill(dana: Page) -> None:
    await answer_the_telephone(dana)
    for ask in DANGERS:
        await say(dana, ask, "No")
    await say(dana, "How can I help you?", "Refill")
    await say(dana, "has it run out", "No")
    await say(dana, "anything new or worse", "No")
    await write(
        dana,
        caller="Ben Adler",
        born="12 Feb 1948",
        about="Refill of the heart medicine",
        field_medicine="metoprolol",
    )
    await dana.get_by_label("The caller is the patient").check()
    await finish(dana)


async def finish(dana: Page) -> None:
    await dana.locator("#readback").check()
    await dana.keyboard.press("Control+Enter")
    await expect(dana.locator("body")).to_contain_text("Filed and sealed")


async def chest_pain(one: Studio, dana: Page) -> None:
    """To the question that the picture shows, then on to its end."""
    await answer_the_telephone(dana)
    for ask in DANGERS:
        await say(dana, ask, "No")
    await say(dana, "How can I help you?", "Symptom or medical question")
    await dana.locator("input#say").fill("tight chest")
    await dana.keyboard.press("Enter")
    await say(dana, "hard to breathe right now", "No")
    await write(dana, caller="Ana Ruiz, daughter", patient="Luis Ruiz", born="4/3/1951")
    await dana.locator("#say").focus()
    await one.picture(dana, "console")
    await say(dana, "spread to the arm", "No")
    await say(dana, "cold sweat", "No")
    await say(dana, "two minutes or more", "It is gone, and was shorter")
    await say(dana, "heart disease", "No")
    await say(dana, "blood when coughing", "No")
    await expect(dana.get_by_label("Who has it")).to_be_visible()


async def night(address: str, folder: Path) -> None:
    first = await close_the_office(address)
    async with studio(address, folder) as one:
        sam = await one.sign_in("sam@demo")
        outside = await sam.context.new_page()
        await outside.goto(f"{address}/demo/")
        dana = await one.sign_in("dana@demo")
        await dana.get_by_role("button", name="Ready for calls").click()
        await ring(outside, "refill")
        await a_refill(dana)
        await dana.keyboard.press("F7")
        await expect(dana.locator("body")).to_contain_text("You are ready")
        await ring(outside, "cardiologist")
        await chest_pain(one, dana)
        doctor = await one.sign_in(first, PHONE)
        await write(dana, about="Tight chest since supper, gone now; it came once before")
        await finish(dana)
        await expect(doctor.locator("body")).to_contain_text("Luis Ruiz", timeout=30_000)
        await one.picture(doctor, "clinician")
        await one.picture(sam, "floor")
        await one.picture(outside, "demo")
        await doctor.get_by_role("button", name="I HAVE THIS").click()
        await expect(doctor.locator("body")).to_contain_text("You have this.")
        await dana.keyboard.press("F7")
        await expect(dana.locator("body")).to_contain_text("You are ready")
        olive = await one.sign_in("olive@demo")
        await olive.get_by_label("Practice").select_option(label=CARDIOLOGY)
        await expect(olive.locator("body")).to_contain_text("B. Adler")
        await one.picture(olive, "office")
        robin = await one.sign_in("root@demo")
        await robin.get_by_role("link", name=CARDIOLOGY).click()
        await expect(robin.get_by_role("heading", name=CARDIOLOGY)).to_be_visible()
        await one.picture(robin, "admin")


if __name__ == "__main__":
    pictures = Path(sys.argv[2])
    pictures.mkdir(parents=True, exist_ok=True)
    asyncio.run(night(sys.argv[1].rstrip("/"), pictures))
