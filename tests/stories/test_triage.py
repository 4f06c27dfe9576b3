"""What the server makes of the answers while the caller is still on the line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI

from nightbell.core.ids import new_id, wire
from nightbell.triage.library import load_library
from tests.cast import Cast
from tests.ground import Database
from tests.triage.told import calm
from tests.web import Browser, application, browser

pytestmark = pytest.mark.anyio
RIGHT = b"r" * 32
LIBRARY = load_library()


@dataclass
class Desk:
    """Dana's browser, and the call she is on."""

    dana: Browser
    cast: Cast
    call_id: UUID

    async def tell(self, protocol: str, answers: dict[str, str], **more: Any) -> dict[str, Any]:
        body = {"protocol": protocol, "hash": LIBRARY.table(protocol)["hash"], "answers": answers}
        reply = await self.dana.post(self.path, {**body, **more})
        assert reply.status_code == 200, reply.text
        return reply.json()

    @property
    def path(self) -> str:
        return f"/api/calls/{wire('call', self.call_id)}/triage"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.cast.sql(statement)


@pytest.fixture
def cast(database: Database) -> Cast:
    cast = Cast(database)
    cast.account("Riverside Cardiology")
    for name, handle in (("Dana Reyes", "dana@demo"), ("Priya Nair", "priya@demo")):
        cast.person(name, "agent")
        cast.sign_in(name, handle, RIGHT)
    return cast


@pytest.fixture
async def app(cast: Cast, tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with application(cast.database, tmp_path) as app:
        yield app


@pytest.fixture
async def desk(app: FastAPI, cast: Cast) -> AsyncIterator[Desk]:
    call_id = new_id()
    cast.sql(
        "insert into call (call_id, account_id, did, coverage, state, switch, epoch, leg_id,"
        " rang_at, agent_id) values (%s, %s, '+12125550142', 'after_hours', 'talking', 'switch-1',"
        " 1, %s, floor_now(), %s)",
        call_id, cast.accounts["Riverside Cardiology"], new_id(), cast.people["Dana Reyes"],
    )  # fmt: skip
    async with browser(app) as dana:
        assert (await dana.sign_in("dana@demo", RIGHT)).status_code == 200
        yield Desk(dana, cast, call_id)


async def test_the_console_is_given_all_it_needs_to_run_by_itself(desk: Desk):
    library = (await desk.dana.get("/api/triage/library")).json()
    assert library["first_look"] == LIBRARY.first_look
    assert library["protocols"] == LIBRARY.protocols
    assert library["protocols"][-1]["id"] == "something-else"
    assert [one["id"] for one in library["call_types"]][:2] == ["clinical", "refill"]
    tables = [library["first_look"], *library["protocols"]]
    said = {phrase for table in tables for say in table["say"].values() for phrase in say}
    assert said <= set(library["phrases"])
    assert {field for table in tables for field in table["handoff"]} <= set(library["fields"])


async def test_crushing_chest_pain_escalates_before_a_word_of_the_message_is_typed(desk: Desk):
    found = await desk.tell("first-look", {"breathing": "no", "brain": "no", "heart": "yes"})
    assert (found["tier"], found["call_tier"], found["say"][0]) == ("T1", "T1", "call_911")
    assert found["escalation"]["state"] == "open"
    assert found["escalation"]["message_id"] is None
    assert desk.sql("select tier from call") == [("T1",)]
    assert desk.sql("select tier, state from escalation") == [("T1", "open")]


async def test_the_same_answers_told_again_page_nobody_twice(desk: Desk):
    for _ in range(3):
        await desk.tell("first-look", {"heart": "yes", "breathing": "no", "brain": "no"})
    assert desk.sql("select count(*) from escalation") == [(1,)]
    assert desk.sql("select count(*) from outbox where topic = 'escalation.page'")[0][0] <= 1
    assert desk.sql("select count(*) from audit_leaf where act = 'triage.found'") == [(1,)]


async def test_a_routine_finding_waits_for_the_message(desk: Desk):
    clear = await desk.tell("first-look", calm(LIBRARY.first_look))
    assert (clear["tier"], clear["next_question"], clear["call_tier"]) == (None, None, None)
    found = await desk.tell("something-else", calm(LIBRARY.table("something-else")))
    assert (found["tier"], found["disposition"], found["escalation"]) == ("T3", "page", None)


async def test_a_slip_that_is_corrected_does_not_call_the_ambulance_off(desk: Desk):
    await desk.tell("adult-chest-pain", {"short_of_breath": "yes"})
    found = await desk.tell("adult-chest-pain", calm(LIBRARY.table("adult-chest-pain")))
    assert (found["tier"], found["call_tier"]) == ("T2", "T1")
    assert found["escalation"]["tier"] == "T1"


async def test_the_first_calm_complaint_does_not_hide_the_second(desk: Desk):
    await desk.tell("medication-question", calm(LIBRARY.table("medication-question")))
    found = await desk.tell("stroke-signs", {"face": "yes"})
    assert found["call_tier"] == "T1"
    await desk.tell("medication-question", calm(LIBRARY.table("medication-question")))
    assert desk.sql("select tier from call") == [("T1",)]


async def test_an_agents_instinct_is_enough(desk: Desk):
    found = await desk.tell("something-else", {}, raise_to="T2")
    assert (found["call_tier"], found["next_question"]) == ("T2", "new_confusion")
    assert desk.sql("select raised_by from triage_run") == [("agent",)]


async def test_a_console_of_yesterday_is_served_and_its_finding_stands(desk: Desk):
    found = await desk.tell(
        "adult-chest-pain", {"left_arm": "yes"}, hash="sha256:old", client_tier="T1",
        modifiers=["left_handed"],
    )  # fmt: skip
    assert (found["call_tier"], found["escalation"]["tier"]) == ("T1", "T1")
    leaf = desk.sql("select facts from audit_leaf where act = 'triage.found'")[0][0]
    assert leaf["console_hash"] == "sha256:old"


async def test_answers_are_closed_at_rest_and_no_log_names_the_complaint(desk: Desk):
    await desk.tell("adult-chest-pain", {"short_of_breath": "yes"}, modifiers=["over_75"])
    closed = bytes(desk.sql("select answers_at_rest from triage_run")[0][0])
    assert b"short_of_breath" not in closed
    for table in ("audit_leaf", "call_event", "outbox", "news"):
        rows = str(desk.sql(f"select to_jsonb(t) from {table} t"))
        assert "chest" not in rows, table
        assert "breath" not in rows, table


async def test_nobody_triages_another_agents_call(desk: Desk, app: FastAPI):
    async with browser(app) as priya:
        await priya.sign_in("priya@demo", RIGHT)
        body = {"protocol": "first-look", "hash": LIBRARY.first_look["hash"], "answers": {}}
        assert (await priya.post(desk.path, body)).json()["code"] == "not_your_call"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"protocol": "gout"}, "not_found"),
        ({"answers": {"heart": "perhaps"}}, "answer_refused"),
        ({"modifiers": ["left_handed"]}, "modifier_refused"),
    ],
)
async def test_what_makes_no_sense_gets_a_sentence(desk: Desk, change: dict[str, Any], code: str):
    body = {"protocol": "first-look", "hash": LIBRARY.first_look["hash"], "answers": {}}
    problem = (await desk.dana.post(desk.path, {**body, **change})).json()
    assert problem["code"] == code
    assert problem["sentence"]


async def test_a_key_is_pressed_while_the_agent_still_answers_questions(
    desk: Desk, database: Database
):
    """Whoever takes an escalation may then need its call: triage must not hold the call first."""
    answers = {"breathing": "no", "brain": "no", "heart": "yes"}
    await desk.tell("first-look", answers)
    async with await psycopg.AsyncConnection.connect(database.owner) as pressed:
        await pressed.execute("select 1 from escalation for no key update")
        telling = asyncio.create_task(desk.tell("first-look", answers))
        await waits_for_a_lock(database)
        await pressed.execute("select 1 from call for no key update nowait")
        await pressed.commit()
    assert (await telling)["tier"] == "T1"


async def waits_for_a_lock(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.owner, autocommit=True) as conn:
        for _ in range(200):
            found = await conn.execute("select 1 from pg_locks where not granted")
            if await found.fetchone():
                return
            await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")
