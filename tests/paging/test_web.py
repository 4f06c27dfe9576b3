"""Pages as browsers ask for them: accepted by a press, a token or a supervisor, by nobody else."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from nightbell.core.ids import wire
from nightbell.edges.push.keys import PushKeys, token_hash
from nightbell.paging import queries as pages
from nightbell.store.work import SERVICE
from tests.cast import Cast
from tests.escalation.floor import Night
from tests.web import Browser, application, browser

pytestmark = pytest.mark.anyio

VERIFIER = b"v" * 32


@asynccontextmanager
async def screens(night: Night, data: Path, *people: str) -> AsyncGenerator[list[Browser]]:
    """A signed-in browser for each; clinicians belong to the practice."""
    cast = Cast(night.database, people=dict(night.people))
    async with application(night.database, data) as app:
        found: list[Browser] = []
        for name in people:
            if name != "boss":
                cast.sql(
                    "insert into membership values (%s, %s, 'clinician') on conflict do nothing",
                    night.account,
                    night.people[name],
                )
            cast.sign_in(name, f"{name}@night.example", VERIFIER)
        async with browser(app) as one, browser(app) as other:
            for name, screen in zip(people, (one, other), strict=False):
                answer = await screen.sign_in(f"{name}@night.example", VERIFIER)
                assert answer.status_code == 200, answer.text
                found.append(screen)
            yield found


async def test_the_doctor_sees_her_page_takes_it_and_keeps_it(night: Night, tmp_path: Path):
    begun = await night.begin()
    async with screens(night, tmp_path, "okafor", "sharma") as (okafor, sharma):
        (card,) = (await okafor.get("/api/pages/mine")).json()
        assert (card["being_taken"], card["mine"]) == (True, False)
        assert card["escalation"]["steps"][0]["who"] == "Dr Okafor"
        assert card["escalation"]["next_what"] == "Dr Sharma is paged"
        assert (await sharma.get("/api/pages/mine")).json() == []
        assert (await okafor.post(f"/api/pages/{card['page_id']}/on-device")).status_code == 204
        answer = await okafor.post(f"/api/pages/{card['page_id']}/accept")
        assert answer.json()["held_by"] == "Dr Okafor"
        assert answer.json()["pages"][0]["state"] == "accepted"
        (card,) = (await okafor.get("/api/pages/mine")).json()
        assert card["mine"]
        assert (await okafor.get("/api/escalations/open")).json() == []
    assert (await night.state(begun))["state"] == "held"


async def test_too_late_says_so_and_whose_it_is(night: Night, tmp_path: Path):
    await night.begin()
    await night.minutes_pass(5)
    async with screens(night, tmp_path, "okafor", "sharma") as (okafor, sharma):
        (first,) = (await okafor.get("/api/pages/mine")).json()
        (second,) = (await sharma.get("/api/pages/mine")).json()
        await okafor.post(f"/api/pages/{first['page_id']}/accept")
        answer = await sharma.post(f"/api/pages/{second['page_id']}/accept")
        assert answer.status_code == 409
        assert answer.json()["facts"]["held_by"] == wire("person", night.people["okafor"])
        stolen = await sharma.post(f"/api/pages/{first['page_id']}/accept")
        assert stolen.status_code == 404


async def test_not_me_wakes_the_backup(night: Night, tmp_path: Path):
    await night.begin()
    async with screens(night, tmp_path, "okafor", "sharma") as (okafor, sharma):
        (card,) = (await okafor.get("/api/pages/mine")).json()
        answer = await okafor.post(f"/api/pages/{card['page_id']}/decline", {"reason": "busy"})
        assert answer.json()["step"] == 1
        await night.settle()
        assert (await okafor.get("/api/pages/mine")).json() == []
        assert len((await sharma.get("/api/pages/mine")).json()) == 1


async def test_a_token_accepts_once_by_post_and_never_by_get(night: Night, tmp_path: Path):
    begun = await night.begin()
    app = (await night.all_pages(begun))[0]
    token = PushKeys.at(tmp_path / "keys").page_token(app.page_id)
    async with night.store.work(SERVICE) as work:
        await pages.give_token(work, app.page_id, token_hash(token))
    async with screens(night, tmp_path, "okafor") as (somebody,):
        somebody.http.cookies.clear()
        for path in ("/api/pages/accept-by-token", f"/api/pages/accept-by-token?token={token}"):
            assert (await somebody.get(path)).status_code in (404, 405)
        assert (await night.state(begun))["state"] == "open"
        wrong = await somebody.post("/api/pages/accept-by-token", {"token": token[:-1] + "x"})
        assert wrong.status_code == 404
        right = await somebody.post("/api/pages/accept-by-token", {"token": token})
        assert right.json()["held_by"] == "Dr Okafor"
        again = await somebody.post("/api/pages/accept-by-token", {"token": token})
        assert again.status_code == 404


async def test_the_supervisor_takes_what_nobody_took_and_a_doctor_may_not(
    night: Night, tmp_path: Path
):
    begun = wire("escalation", await night.begin())
    await night.minutes_pass(11)
    async with screens(night, tmp_path, "boss", "okafor") as (boss, okafor):
        (seen,) = (await boss.get("/api/escalations/open")).json()
        assert seen["step"] == len(seen["steps"])
        assert seen["next_what"] == "the supervisor is told again and the emergency telephone rings"
        refused = await okafor.post(f"/api/escalations/{begun}/accept")
        assert refused.status_code == 403
        answer = await boss.post(f"/api/escalations/{begun}/accept")
        assert answer.json()["held_by"] == "Dr Boss"


async def test_cover_from_another_practice_can_take_the_page_she_was_sent(
    night: Night, tmp_path: Path
):
    begun = await night.begin()
    async with screens(night, tmp_path, "okafor") as (okafor,):
        await night.sql("delete from membership where person_id = %s", (night.people["okafor"],))
        (card,) = (await okafor.get("/api/pages/mine")).json()
        await okafor.post(f"/api/pages/{card['page_id']}/accept")
    assert (await night.state(begun))["held_by"] == night.people["okafor"]


async def test_my_shifts_say_what_i_hold_now(night: Night, tmp_path: Path):
    async with screens(night, tmp_path, "okafor") as (okafor,):
        mine = (await okafor.get("/api/me/shifts")).json()
        assert [one["role"] for one in mine["now"]] == ["first call"]
        methods = (await okafor.get("/api/me/contact-methods")).json()
        assert [one["verified"] for one in methods] == [True]


async def test_a_browser_subscribes_and_the_key_it_needs_is_ours(night: Night, tmp_path: Path):
    async with screens(night, tmp_path, "okafor") as (okafor,):
        key = (await okafor.get("/api/push/key")).json()["key"]
        assert key == PushKeys.at(tmp_path / "keys").public
        body = {"endpoint": "https://push.example/1", "p256dh": "a", "auth": "b"}
        assert (await okafor.put("/api/me/push", body)).status_code == 204
        body["endpoint"] = "http://169.254.169.254/"
        refused = await okafor.put("/api/me/push", body)
        assert refused.status_code == 422
        assert "https" in refused.json()["sentence"]


async def test_a_page_refused_by_screen_still_shows_on_the_clock(night: Night, tmp_path: Path):
    """Waiting is visible: the due time on the screen is the due time in the row."""
    begun = await night.begin()
    night.clock.forward(timedelta(minutes=1))
    async with screens(night, tmp_path, "okafor") as (okafor,):
        (card,) = (await okafor.get("/api/pages/mine")).json()
    due = (await night.state(begun))["due_at"]
    assert card["escalation"]["next_at"].rstrip("Z") == due.isoformat().removesuffix("+00:00")
