"""A call is walked through its nine steps, and at each a process of the running service is killed.

Through the public HTTP interface, as the screens do it. Nothing may be lost, nothing doubled, no
escalation late, and a call that is up must not be touched by the worker's, the web's or the
database's end.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from nightbell.accounts.demonstration import PEOPLE
from nightbell.core.ids import new_id, wire
from nightbell.run.softphone import Softphone
from tests.e2e.person import Patient, enter
from tests.e2e.whole import WholeService

pytestmark = [pytest.mark.timeout(240)]
Found = TypeVar("Found")
RIVERSIDE = "+12125550142"
PHONES = {one.name: one.phone for one in PEOPLE}
SETTLED_S = 5.2  # A part that lived so long is brought back without a rest.
LATE_S = 2.0
WAIT_S = 15
BODY = {
    "caller": "Ana Ruiz", "patient": "Luis Ruiz", "born": "1951-04-03", "about": "tight chest",
    "answers": [], "tier": "T2",
}  # fmt: skip


@dataclass
class Walk:
    """One call on its way; `kill` ends the part that this test is about."""

    one: WholeService
    part: str
    cli: str
    dana: Patient
    call_id: str = ""
    caller: str = ""  # the caller's leg at the carrier

    async def kill(self) -> None:
        """SIGKILL, once the part has lived long enough not to be rested first."""
        file = self.one.settings.run_folder / f"{self.part}.pid"
        while True:
            with contextlib.suppress(OSError, ValueError):
                lived = time.time() - file.stat().st_mtime
                if lived > SETTLED_S:
                    os.kill(int(file.read_text()), signal.SIGKILL)
                    return
            await asyncio.sleep(0.05)

    async def still_up(self) -> None:
        """The caller's own line has not been touched."""
        (up,) = await self.one.carrier.calls(self.cli)
        assert (up["leg"], up["state"]) == (self.caller, "answered"), "the caller was cut off"

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.one.rows(sql, self.call_id.partition("_")[2])


async def until(
    look: Callable[[], Awaitable[Found]], otherwise: str, within_s: float = 30
) -> Found:
    give_up = time.monotonic() + within_s
    while not (found := await look()):
        assert time.monotonic() < give_up, otherwise
        await asyncio.sleep(0.1)
    return found


@pytest.mark.parametrize("part", ["worker", "web", "database"])
def test_killed_at_each_of_the_nine_steps(part: str, whole: WholeService):
    async def story() -> None:
        dana = await enter(whole, "dana@demo")
        walk = Walk(whole, part, f"+1212555018{len(part)}", dana)
        await quick_steps(whole)
        softphone = Softphone()
        try:
            await at_the_desk(dana, softphone)
            await rings_and_is_answered(walk)
            await danger_and_message(walk)
            await first_sleeps_second_accepts(walk)
            await called_back_and_closed(walk)
            await morning_and_proof(walk)
        finally:
            await softphone.close()
            await whole.carrier.reset()
            await dana.put("/api/desk/wish", {"wish": "off"})
            await dana.leave()

    try:
        asyncio.run(story())
    except BaseException:
        whole.print_logs()
        raise


def test_the_switch_is_killed_with_a_caller_on_the_line(whole: WholeService):
    """The one death that cuts a call: it gets an owner and a due time, and is rung back."""

    async def story() -> None:
        dana = await enter(whole, "dana@demo")
        walk = Walk(whole, "switch", "+12125550184", dana)
        before, after = Softphone(), Softphone()
        try:
            await at_the_desk(dana, before)
            await rings_and_is_cut_off(walk)
            await at_the_desk(dana, after)
            await whole.carrier.behave(walk.cli, "answers", ring_s=0.5)
            await dana.post(f"/api/calls/{walk.call_id}/ring-back")

            async def talking() -> bool:
                return bool((await dana.get(f"/api/calls/{walk.call_id}"))["state"] == "talking")

            await until(talking, "the caller was not rung back")
            # Nobody was left to tell the old line that it is over: the far end may still hold it.
            again = [one["way"] for one in await whole.carrier.calls(walk.cli)]
            assert again.count("rung") == 1, again
            await dana.post(f"/api/calls/{walk.call_id}/hang-up")
        finally:
            await before.close()
            await after.close()
            await whole.carrier.reset()
            await dana.put("/api/desk/wish", {"wish": "off"})
            await dana.leave()

    try:
        asyncio.run(story())
    except BaseException:
        whole.print_logs()
        raise


async def rings_and_is_cut_off(walk: Walk) -> None:
    dana = walk.dana
    walk.caller = await walk.one.carrier.place(RIVERSIDE, walk.cli, "say:patient_chest_pain")

    async def offered() -> Any:
        return (await dana.get("/api/desk"))["offer"]

    offer = await until(offered, "the caller was never offered to the agent")
    card = await dana.post(f"/api/offers/{offer['offer_id']}/accept")
    walk.call_id = card["call_id"]
    await walk.kill()

    async def lost() -> bool:
        return bool((await dana.get(f"/api/calls/{walk.call_id}"))["state"] == "lost")

    await until(lost, "a call that was cut is not known to be lost")
    (call,) = walk.rows("select owner_kind, owner_id, due_at from call where call_id = %s")
    assert call["owner_kind"] in ("person", "desk"), call
    assert call["due_at"] is not None


async def quick_steps(one: WholeService) -> None:
    """T2 at Riverside: one page a step, and the shortest wait there is."""
    robin = await enter(one, "root@demo")
    accounts = await robin.get("/api/accounts")
    riverside = next(each for each in accounts if each["name"] == "Riverside Cardiology")
    path = f"/api/accounts/{riverside['account_id']}/on-call"
    told = await robin.get(path)
    steps = [{"role": role, "pages": 1, "wait_s": WAIT_S} for role in ("first call", "backup")]
    others = [each for each in told["policies"] if each["tier"] != "T2"]
    policies = [*others, {"tier": "T2", "steps": steps}]
    await robin.put(path, {"roles": told["roles"], "rotas": told["rotas"], "policies": policies})
    await robin.leave()


async def at_the_desk(dana: Patient, softphone: Softphone) -> None:
    async def relay(sdp: str) -> str:
        return str((await dana.post("/api/desk/audio", {"sdp": sdp}))["sdp"])

    await softphone.connect(relay)
    await dana.put("/api/desk/wish", {"wish": "ready"})


async def rings_and_is_answered(walk: Walk) -> None:
    """1 to 3: ring, queue, answer."""
    dana = walk.dana
    walk.caller = await walk.one.carrier.place(RIVERSIDE, walk.cli, "say:patient_chest_pain")
    await walk.kill()

    async def offered() -> Any:
        return (await dana.get("/api/desk"))["offer"]

    await until(offered, "the caller was never offered to the agent", within_s=60)
    await walk.kill()
    offer = await until(offered, "the offer was lost")
    card = await dana.post(f"/api/offers/{offer['offer_id']}/accept")
    walk.call_id = card["call_id"]
    await walk.kill()

    async def talking() -> bool:
        return bool((await dana.get(f"/api/calls/{walk.call_id}"))["state"] == "talking")

    await until(talking, "the answered call is not with the agent")
    await walk.still_up()


async def danger_and_message(walk: Walk) -> None:
    """4 and 5: triage begins the escalation, the message is filed; told twice, kept once."""
    dana = walk.dana
    library = await dana.get("/api/triage/library")
    await dana.run_protocol(walk.call_id, library["first_look"], {})
    table = next(one for one in library["protocols"] if one["id"] == "adult-chest-pain")
    await phones_behave(walk)
    found = await dana.run_protocol(walk.call_id, table, {})
    await walk.kill()
    assert found["call_tier"] == "T2"
    card = await dana.get(f"/api/calls/{walk.call_id}")
    message_id = wire("message", new_id())
    sealed = await dana.seal(
        walk.call_id, card["account"]["account_id"], "clinical", BODY, message_id=message_id
    )
    asked = {
        "call_id": walk.call_id, "call_type": "clinical", "disposition": "page", "read_back": True,
        "callback": walk.cli, **sealed,
    }  # fmt: skip
    for _ in range(2):
        await dana.put(f"/api/messages/{message_id}", asked)
    await walk.still_up()


async def phones_behave(walk: Walk) -> None:
    """The first doctor sleeps through it: it rings longer than the step waits."""
    carrier = walk.one.carrier
    first, backup = await holders(walk)
    await carrier.behave(PHONES[first], "silence", ring_s=40)
    await carrier.behave(PHONES[backup], "accepts", ring_s=0.5, press_s=1.5)
    await carrier.behave(walk.cli, "answers", ring_s=0.5, says="say:patient_chest_pain")


async def holders(walk: Walk) -> tuple[str, str]:
    card = await walk.dana.get(f"/api/calls/{walk.call_id}")
    who = {one["role"]: one["who"] for one in card["account"]["on_call"]}
    return who["first call"], who["backup"]


async def first_sleeps_second_accepts(walk: Walk) -> None:
    """6: killed just before the wait ends; the next step is not late for it, and pages once."""
    made = "select e.made_at, e.due_at, e.step from escalation e where e.call_id = %s"
    (escalation,) = walk.rows(made)
    due: datetime = escalation["made_at"] + timedelta(seconds=WAIT_S)
    await asyncio.sleep(max(0, (due - datetime.now(due.tzinfo)).total_seconds() - 0.3))
    await walk.kill()

    async def held() -> Any:
        return (await walk.dana.get(f"/api/calls/{walk.call_id}"))["escalation"]["held_by"]

    assert await until(held, "nobody has it", within_s=60) == (await holders(walk))[1]
    pages = walk.rows(
        "select p.step, p.number, p.channel, p.made_at, p.state from page p"
        " join escalation e using (escalation_id) where e.call_id = %s order by p.made_at"
    )
    sent = [(one["step"], one["number"], one["channel"]) for one in pages]
    assert sorted(sent) == sorted(
        (step, 1, channel) for step in (0, 1) for channel in ("app", "phone")
    ), f"paged {sent}"
    late = max(one["made_at"] for one in pages) - due
    print(f"{walk.part} killed: the next step {late.total_seconds():.2f} s late")
    assert late < timedelta(seconds=LATE_S), f"{walk.part} killed: {late} late"
    await walk.still_up()


async def called_back_and_closed(walk: Walk) -> None:
    """7: the patient hangs up and is rung back; the doctor closes."""
    dana, carrier = walk.dana, walk.one.carrier
    await dana.post(f"/api/calls/{walk.call_id}/hang-up")

    async def gone() -> bool:
        return not await carrier.calls(walk.cli)

    await until(gone, "the call did not end")
    (_, name) = await holders(walk)
    doctor = await enter(walk.one, next(one.handle for one in PEOPLE if one.name == name))
    card = (await dana.get(f"/api/calls/{walk.call_id}"))["messages"][0]
    path = f"/api/messages/{card['message_id']}"
    words = await doctor.open(await doctor.get(path))
    assert words.body["patient"] == "Luis Ruiz"
    await doctor.post(f"{path}/call-back", {})
    await walk.kill()

    async def rung_back() -> bool:
        up = await carrier.calls(walk.cli)
        return any(one["way"] == "rung" and one["state"] == "answered" for one in up)

    await until(rung_back, "the patient was never called back", within_s=60)
    for number in (PHONES[name], walk.cli):
        for one in await carrier.calls(number):
            with contextlib.suppress(Exception):  # The other's hanging up may have ended it.
                await carrier.hang_up(str(one["leg"]))
    done = await doctor.close(card, "advised_by_phone", note="Rest, and come in at nine.")
    assert done["state"] == "closed"
    await doctor.leave()


async def morning_and_proof(walk: Walk) -> None:
    """8 and 9: the office is told the whole story; nothing in the log is missing or doubled."""
    olive = await enter(walk.one, "olive@demo")
    await walk.kill()
    story = await olive.get(f"/api/calls/{walk.call_id}/timeline")
    assert len(story["rows"]) > 9
    (message,) = walk.rows("select state, owner_kind from message where call_id = %s")
    assert message["state"] == "closed"
    await olive.leave()
    await walk.kill()

    async def placed() -> bool:
        return not walk.one.rows("select 1 from audit_leaf where position is null")

    await until(placed, "leaves wait for their place")
    verified = await asyncio.to_thread(walk.one.nightbell, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    once = (
        "call.rang", "call.answered", "escalation.begun", "escalation.accepted", "message.filed",
        "message.closed", "call.called_back",
    )  # fmt: skip
    acts = walk.rows(
        "with mine as (select call_id from call where call_id = %s),"
        " subjects as (select 'call_' || replace(call_id::text, '-', '') as id from mine"
        " union select 'escalation_' || replace(escalation_id::text, '-', '')"
        "  from escalation join mine using (call_id)"
        " union select 'message_' || replace(message_id::text, '-', '')"
        "  from message join mine using (call_id))"
        " select act, count(*) as times from audit_leaf join subjects on id = subject group by act"
    )
    told = {one["act"]: one["times"] for one in acts}
    assert {act: times for act, times in told.items() if act in once and times != 1} == {}, told
    assert {"call.answered", "message.filed", "message.closed"} <= set(told), told
