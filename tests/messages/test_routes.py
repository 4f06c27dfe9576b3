"""A message over the real routes: what each browser is shown, and what it is refused."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from nightbell.core.ids import wire
from nightbell.core.tier import Tier
from nightbell.escalation.commands import begin
from nightbell.escalation.filed import message_filed
from nightbell.messages.accepted import escalation_taken
from nightbell.messages.commands import Finished
from nightbell.store.outbox import Relay
from nightbell.store.work import SERVICE, Store
from tests.floor import DANA, LINDT, OKAFOR, OLIVE, SHARMA, WORDS, Floor, floor
from tests.ground import Database
from tests.web import Browser, application, browser

pytestmark = pytest.mark.anyio
RIGHT = b"r" * 32


@pytest.fixture
async def night(database: Database, tmp_path: Path) -> AsyncGenerator[Floor]:
    async with floor(database, tmp_path) as one:
        for name in (DANA, OKAFOR, SHARMA, LINDT, OLIVE):
            one.cast.sign_in(name, name.lower(), RIGHT, with_key=False)
        yield one


@pytest.fixture
async def app(night: Floor, tmp_path: Path) -> AsyncGenerator[FastAPI]:
    async with application(night.cast.database, tmp_path) as app:
        yield app


@asynccontextmanager
async def signed_in(app: FastAPI, *names: str) -> AsyncGenerator[list[Browser]]:
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(browser(app)) for _ in names]
        for one, name in zip(browsers, names, strict=True):
            assert (await one.sign_in(name, RIGHT)).status_code == 200
        yield browsers


def body(one: Finished) -> dict[str, Any]:
    return {
        "call_id": wire("call", one.call_id),
        "call_type": one.call_type,
        "disposition": one.disposition,
        "sealed": base64.b64encode(one.sealed).decode(),
        "rset": one.rset,
        "recipients": [wire("key", key_id) for key_id in one.recipients],
        "callback": one.callback,
        "read_back": one.read_back,
    }


async def filed(dana: Browser, night: Floor, **how: Any) -> dict[str, Any]:
    one = await night.finished(night.call(), **how)
    answer = await dana.put(f"/api/messages/{wire('message', one.message_id)}", body(one))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def carry(night: Floor) -> None:
    """What the worker does with the orders that are due."""
    store = await Store(night.cast.database.worker).open()
    relay = Relay(store)
    relay.inside("message.filed", message_filed)
    relay.inside("escalation.taken", escalation_taken)
    await relay.once()
    await store.close()


async def test_a_message_from_the_desk_to_the_clinician_and_closed(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OKAFOR, LINDT) as (dana, okafor, lindt):
        card = await filed(dana, night)
        assert (card["state"], card["owner"], card["taken_by"]) == ("paging", "Escalation", DANA)
        assert sorted(card["recipients"]) == [
            OKAFOR, SHARMA, "Riverside Cardiology front office",
            "Riverside Cardiology recovery key", "Service desk",
        ]  # fmt: skip
        await carry(night)
        path = f"/api/messages/{card['message_id']}"
        seen = (await okafor.get("/api/messages")).json()
        assert [one["message_id"] for one in seen] == [card["message_id"]]
        assert seen[0]["escalation"]["state"] == "open"
        assert (await okafor.post(f"{path}/read")).status_code == 204
        taken = await okafor.post(f"{path}/take")
        assert taken.json()["owner_is_me"] is True
        assert taken.json()["escalation"]["held_by"] == OKAFOR
        closed = await okafor.post(f"{path}/close", {"outcome": "advised_by_phone"})
        assert closed.json()["state"] == "closed"
        assert closed.json()["escalation"]["state"] == "closed"
        await carry(night)
        kinds = [fact["kind"] for fact in (await okafor.get(path)).json()["facts"]]
        assert kinds == ["taken", "read", "owned", "closed"]
        for answer in (await lindt.get(path), await lindt.post(f"{path}/take")):
            assert answer.status_code == 404


async def test_the_second_to_take_it_is_refused_with_who_was_first(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OLIVE, OKAFOR) as (dana, olive, okafor):
        card = await filed(dana, night, call_type="refill", disposition="hold_for_office")
        path = f"/api/messages/{card['message_id']}/take"
        answers = await asyncio.gather(olive.post(path), okafor.post(path))
        assert sorted(one.status_code for one in answers) == [200, 409]
        refused = next(one for one in answers if one.status_code == 409).json()
        assert refused["code"] == "message_taken"
        assert refused["facts"]["by"].startswith("person_")


async def test_two_clinicians_press_take_while_it_pages(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OKAFOR, SHARMA) as (dana, okafor, sharma):
        card = await filed(dana, night)
        await carry(night)
        path = f"/api/messages/{card['message_id']}/take"
        answers = await asyncio.gather(okafor.post(path), sharma.post(path))
        assert sorted(one.status_code for one in answers) == [200, 409]
        await carry(night)
        held = night.cast.sql("select held_by from escalation")[0][0]
        assert night.cast.sql("select owner_id from message") == [(held,)]


async def test_taken_while_the_worker_was_away_and_nobody_is_woken_for_it(
    app: FastAPI, night: Floor
):
    async with signed_in(app, DANA, OKAFOR) as (dana, okafor):
        card = await filed(dana, night)
        taken = await okafor.post(f"/api/messages/{card['message_id']}/take")
        assert taken.status_code == 200
        await carry(night)
        assert night.cast.sql("select state from escalation where state = 'open'") == []
        assert night.cast.sql("select 1 from outbox where topic = 'escalation.page'") == []


async def test_taken_as_it_pages_before_the_escalation_knew_its_message(app: FastAPI, night: Floor):
    """At T2 people are paged from before the message is finished: taking it ends that."""
    async with signed_in(app, DANA, OKAFOR) as (dana, okafor):
        call_id = night.call(tier="T2")
        store = await Store(night.cast.database.worker).open()
        async with store.work(SERVICE) as work:
            await begin(work, call_id, Tier.T2, work.at)
        await store.close()
        one = await night.finished(call_id)
        path = f"/api/messages/{wire('message', one.message_id)}"
        assert (await dana.put(path, body(one))).status_code == 200
        assert (await okafor.post(f"{path}/take")).status_code == 200
        await carry(night)
        held = night.cast.sql("select state, held_by from escalation")
        assert held == [("held", night.cast.people[OKAFOR])]


async def test_the_office_closes_what_a_clinician_accepted_a_moment_ago(app: FastAPI, night: Floor):
    """Her key press is kept; the message will only hear of it. It is hers all the same."""
    async with signed_in(app, DANA, OLIVE) as (dana, olive):
        card = await filed(dana, night)
        await carry(night)
        night.cast.sql(
            "update escalation set state = 'held', due_at = null, held_at = floor_now(),"
            " held_by = %s", night.cast.people[OKAFOR],
        )  # fmt: skip
        answer = await olive.post(f"/api/messages/{card['message_id']}/close", {"outcome": "done"})
        assert answer.status_code == 409
        assert night.cast.sql("select state from message") == [("paging",)]


async def test_a_second_message_after_the_first_was_closed_wakes_somebody(
    app: FastAPI, night: Floor
):
    """The caller was rung back on the same call at four, and it is something else now."""
    async with signed_in(app, DANA, OKAFOR) as (dana, okafor):
        call_id = night.call()
        paths = list[str]()
        for call_type in ("clinical", "something_else"):
            one = await night.finished(call_id, call_type=call_type)
            paths.append(f"/api/messages/{wire('message', one.message_id)}")
            assert (await dana.put(paths[-1], body(one))).status_code == 200
            await carry(night)
            if call_type == "clinical":
                await okafor.post(f"{paths[0]}/take")
                closed = await okafor.post(f"{paths[0]}/close", {"outcome": "advised_by_phone"})
                assert closed.status_code == 200
        second = (await okafor.get(paths[1])).json()
        assert (second["state"], second["owner_is_me"]) == ("paging", False)
        assert second["escalation"]["state"] == "open"
        assert (await okafor.get(paths[0])).json()["escalation"]["state"] == "closed"


async def test_a_held_message_that_pages_is_refused_in_a_sentence(app: FastAPI, night: Floor):
    async with signed_in(app, DANA) as (dana,):
        one = await night.finished(night.call(tier="T1"), disposition="hold_for_office")
        answer = await dana.put(f"/api/messages/{wire('message', one.message_id)}", body(one))
        assert (answer.status_code, answer.json()["code"]) == (422, "hold_refused")


async def test_the_office_may_not_file_and_the_agent_may_not_take(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OLIVE) as (dana, olive):
        card = await filed(dana, night, call_type="refill", disposition="hold_for_office")
        path = f"/api/messages/{card['message_id']}"
        assert (await olive.put(path, {})).status_code == 403
        assert (await dana.post(f"{path}/take")).status_code == 403


async def test_the_outcomes_words_come_back_to_its_readers_only_sealed(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OLIVE) as (dana, olive):
        card = await filed(dana, night, call_type="refill", disposition="hold_for_office")
        note = (await night.finished(night.call(), body={"words": "called in"})).sealed
        path = f"/api/messages/{card['message_id']}"
        sealed = base64.b64encode(note).decode()
        bad = await olive.post(f"{path}/close", {"outcome": "done", "sealed": "aGVsbG8="})
        assert bad.json()["code"] == "not_sealed"
        done = await olive.post(f"{path}/close", {"outcome": "done", "sealed": sealed})
        assert done.json()["outcome_sealed"] == sealed
        closed = (await olive.get("/api/messages?state=closed")).json()
        assert [one["message_id"] for one in closed] == [card["message_id"]]
        assert (await olive.get("/api/messages?state=open")).json() == []


async def test_recipients_shares_and_signers_are_those_of_the_asker(app: FastAPI, night: Floor):
    async with signed_in(app, DANA, OLIVE, LINDT) as (dana, olive, lindt):
        call_id = wire("call", night.call())
        told = (await dana.get(f"/api/keys/recipients?call_id={call_id}")).json()
        assert [one["holder"] for one in told] == ["person", "person", "inbox", "recovery", "desk"]
        assert (await lindt.get(f"/api/keys/recipients?call_id={call_id}")).status_code == 404
        mine = (await olive.get("/api/keys/mine")).json()
        assert [one["holder"] for one in mine["shares"]] == ["inbox"]
        assert len(mine["mark_keys"]) == 1
        desk = (await dana.get("/api/keys/mine")).json()
        assert [one["holder"] for one in desk["shares"]] == ["desk"]
        assert len(desk["mark_keys"]) == 2
        names = {one["name"] for one in (await lindt.get("/api/keys/signers")).json()}
        assert LINDT in names
        assert DANA in names
        assert OKAFOR not in names


async def test_a_patients_words_are_nowhere_but_inside_the_seal(
    app: FastAPI, night: Floor, caplog: pytest.LogCaptureFixture
):
    """The canary: no table, no audit leaf, no outbox, no log holds what the patient said."""
    canary = {"patient": "Zebulon Quagmire", "about": "xylophone-shaped rash", "born": "1907-02-29"}
    with caplog.at_level("DEBUG"):
        async with signed_in(app, DANA, OKAFOR) as (dana, okafor):
            card = await filed(dana, night, body=WORDS | canary)
            await carry(night)
            path = f"/api/messages/{card['message_id']}"
            await okafor.post(f"{path}/read")
            await okafor.post(f"{path}/take")
            await okafor.post(f"{path}/close", {"outcome": "will_see"})
            await dana.put(path, {"patient": canary["patient"]})  # a mistaken body
            await carry(night)
    kept = everything(night)
    assert card["message_id"].removeprefix("message_") in kept.replace("-", "")
    for word in canary.values():
        for form in (
            word,
            word.encode().hex(),
            base64.b64encode(word.encode()).decode().rstrip("="),
        ):
            assert form not in kept
            assert form not in caplog.text


def everything(night: Floor) -> str:
    """Every row of every table, as text."""
    tables = night.cast.sql(
        "select quote_ident(table_name) from information_schema.tables"
        " where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    rows = [night.cast.sql(f"select to_jsonb(t)::text from {name} t") for (name,) in tables]
    return json.dumps(rows, default=str)
