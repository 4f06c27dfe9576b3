"""The hands-free night: one program is patient, agent, clinicians and office, and proves each step.

Everybody comes in by the public HTTP interface, with their own keys; the telephones outside are the
carrier double's. A step that is not seen ends the night with a sentence and an exit code.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from nightbell.accounts.demonstration import (
    ACCOUNTS,
    PASSPHRASE,
    PEOPLE,
    SCENARIOS,
    DemoPerson,
    Scenario,
)
from nightbell.core.errors import Broken, NightbellError, Refused
from nightbell.edges.sip.carrier_client import CarrierClient, CarrierUnreachable
from nightbell.edges.sip.sound import read_wav
from nightbell.edges.webrtc.sound import RATE
from nightbell.run import proof
from nightbell.run.client import Person, must_be_up, trust
from nightbell.run.settings import Settings
from nightbell.run.softphone import Softphone, level, tone_strength

STEPS = ("ring", "queue", "answer", "triage", "message", "page", "act", "morning", "proof")
LOOK_EVERY_S = 0.2
WITHIN_S = 20.0
AUDIBLE = 0.004
CLEAR_TONE = 0.5

T = TypeVar("T")


class NotSeen(Broken):
    """A step of the night was not seen in time."""


class NoStory(Refused):
    """Hands-free plays chest_pain or infant_fever: calls that page somebody."""


class Teller(Protocol):
    def line(self, step: str, words: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Story:
    """What is said on the call, and the protocol it is asked by."""

    protocol: str
    body: Mapping[str, Any]


STORIES = {
    "chest_pain": Story(
        "adult-chest-pain",
        {
            "caller": "Ana Ruiz",
            "patient": "Luis Ruiz",
            "born": "1951-04-03",
            "about": "Pressure in the chest since supper, gone now, came once before",
        },
    ),
    "infant_fever": Story(
        "infant-fever",
        {
            "caller": "Mia Stone",
            "patient": "Theo Stone",
            "born": "2026-11-09",
            "about": "Feels hot, drinks a little less than usual",
        },
    ),
}
REFILL = {
    "caller": "Marcus Chen",
    "patient": "Marcus Chen",
    "born": "1948-07-21",
    "about": "Metoprolol, pharmacy on file, three days left",
}


@dataclass(slots=True)
class Night:
    settings: Settings
    scenario: Scenario
    story: Story
    tell: Teller
    carrier: CarrierClient
    folder: Path
    seen: list[str] = field(default_factory=list[str])
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    softphone: Softphone | None = None
    call: dict[str, Any] = field(default_factory=dict[str, Any])
    card: dict[str, Any] = field(default_factory=dict[str, Any])
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    caller_leg: str = ""
    first: DemoPerson | None = None  # holds the first step's role tonight
    backup: DemoPerson | None = None

    def say(self, step: str, words: str) -> None:
        self.tell.line(step, words)

    def saw(self, step: str, words: str) -> None:
        self.say(step, words)
        self.seen.append(step)

    async def enter(self, handle: str) -> Person:
        if handle not in self.people:
            self.people[handle] = await Person.enter(
                self.settings.address, handle, PASSPHRASE, trust=trust(self.settings)
            )
        return self.people[handle]

    async def until(
        self, what: str, look: Callable[[], Awaitable[T | None]], *, within_s: float = WITHIN_S
    ) -> T:
        """Look again until there is something to see; NotSeen when there never is."""
        give_up = time.monotonic() + within_s
        while True:
            found = await look()
            if found:
                return found
            if time.monotonic() > give_up:
                raise NotSeen(what=what, within_s=within_s)
            await asyncio.sleep(LOOK_EVERY_S)

    async def heard_at(self, leg: str, last_s: float = 1.5) -> bytes:
        """What a telephone outside heard in the last seconds."""
        path = self.folder / f"{leg}.wav"
        await self.carrier.save(leg, path)
        pcm = await asyncio.to_thread(read_wav, path) or b""
        return pcm[-int(last_s * RATE) * 2 :]


async def night(settings: Settings, scenario: Scenario, tell: Teller) -> int:
    """Play it through; 0 only when every one of the nine steps was seen."""
    if scenario.name not in STORIES:
        raise NoStory
    await must_be_up(settings)
    with tempfile.TemporaryDirectory(prefix="nightbell-demo-") as folder:
        carrier = CarrierClient(settings.carrier_socket)
        one = Night(settings, scenario, STORIES[scenario.name], tell, carrier, Path(folder))
        try:
            for act in (ring, queue, answer, triage, message, page, act_on_it, morning, prove):
                await act(one)
        except NightbellError as fault:
            facts = ", ".join(f"{name} {value}" for name, value in fault.facts.items())
            one.say("—", f"{fault.sentence} ({facts})")
        finally:
            await _tidy_up(one)
        missing = [step for step in STEPS if step not in one.seen]
        one.say("—", f"Not seen: {', '.join(missing)}." if missing else "All nine steps were seen.")
        return 1 if missing else 0


async def ring(one: Night) -> None:
    """1. A real SIP call reaches the switch, and the practice's greeting is played."""
    dana = await one.enter("dana@demo")
    one.softphone = Softphone()

    async def relay(sdp: str) -> str:
        return (await dana.post("/api/desk/audio", {"sdp": sdp}))["sdp"]

    await one.softphone.connect(relay)
    await dana.put("/api/desk/wish", {"wish": "pause"})
    one.say("before", f"{dana.me['name']} is at the desk, audio connected, on a pause")
    one.caller_leg = await one.carrier.place(one.scenario.did, one.scenario.cli, "")
    one.say("ring", one.scenario.words)

    async def greeted() -> bool:
        state = await one.carrier.state()
        up = any(
            call["leg"] == one.caller_leg and call["state"] == "answered"
            for call in state["calls"]  # type: ignore[union-attr]
        )
        return up and level(await one.heard_at(one.caller_leg)) > AUDIBLE

    await one.until("the caller hears the greeting", greeted)
    one.saw("ring", "answered at once; the caller hears the practice's greeting")


async def queue(one: Night) -> None:
    """2. Nobody is ready: the caller waits in line. Then an agent is, and has an offer."""
    dana = await one.enter("dana@demo")

    async def in_line() -> dict[str, Any] | None:
        desk = await dana.get("/api/desk")
        return desk if desk["waiting"] else None

    desk = await one.until("the caller is in line", in_line)
    one.say("queue", f"in line: {desk['waiting']} waiting, nobody ready")
    await dana.put("/api/desk/wish", {"wish": "ready"})
    one.call = {"offer": await _offer(one, one.scenario)}
    offer = one.call["offer"]
    one.saw("queue", f"offered to {dana.me['name']} as a lease: {offer['why']}")


async def answer(one: Night) -> None:
    """3. The agent accepts: two-way audio, and hold."""
    dana = await one.enter("dana@demo")
    one.call = await dana.post(f"/api/offers/{one.call['offer']['offer_id']}/accept")
    one.say("answer", f"“{one.call['answer_phrase']}”")
    await one.carrier.say(one.caller_leg, one.scenario.says)
    await one.until("the caller hears the agent", lambda: _caller_hears_agent(one))
    softphone = one.softphone
    assert softphone is not None

    async def agent_hears() -> bool:
        return softphone.heard_level() > AUDIBLE

    await one.until("the agent hears the caller", agent_hears)
    one.say("answer", "each hears the other (a tone found by FFT, a voice by its level)")
    path = f"/api/calls/{one.call['call_id']}"
    await dana.post(f"{path}/hold")

    async def on_hold() -> bool:
        return not await _caller_hears_agent(one)

    await one.until("hold takes the agent's voice away", on_hold)
    await dana.post(f"{path}/resume")
    await one.until("the caller hears the agent again", lambda: _caller_hears_agent(one))
    one.saw("answer", "hold, and back again")


async def triage(one: Night) -> None:
    """4. First look, then the protocol; at T2 the escalation starts before any form is finished."""
    dana = await one.enter("dana@demo")
    one.first, one.backup = _holder(one, "first call"), _holder(one, "backup")
    one.say("triage", f"on call: {one.first.name}, then {one.backup.name}")
    await one.carrier.behave(one.first.phone, "voicemail", ring_s=1)
    await one.carrier.behave(one.backup.phone, "accepts", ring_s=1, press_s=2)
    library = await dana.get("/api/triage/library")
    call_id = one.call["call_id"]
    looked = await dana.run_protocol(call_id, library["first_look"], {})
    one.say("triage", "first look: four plain questions, no danger to life found")
    table = next(each for each in library["protocols"] if each["id"] == one.story.protocol)
    found = await dana.run_protocol(call_id, table, {})
    if found["call_tier"] not in ("T1", "T2") or found["escalation"] is None:
        raise NotSeen(what="T2 and its escalation", tier=found["call_tier"], looked=looked["rule"])
    one.saw("triage", f"{table['id']}: {found['call_tier']}; the escalation has begun, being taken")


async def message(one: Night) -> None:
    """5. Taken down, sealed here; the draft is kept on the way, closed to the desk."""
    dana = await one.enter("dana@demo")
    call_id = one.call["call_id"]
    one.body = {**one.story.body, "callback": one.scenario.cli, "answers": [], "tier": "T2"}
    draft = {"sealed": dana.seal_draft(one.body), "edition": 1}
    await dana.put(f"/api/calls/{call_id}/draft", draft)
    kept = await dana.get(f"/api/calls/{call_id}/draft")
    if dana.open_draft(kept["sealed"]) != one.body:
        raise NotSeen(what="the draft as it was kept")
    one.say("message", "the draft is kept, closed to the desk key")
    number = {"number": one.scenario.cli, "read_back": True}
    told = await dana.put(f"/api/calls/{call_id}/callback", number)
    one.say("message", f"call-back number read back: {told['grouped']}")
    one.card = await dana.file(one.call, "clinical", "page", one.body, read_back=True)
    readers = ", ".join(one.card["recipients"])
    one.saw("message", f"sealed in this process and filed; who could open it: {readers}")


async def page(one: Night) -> None:
    """6. The first clinician cannot; the backup is rung and takes it with a key press."""
    assert one.first is not None
    assert one.backup is not None
    first, call_id = await one.enter(one.first.handle), one.call["call_id"]

    async def mine() -> dict[str, Any] | None:
        pages = await first.get("/api/pages/mine")
        return next((each for each in pages if each["escalation"]["call_id"] == call_id), None)

    paged = await one.until(f"{one.first.name} is paged", mine)
    await first.post(f"/api/pages/{paged['page_id']}/on-device")
    one.say("page", f"{one.first.name} is paged: app and telephone (a voicemail answers)")
    await first.post(f"/api/pages/{paged['page_id']}/decline", {"reason": "busy"})
    one.say("page", f"{one.first.name}: not me. On to the next step at once")
    dana = await one.enter("dana@demo")

    async def held() -> dict[str, Any] | None:
        now = (await dana.get(f"/api/calls/{call_id}"))["escalation"]
        return now if now and now["held_by"] else None

    taken = await one.until("somebody accepts", held, within_s=60)
    pressed = [
        fact["kind"]
        for each in taken["pages"]
        for fact in each["facts"]
        if each["channel"] == "phone" and each["state"] == "accepted"
    ]
    if taken["held_by"] != one.backup.name or "accepted" not in pressed:
        raise NotSeen(what="the backup's acceptance by telephone", held_by=taken["held_by"])
    one.saw("page", f"{taken['held_by']} pressed 1 on the telephone: the escalation has stopped")


async def act_on_it(one: Night) -> None:
    """7. The clinician opens it, calls the patient back through the switch, and closes it."""
    assert one.backup is not None
    doctor = await one.enter(one.backup.handle)
    dana = await one.enter("dana@demo")
    await dana.put("/api/desk/wish", {"wish": "pause"})
    await dana.post(f"/api/calls/{one.call['call_id']}/hang-up")
    path = f"/api/messages/{one.card['message_id']}"

    async def hers() -> dict[str, Any] | None:
        card = await doctor.get(path)
        return card if card["owner_is_me"] else None

    card = await one.until("the message is the clinician's", hers)
    words = await doctor.open(card)
    if dict(words.body) != one.body:
        raise NotSeen(what="the words as they were taken down")
    await doctor.post(f"{path}/read")
    one.say("act", f"{one.backup.name} opened it: signed by {card['taken_by']}, every check made")
    await one.carrier.behave(one.scenario.cli, "answers", ring_s=1, says=one.scenario.says)
    await doctor.post(f"{path}/call-back", {})
    phone = one.backup.phone

    async def together() -> bool:
        for each in await one.carrier.calls(phone):
            patient_up = any(
                other["state"] == "answered" and other["way"] == "rung"
                for other in await one.carrier.calls(one.scenario.cli)
            )
            if patient_up and each["state"] == "answered":
                return level(await one.heard_at(str(each["leg"]))) > AUDIBLE
        return False

    await one.until("clinician and patient hear each other", together, within_s=40)
    one.say("act", "called back through the switch, the practice's number shown; they talk")
    for number in (phone, one.scenario.cli):
        await _hang_up(one, number)
    done = await doctor.close(card, "advised_by_phone", note="Rest; come in at nine.")
    if done["state"] != "closed" or done["outcome_sealed"] is None:
        raise NotSeen(what="the message closed with its note")
    one.saw("act", "closed with an outcome, and a note sealed to the same readers")


async def morning(one: Night) -> None:
    """8. A refill waits for the office, which takes it and closes it; any call tells its story."""
    refill = SCENARIOS["refill"]
    dana, olive = await one.enter("dana@demo"), await one.enter("olive@demo")
    await one.carrier.place(refill.did, refill.cli, refill.says)
    await dana.put("/api/desk/wish", {"wish": "ready"})
    offer = await _offer(one, refill)
    call = await dana.post(f"/api/offers/{offer['offer_id']}/accept")
    body = {**REFILL, "callback": refill.cli, "answers": [], "tier": "T5"}
    held = await dana.file(call, "refill", "hold_for_office", body, read_back=True)
    await dana.put("/api/desk/wish", {"wish": "pause"})
    await dana.post(f"/api/calls/{call['call_id']}/hang-up")
    one.say("morning", f"a refill is held for the office, due {held['due_at']}")
    last = await olive.get(f"/api/office/{held['account_id']}/last-night")
    one.say("morning", f"last night at {last['account_name']}: {last['figures']['calls']} calls")

    async def waiting() -> dict[str, Any] | None:
        cards = await olive.get(f"/api/messages?account_id={held['account_id']}")
        return next((each for each in cards if each["message_id"] == held["message_id"]), None)

    card = await one.until("the refill in the office's inbox", waiting)
    words = await olive.open(card)
    if words.body["about"] != REFILL["about"]:
        raise NotSeen(what="the refill's words")
    await olive.post(f"/api/messages/{card['message_id']}/take")
    await olive.close(card, "done")
    one.say("morning", f"{olive.me['name']} opened it, took it and closed it")
    story = await olive.get(f"/api/calls/{one.call['call_id']}/timeline")
    rang_at = datetime.fromisoformat(story["rows"][0]["at"])
    for row in story["rows"]:
        after = datetime.fromisoformat(row["at"]) - rang_at
        one.say("", f"{after.total_seconds():6.1f} s  {row['words']}")
    if len(story["rows"]) < len(STEPS):
        raise NotSeen(what="the call, cradle to grave", rows=len(story["rows"]))
    one.saw("morning", f"the whole call in {len(story['rows'])} events")


async def prove(one: Night) -> None:
    """9. The log is whole, and the message opens without Nightbell."""
    verdict = await one.until("an intact log", lambda: proof.log_is_intact(one.settings))
    one.say("proof", f"nightbell audit verify: {verdict}")
    dana = await one.enter("dana@demo")
    signers = {
        each["person_id"]: each["sign_public"] for each in await dana.get("/api/keys/signers")
    }
    practice = next(each.key for each in ACCOUNTS if each.number == one.scenario.did)
    opened = await proof.open_without_us(
        one.settings, one.card["message_id"], practice, one.folder, signers[dana.me["person_id"]]
    )
    if opened.words["body"] != one.body:
        raise NotSeen(what="the words by the recovery key")
    one.saw("proof", f"{opened.by} opened it with the practice's recovery key; joserfc verified it")


def _holder(one: Night, role: str) -> DemoPerson:
    """Whose turn it is tonight, as the agent's screen says; one of the demonstration's people."""
    names = {holder["who"] for holder in one.call["account"]["on_call"] if holder["role"] == role}
    held = [person for person in PEOPLE if person.name in names]
    if not held:
        raise NotSeen(what=f"somebody of the demonstration as {role}")
    return held[0]


async def _offer(one: Night, scenario: Scenario) -> dict[str, Any]:
    """The offer of this scenario's call. One of another call is left to somebody else."""
    dana = await one.enter("dana@demo")

    async def ours() -> dict[str, Any] | None:
        offer = (await dana.get("/api/desk"))["offer"]
        if offer is None:
            return None
        call = await dana.get(f"/api/calls/{offer['call_id']}")
        return offer if call["did"] == scenario.did else None

    return await one.until("the call is offered", ours)


async def _caller_hears_agent(one: Night) -> bool:
    return tone_strength(await one.heard_at(one.caller_leg)) > CLEAR_TONE


async def _hang_up(one: Night, number: str) -> None:
    """Hang up whatever this telephone has; a call that ended by itself meanwhile is as good."""
    for each in await one.carrier.calls(number):
        try:
            await one.carrier.hang_up(str(each["leg"]))
        except CarrierUnreachable:
            if each["leg"] in [still["leg"] for still in await one.carrier.calls(number)]:
                raise


async def _tidy_up(one: Night) -> None:
    """Leave the telephones as they were and everybody signed out."""
    numbers = [person.phone for person in (one.first, one.backup) if person is not None]
    try:
        for number in (*numbers, one.scenario.cli):
            await one.carrier.behave(number, "silence")
        for number in (*numbers, one.scenario.cli, SCENARIOS["refill"].cli):
            await _hang_up(one, number)
        if "dana@demo" in one.people:
            await one.people["dana@demo"].put("/api/desk/wish", {"wish": "off"})
        for person in one.people.values():
            await person.leave()
    except NightbellError:
        one.say("—", "could not tidy up: the telephones may go on behaving as they did")
    if one.softphone is not None:
        await one.softphone.close()
