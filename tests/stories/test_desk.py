"""The agent's evening, as the browser has it: the public interface over a switch in memory."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from nightbell.access.verifier import hash_verifier
from nightbell.audit.checkpoint import Signer
from nightbell.audit.sequencer import place_all
from nightbell.core.ids import wire
from nightbell.store.news import tell
from nightbell.store.work import SERVICE
from nightbell.telephony.memory import Behaviour
from nightbell.web.asker import Asker
from nightbell.web.newsroom import Item, Mark, Newsroom
from tests.ground import Database
from tests.stories.floor import CALLER, DANA, ELM, OKAFOR, PRIYA, RIVERSIDE, Floor, night
from tests.web import Browser, application, browser

pytestmark = pytest.mark.anyio
SECRET = b"v" * 32


@asynccontextmanager
async def desk(
    database: Database, folder: Path, *, phones: dict[str, Behaviour] | None = None
) -> AsyncGenerator[tuple[Floor, Browser, FastAPI]]:
    """Dana, signed in, at a floor whose switch is in memory."""
    async with night(database, phones=phones) as floor, application(database, folder) as app:
        app.state.switch = floor.switch
        app.state.vault = floor.vault
        async with browser(app) as dana:
            await sign_in(database, dana, DANA, "dana")
            yield floor, dana, app


async def sign_in(database: Database, page: Browser, who: Any, handle: str) -> None:
    with psycopg.connect(database.owner) as link:
        link.execute(
            "insert into sign_in (person_id, handle, salt, kdf, verifier_hash, wrapped_key)"
            " values (%s, %s, '0', '{}', %s, 'w')",
            (who, handle, hash_verifier(SECRET)),
        )
        link.execute(
            "insert into key_entry (key_id, holder, person_id, age_recipient, sign_public)"
            " values (gen_random_uuid(), 'person', %s, 'age1', 'x')",
            (who,),
        )
    answer = await page.sign_in(handle, SECRET)
    assert answer.status_code == 200, answer.text


async def get(page: Browser, path: str) -> Any:
    answer = await page.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def do(page: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await page.send(method, path, body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def test_from_sign_in_to_disposition(database: Database, tmp_path: Path):
    async with desk(database, tmp_path) as (floor, dana, _):
        assert await do(dana, "POST", "/api/desk/audio", {"sdp": "v=0"}) == {"sdp": "v=0\r\n"}
        await do(dana, "PUT", "/api/desk/wish", {"wish": "ready"})
        call_id = await floor.ring()
        seen = await get(dana, "/api/desk")
        assert (seen["wish"], seen["audio_up"], seen["waiting"]) == ("ready", True, 1)
        phrase = "Riverside Cardiology answering service, this is Dana."
        assert seen["offer"]["answer_phrase"] == phrase
        card = await do(dana, "POST", f"/api/offers/{seen['offer']['offer_id']}/accept")
        await floor.settle()
        assert (card["state"], card["caller_number"]) == ("talking", CALLER)
        assert card["account"]["today"] == "Open 8:00 to 17:00"
        assert card["account"]["open_now"] is False
        path = f"/api/calls/{wire('call', call_id)}"
        kept = await do(
            dana, "PUT", f"{path}/callback", {"number": "2125550134", "read_back": True}
        )
        assert kept["grouped"] == "212 555 0134"
        assert "other way round" in kept["warning"]
        await do(dana, "POST", f"{path}/hold")
        assert (await get(dana, path))["state"] == "held"
        await do(dana, "POST", f"{path}/resume")
        draft = base64.b64encode(b"age").decode()
        await do(dana, "PUT", f"{path}/draft", {"sealed": draft, "edition": 2})
        older = await dana.put(f"{path}/draft", {"sealed": draft, "edition": 1})
        assert (older.status_code, older.json()["code"]) == (409, "stale")
        assert (await get(dana, f"{path}/draft"))["saved_by"] == "Dana Reyes"
        await do(dana, "POST", f"{path}/hang-up")
        await floor.settle()
        seen = await get(dana, "/api/desk")
        assert seen["call"] is None
        assert [one["call_id"] for one in seen["unfinished"]] == [wire("call", call_id)]
        assert [one["call_id"] for one in await get(dana, "/api/calls/open")] == [card["call_id"]]
        outcome = {"call_type": "directions", "disposition": "answered"}
        await do(dana, "POST", f"{path}/disposition", outcome)
        assert await get(dana, "/api/calls/open") == []
        assert await get(dana, f"{path}/draft") is None


async def test_the_timeline_says_it_in_words_and_where_it_is_proved(
    database: Database, tmp_path: Path
):
    async with desk(database, tmp_path) as (floor, dana, _):
        await do(dana, "POST", "/api/desk/audio", {"sdp": "v=0"})
        await do(dana, "PUT", "/api/desk/wish", {"wish": "ready"})
        call_id = await floor.ring()
        await floor.accept(DANA)
        await place_all(floor.store, Signer.at(tmp_path / "keys"))
        told = await get(dana, f"/api/calls/{wire('call', call_id)}/timeline")
        assert [row["words"] for row in told["rows"]] == [
            "The telephone rang for 212 555 0142",
            "The caller heard the greeting",
            "Offered to Dana Reyes",
            "Dana Reyes answered in the practice's name",
        ]
        placed = [row["position"] for row in told["rows"]]
        assert None not in (placed[0], placed[3])
        assert len(told["root"]) == 64
        assert told["tree_size"] > max(placed[0], placed[3])


async def test_numbers_are_for_the_agent_on_the_call_and_nobody_else(
    database: Database, tmp_path: Path
):
    async with desk(database, tmp_path) as (floor, dana, app):
        await floor.sit_down(DANA)
        call_id = await floor.ring()
        await floor.accept(DANA)
        path = f"/api/calls/{wire('call', call_id)}"
        async with browser(app) as priya, browser(app) as okafor:
            await sign_in(database, priya, PRIYA, "priya")
            await sign_in(database, okafor, OKAFOR, "okafor")
            assert (await get(dana, path))["caller_number"] == CALLER
            assert (await get(priya, path))["caller_number"] == ""
            assert (await get(okafor, path))["caller_number"] == ""
            refused = await priya.post(f"{path}/hang-up")
            assert (refused.status_code, refused.json()["code"]) == (422, "not_your_call")
            elms = await floor.ring("+12125550150", "+12125550144")
            hidden = await okafor.get(f"/api/calls/{wire('call', elms)}")
            assert hidden.status_code == 404


async def test_a_caller_who_rang_before_is_known_by_the_number_only(
    database: Database, tmp_path: Path
):
    async with desk(database, tmp_path) as (floor, dana, _):
        first = await floor.ring()
        floor.switch.far_hangs_up((await floor.call(first)).leg_id.hex)
        await floor.wait(60)
        other = await floor.ring(cli="+12125550144")
        floor.switch.far_hangs_up((await floor.call(other)).leg_id.hex)
        await floor.wait(60)
        await floor.sit_down(DANA)
        again = await floor.ring()
        await floor.accept(DANA)
        card = await get(dana, f"/api/calls/{wire('call', again)}")
        assert [one["facts"]["state"] for one in card["earlier"]] == ["ended"]


def asker(who: Any, kind: str, *accounts: Any) -> Asker:
    return Asker(who, "", kind, frozenset(accounts), "")


async def test_news_reach_those_they_concern_and_are_not_lost_to_a_slow_commit(
    database: Database,
):
    async with night(database) as floor:
        newsroom = Newsroom(floor.desk, database.web)
        told: dict[str, list[str]] = {"agent": [], "clinician": []}

        async def read(name: str, who: Asker) -> None:
            async for one in newsroom.follow(who, None):
                told[name].append(one.kind if isinstance(one, Item) else one.value)

        readers = [
            asyncio.create_task(read("agent", asker(DANA, "agent"))),
            asyncio.create_task(read("clinician", asker(OKAFOR, "clinician", RIVERSIDE))),
        ]
        await until(lambda: all(told.values()))
        async with floor.store.work(SERVICE) as slow:
            await tell(slow, "late")  # Numbered now, committed after the next.
            async with floor.store.work(SERVICE) as work:
                await tell(work, "elms", account_id=ELM)
                await tell(work, "riversides", account_id=RIVERSIDE)
                await tell(work, "danas", person_id=DANA)
                await tell(work, "okafors", person_id=OKAFOR)
            await until(lambda: "danas" in told["agent"] and "okafors" in told["clinician"])
        await until(lambda: "late" in told["agent"])
        assert told["agent"] == ["look", "elms", "riversides", "danas", "late"]
        assert told["clinician"] == ["look", "riversides", "okafors"]
        newsroom.close_soon()
        await asyncio.wait_for(asyncio.gather(*readers), 1)
        await newsroom.close()


async def test_a_screen_that_was_away_is_told_what_it_missed(database: Database):
    async with night(database) as floor:
        newsroom = Newsroom(floor.desk, database.web)
        async with floor.store.work(SERVICE) as work:
            await tell(work, "before")
            last = int(await work.value("select max(news_id) from news"))
        floor.database.clock.forward(timedelta(minutes=1))
        async with floor.store.work(SERVICE) as work:
            await tell(work, "missed")
        stream = newsroom.follow(asker(DANA, "agent"), last)
        assert await anext(stream) is Mark.LOOK
        seen = [await anext(stream) for _ in range(2)]
        assert {one.kind for one in seen if isinstance(one, Item)} == {"before", "missed"}
        await stream.aclose()
        stream = newsroom.follow(asker(DANA, "agent"), 10**9)
        assert [await anext(stream), await anext(stream)] == [Mark.LOOK, Mark.LOOK]
        await stream.aclose()
        await newsroom.close()


async def until(so: Any) -> None:
    for _ in range(400):
        if so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")
