"""One night, cradle to grave: a real call, real browsers, and nobody's hand in between.

A patient rings, an agent answers and finds the danger, the first doctor's telephone is a voicemail,
the second presses 1, reads, rings back and closes; in the morning the office sees it all, and the
log is proved. The agent speaks at 617 Hz, the caller at 1013: who heard whom is a fact.
"""

import asyncio
import json
import re
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from playwright.async_api import Browser, expect

from nightbell.accounts import demonstration
from tests.e2e.person import enter
from tests.e2e.screens import DESK, PHONE, Screen, chromium, sign_in
from tests.e2e.sound import (
    AGENT_PITCH,
    CALLER_PITCH,
    DOCTOR_PITCH,
    HEARD,
    browser_hears,
    telephone_heard,
    telephone_hears,
    voice,
)
from tests.e2e.whole import WholeService, soon

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.age,
    pytest.mark.timeout(420),
]
RIVERSIDE = "+12125550142"
ANA = "+12125550143"
BEN = "+12125550145"


@dataclass
class Night:
    """What the story knows as it goes on."""

    service: WholeService
    folder: Path
    browser: Browser
    screens: list[Screen]
    call_id: str = ""
    message_id: str = ""
    caller: str = ""  # the caller's telephone, as the carrier knows it
    first: dict[str, Any] = field(default_factory=dict[str, Any])
    backup: dict[str, Any] = field(default_factory=dict[str, Any])

    async def comes_in(self, handle: str, size: dict[str, int]) -> Screen:
        screen = await sign_in(self.service, self.browser, handle, size)
        self.screens.append(screen)
        return screen

    async def call(self, dana: Screen) -> dict[str, Any]:
        return await dana.api(f"/api/calls/{self.call_id}")


def handle_of(name: str) -> str:
    return next(one.handle for one in demonstration.PEOPLE if one.name == name)


def phone_of(name: str) -> str:
    return next(one.phone for one in demonstration.PEOPLE if one.name == name)


async def the_office_is_closed(one: WholeService) -> None:
    """Whatever hour it is here, at Riverside it is a holiday."""
    robin = await enter(one, "root@demo")
    riverside = next(
        each for each in await robin.get("/api/accounts") if each["name"] == "Riverside Cardiology"
    )
    account_id = riverside.pop("account_id")
    today = datetime.now(ZoneInfo(riverside["time_zone"])).date()
    closed = {str(today + timedelta(days=day)) for day in (0, 1)}
    others = [day for day in riverside["special_days"] if day["on_day"] not in closed]
    days = [{"on_day": day, "label": "Founder's Day"} for day in sorted(closed)]
    edit = {key: riverside[key] for key in riverside if key not in ("keys_ready", "gaps")}
    await robin.put(f"/api/accounts/{account_id}", {**edit, "special_days": others + days})
    await robin.leave()


def test_a_patient_rings_and_every_step_can_be_proved(whole: WholeService, tmp_path: Path):
    screens: list[Screen] = []

    async def story() -> None:
        await the_office_is_closed(whole)
        microphone = voice(tmp_path / "agent.wav", AGENT_PITCH, 20)
        async with chromium(microphone) as browser:
            night = Night(whole, tmp_path, browser, screens)
            dana = await night.comes_in("dana@demo", DESK)
            await the_agent_is_ready(dana)
            await who_is_on_call(night, dana)
            await it_rings_and_is_answered(night, dana)
            await the_caller_is_held_and_the_page_reloaded(night, dana)
            await the_danger_is_found(night, dana)
            await the_message_is_taken(night, dana)
            doctor = await the_second_doctor_accepts(night)
            await the_patient_is_called_back(night, doctor)
            await a_refill_is_held_for_the_office(night, dana)
            await the_office_sees_the_night(night)
        assert [fault for one in screens for fault in one.faults] == []
        assert [error for one in screens for error in one.errors] == []
        await the_sealed_message_opens_outside(night)
        the_log_is_proved(night)

    try:
        asyncio.run(story())
    except BaseException:
        for one in screens:
            print(*one.faults, *one.errors, sep="\n")
        whole.print_logs()
        raise


async def the_agent_is_ready(dana: Screen) -> None:
    await expect(dana.page.get_by_role("button", name="Ready for calls")).to_be_visible()
    await dana.stands("desk")
    await dana.press("F6")
    await dana.sees("You are ready: the next call comes to you.")
    await dana.stands("ready")


async def who_is_on_call(night: Night, dana: Screen) -> None:
    """The rota turns every week: who is first and who is second is asked, never assumed."""
    accounts = await dana.api("/api/accounts")
    riverside = next(one for one in accounts if one["name"] == "Riverside Cardiology")
    told = await dana.api(f"/api/accounts/{riverside['account_id']}/on-call")
    holders = {one["role"]: one for one in told["holders"]}
    night.first, night.backup = holders["first call"], holders["backup"]
    carrier = night.service.carrier
    await carrier.behave(phone_of(night.first["who"]), "voicemail", ring_s=0.5)
    doctor = str(voice(night.folder / "doctor.wav", DOCTOR_PITCH, 90))
    number = phone_of(night.backup["who"])
    await carrier.behave(number, "accepts", ring_s=0.5, press_s=2, says=doctor)


async def it_rings_and_is_answered(night: Night, dana: Screen) -> None:
    caller = str(voice(night.folder / "caller.wav", CALLER_PITCH, 180))
    carrier = night.service.carrier
    await carrier.behave(ANA, "answers", ring_s=0.5, says=caller)
    night.caller = await carrier.place(RIVERSIDE, ANA, caller)
    await dana.sees("Incoming call")
    await dana.sees("Riverside Cardiology answering service, this is Dana")
    await dana.stands("offer")
    await dana.press("Enter")
    await dana.sees("On the line")
    night.call_id = (await dana.api("/api/desk"))["call"]["call_id"]
    await browser_hears(dana.page, CALLER_PITCH)
    await telephone_hears(night.service, night.caller, AGENT_PITCH)
    await dana.stands("on-the-line")


async def the_caller_is_held_and_the_page_reloaded(night: Night, dana: Screen) -> None:
    await dana.press("F2")
    await dana.sees("On hold")
    await asyncio.sleep(2.5)
    assert await telephone_heard(night.service, night.caller, AGENT_PITCH, last_s=1) < HEARD / 4
    await dana.stands("held")
    await dana.press("F2")
    await dana.sees("On the line")
    await telephone_hears(night.service, night.caller, AGENT_PITCH)
    await dana.page.reload()
    await dana.sees("On the line")
    (up,) = await night.service.carrier.calls(ANA)
    assert up["leg"] == night.caller, "the reload dropped the caller"
    await telephone_hears(night.service, night.caller, AGENT_PITCH, within_s=20)
    await browser_hears(dana.page, CALLER_PITCH)


async def the_danger_is_found(night: Night, dana: Screen) -> None:
    """By what the caller says; the escalation has begun before anything is written down."""
    for ask in ("trouble breathing", "hard to wake", "strong or steady", "swollen throat"):
        await dana.answer(ask, "No")
    await dana.answer("How can I help you?", "Symptom or medical question")
    await dana.page.locator("input#say").focus()
    await dana.page.keyboard.type("tight chest")
    await expect(dana.page.get_by_role("option").first).to_contain_text("Chest pain, adult")
    await dana.stands("complaint")
    await dana.press("Enter")
    await dana.answer("hard to breathe right now", "No")
    await dana.answer("spread to the arm", "Yes")
    await dana.sees("Emergency")
    await dana.stands("emergency")
    card: dict[str, Any] = {}
    for _ in range(50):
        card = await night.call(dana)
        if card["escalation"]:
            break
        await asyncio.sleep(0.1)
    assert card["tier"] == "T1"
    assert card["escalation"]["state"] == "open"
    assert (card["escalation"]["message_id"], card["messages"]) == (None, [])
    assert card["escalation"]["steps"][0]["who"] == night.first["who"]


async def the_message_is_taken(night: Night, dana: Screen) -> None:
    await dana.write(
        ("caller", "Ana Ruiz, daughter"), ("patient", "Luis Ruiz"), ("born", "4/3/1951")
    )
    await dana.page.locator("#readback").focus()
    await dana.press("Space")
    await expect(dana.page.locator("#readback")).to_be_checked()
    await expect(dana.page.locator("#about")).to_have_value("tight chest")
    await dana.stands("message")
    await dana.press("Control+Enter")
    await dana.sees("Filed and sealed")
    await dana.stands("filed")
    night.message_id = (await night.call(dana))["messages"][0]["message_id"]
    await dana.press("F7")
    await dana.sees("You are ready")
    soon(lambda: ended(night.service, night.call_id), "the call did not end")


def ended(one: WholeService, call_id: str) -> bool:
    (row,) = one.rows("select state from call where call_id = %s", uuid_of(call_id))
    return row["state"] == "ended"


def uuid_of(wire_id: str) -> str:
    return wire_id.partition("_")[2]


async def the_second_doctor_accepts(night: Night) -> Screen:
    """The first doctor's voicemail is not a person; the second presses 1, and then it stops."""
    pages = soon(lambda: accepted(night), "nobody accepted the page", within_s=90)
    by_step = {(one["step"], one["channel"]): one for one in pages}
    assert by_step[0, "phone"]["state"] == "failed"
    assert by_step[1, "phone"]["state"] == "accepted"
    assert {one["step"] for one in pages} == {0, 1}, "it went further than it had to"
    doctor = await night.comes_in(handle_of(night.backup["who"]), PHONE)
    await doctor.sees("You have this.")
    await doctor.sees("Luis Ruiz")
    await doctor.sees("tight chest")
    await doctor.stands("opened")
    return doctor


def accepted(night: Night) -> list[dict[str, Any]]:
    pages = night.service.rows(
        "select p.step, p.channel, p.state from page p join escalation e using (escalation_id)"
        " where e.call_id = %s order by p.made_at",
        uuid_of(night.call_id),
    )
    return pages if any(one["state"] == "accepted" for one in pages) else []


async def the_patient_is_called_back(night: Night, doctor: Screen) -> None:
    carrier = night.service.carrier
    await doctor.button("Call Ana")
    await doctor.sees("sees the practice's number")
    await doctor.stands("calling")
    for _ in range(200):
        patient = [one for one in await carrier.calls(ANA) if one["way"] == "rung"]
        if patient and patient[0]["state"] == "answered":
            break
        await asyncio.sleep(0.1)
    (patient,) = [one for one in await carrier.calls(ANA) if one["way"] == "rung"]
    assert patient["cli"] == RIVERSIDE, "the patient does not see the practice's number"
    (own,) = await carrier.calls(phone_of(night.backup["who"]))
    await telephone_hears(night.service, str(patient["leg"]), DOCTOR_PITCH)
    await telephone_hears(night.service, str(own["leg"]), CALLER_PITCH)
    await carrier.hang_up(str(own["leg"]))
    await doctor.button(re.compile("Close ▸"))
    await doctor.page.get_by_text("Sent to emergency").click()
    await doctor.page.get_by_label(re.compile("A note")).fill("Told to dial 911; the ED knows.")
    await doctor.stands("outcome")
    await doctor.button(re.compile("Close: sent to emergency"))
    state = "select state, outcome from message where message_id = %s"
    soon(
        lambda: night.service.rows(state, uuid_of(night.message_id))[0]["state"] == "closed",
        "the message is not closed",
    )
    await doctor.stands("closed")


async def a_refill_is_held_for_the_office(night: Night, dana: Screen) -> None:
    ben = await night.service.carrier.place(RIVERSIDE, BEN, str(night.folder / "caller.wav"))
    await dana.sees("Incoming call")
    await dana.press("Control+Enter")
    await dana.sees("On the line")
    for ask in ("trouble breathing", "hard to wake", "strong or steady", "swollen throat"):
        await dana.answer(ask, "No")
    await dana.answer("How can I help you?", "Refill")
    await dana.answer("has it run out", "No")
    await dana.answer("anything new or worse", "No")
    await dana.write(
        ("caller", "Ben Adler"),
        ("born", "12 Feb 1948"),
        ("about", "Refill of the heart medicine"),
        ("field-medicine", "metoprolol"),
    )
    await dana.page.get_by_label("The caller is the patient").check()
    await dana.page.locator("#readback").check()
    await dana.stands("refill")
    await dana.press("Control+Enter")
    await dana.sees("Filed and sealed")
    await dana.press("F7")
    await dana.sees("You are ready")
    assert ben in [one["leg"] for one in await night.service.carrier.calls(BEN, ended=True)]


async def the_office_sees_the_night(night: Night) -> None:
    olive = await night.comes_in("olive@demo", DESK)
    await olive.page.get_by_label("Practice").select_option(label="Riverside Cardiology")
    await olive.sees("B. Adler")
    await olive.sees("L. Ruiz")
    await olive.stands("last-night")
    await olive.button(re.compile("Take it"))
    await olive.button(re.compile("Yours: close"))
    await olive.sees("metoprolol")
    await olive.stands("refill")
    await olive.page.get_by_text("Done", exact=True).click()
    await olive.button(re.compile("Close: done"))
    await expect(olive.page.get_by_role("dialog")).to_contain_text("Closed")
    await olive.press("Escape")
    await olive.page.get_by_role("button", name=re.compile("L. Ruiz")).click()
    await olive.sees("tight chest")
    await olive.sees("Sent to emergency")
    await olive.stands("chest-pain")
    await olive.button(re.compile("cradle to grave"))
    await olive.sees("The call, cradle to grave")
    await olive.sees("Root")
    told = await olive.api(f"/api/calls/{night.call_id}/timeline")
    unworded = [
        row["words"] for row in told["rows"] if re.fullmatch("[A-Z][a-z]+[A-Z].*", row["words"])
    ]
    assert unworded == [], "events shown by their own names"
    await olive.stands("timeline")


async def the_sealed_message_opens_outside(night: Night) -> None:
    """`age`, Debian's own, with the doctor's identity; then the signature, by a JOSE library."""
    one, file = night.service, night.folder / "message.age"
    words = ("message", "export", night.message_id, "-o", str(file))
    exported = await asyncio.to_thread(one.nightbell, *words)
    assert exported.returncode == 0, exported.stderr
    assert b"Luis" not in file.read_bytes()
    identity = night.folder / "doctor.txt"
    doctor = await enter(one, handle_of(night.backup["who"]))
    assert doctor.keys is not None
    identity.write_text(doctor.keys.age_secret + "\n")
    await doctor.leave()
    age = ["age", "-d", "-i", identity, file]
    opened = await asyncio.to_thread(subprocess.run, age, check=True, capture_output=True)
    (signer,) = one.rows(
        "select k.sign_public from key_entry k join sign_in s using (person_id)"
        " where s.handle = 'dana@demo' and k.holder = 'person'"
    )
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": signer["sign_public"]})
    told = json.loads(jws.deserialize_compact(opened.stdout, key, algorithms=["Ed25519"]).payload)
    assert told["id"] == night.message_id
    assert told["body"]["patient"] == "Luis Ruiz"
    assert told["body"]["callback"].endswith("0143")


def the_log_is_proved(night: Night) -> None:
    """Whole, it verifies; with one row altered behind its back, that row is named."""
    one = night.service
    soon(
        lambda: not one.rows("select 1 from audit_leaf where position is null"),
        "leaves wait for their place",
    )
    intact = one.nightbell("audit", "verify")
    assert intact.returncode == 0, intact.stdout + intact.stderr
    (leaf,) = one.rows(
        "select leaf_id, actor from audit_leaf where act = 'call.answered'"
        " order by position limit 1"
    )
    alter = "alter table audit_leaf disable trigger all"
    put_back = "alter table audit_leaf enable trigger all"
    change = "update audit_leaf set actor = %s where leaf_id = %s"
    one.rows(alter)
    one.rows(change, "somebody else", leaf["leaf_id"])
    try:
        tampered = one.nightbell("audit", "verify")
    finally:
        one.rows(change, leaf["actor"], leaf["leaf_id"])
        one.rows(put_back)
    assert tampered.returncode == 1
    named = tampered.stdout.replace("-", "")
    assert leaf["leaf_id"].hex in named, tampered.stdout
    assert one.nightbell("audit", "verify").returncode == 0
