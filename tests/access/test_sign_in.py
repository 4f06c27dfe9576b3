"""Coming in by the front door, over the real routes and a real database."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from nightbell.access.lockout import LOCKED_FOR, TRIES
from nightbell.access.session import IDLE
from tests.cast import Cast
from tests.ground import Database
from tests.web import application, browser

pytestmark = pytest.mark.anyio
RIGHT, WRONG = b"r" * 32, b"w" * 32


@pytest.fixture
def cast(database: Database) -> Cast:
    cast = Cast(database)
    cast.account("Riverside Cardiology")
    cast.account("Elm Pediatrics")
    cast.person("Dana Reyes", "agent")
    cast.person("Dr Okafor", "clinician", of="Riverside Cardiology")
    cast.sign_in("Dana Reyes", "dana@demo", RIGHT)
    cast.sign_in("Dr Okafor", "okafor@demo", RIGHT)
    return cast


@pytest.fixture
async def app(cast: Cast, tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with application(cast.database, tmp_path) as app:
        yield app


async def test_a_clinician_comes_in_and_sees_only_her_own_practice(app: FastAPI):
    async with browser(app) as okafor:
        answer = await okafor.sign_in(" Okafor@DEMO ", RIGHT)
        assert answer.status_code == 200
        me = (await okafor.get("/api/me")).json()
        assert [one["name"] for one in me["accounts"]] == ["Riverside Cardiology"]
        assert me["csrf"] == okafor.csrf
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert cookie.startswith("nightbell=")


async def test_over_tls_the_cookie_is_bound_to_the_host(app: FastAPI):
    async with browser(app, origin="https://testserver") as dana:
        cookie = (await dana.sign_in("dana@demo", RIGHT)).headers["set-cookie"]
        assert cookie.startswith("__Host-nightbell=")
        assert "Secure" in cookie
        assert "Domain" not in cookie
        assert (await dana.get("/api/me")).headers["strict-transport-security"]


async def test_the_database_never_holds_what_the_cookie_holds(app: FastAPI, cast: Cast):
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        token = dana.http.cookies["nightbell"]
    rows = cast.sql("select token_hash from session")
    assert token.encode() not in rows[0]


async def test_a_wrong_passphrase_and_an_unknown_name_read_the_same(app: FastAPI):
    async with browser(app) as somebody:
        wrong = await somebody.sign_in("dana@demo", WRONG)
        unknown = await somebody.sign_in("nobody@demo", RIGHT)
        assert wrong.status_code == unknown.status_code == 422
        assert wrong.json() == unknown.json()
        salts = [
            (await somebody.post("/api/sign-in/begin", {"handle": "nobody@demo"})).json()
            for _ in range(2)
        ]
        assert salts[0] == salts[1]


async def test_fifty_guesses_at_once_are_still_only_ten(app: FastAPI, cast: Cast):
    async with browser(app) as guesser:
        answers = await asyncio.gather(*(guesser.sign_in("dana@demo", WRONG) for _ in range(50)))
        codes = [one.json()["code"] for one in answers]
        assert codes.count("wrong_passphrase") == TRIES
        locked = await guesser.sign_in("dana@demo", RIGHT)
        assert locked.json()["code"] == "locked_out"
        assert "15 minutes" in locked.json()["sentence"]
        cast.database.clock.forward(LOCKED_FOR)
        assert (await guesser.sign_in("dana@demo", RIGHT)).status_code == 200


async def test_an_idle_hour_signs_out(app: FastAPI, cast: Cast):
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        for _ in range(3):
            cast.database.clock.forward(timedelta(minutes=50))
            assert (await dana.get("/api/me")).status_code == 200
        cast.database.clock.forward(IDLE)
        assert (await dana.get("/api/me")).status_code == 401


async def test_signing_out_leaves_nothing_to_steal(app: FastAPI):
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        token = dana.http.cookies["nightbell"]
        assert (await dana.post("/api/sign-out")).status_code == 204
        dana.http.cookies.set("nightbell", token)
        assert (await dana.get("/api/me")).status_code == 401


async def test_somebody_who_left_is_out_with_the_next_request(app: FastAPI, cast: Cast):
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        cast.sql("update person set active = false where name = 'Dana Reyes'")
        assert (await dana.get("/api/me")).status_code == 401
        assert (await dana.sign_in("dana@demo", RIGHT)).status_code == 422


async def test_another_sites_page_cannot_act_in_her_name(app: FastAPI):
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        no_token = await dana.http.post("/api/sign-out", headers={"origin": "http://testserver"})
        other_site = await dana.http.post(
            "/api/sign-out", headers={"origin": "http://evil.example", "x-csrf": dana.csrf}
        )
        assert [no_token.status_code, other_site.status_code] == [403, 403]
        assert (await dana.get("/api/me")).status_code == 200


async def test_a_new_passphrase_ends_every_other_session(app: FastAPI):
    new = {
        "verifier_now": "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=",
        "salt": "MDAwMDAwMDAwMDAwMDAwMA==",
        "kdf": {},
        "verifier": "d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3c=",
        "wrapped_key": "AAAA",
    }
    async with browser(app) as desk, browser(app) as laptop:
        await desk.sign_in("dana@demo", RIGHT)
        await laptop.sign_in("dana@demo", RIGHT)
        refused = await desk.put("/api/me/passphrase", new | {"verifier_now": new["verifier"]})
        assert refused.json()["code"] == "wrong_passphrase"
        assert (await desk.put("/api/me/passphrase", new)).status_code == 204
        assert (await desk.get("/api/me")).status_code == 200
        assert (await laptop.get("/api/me")).status_code == 401
        assert (await laptop.sign_in("dana@demo", WRONG)).status_code == 200


async def test_an_unlocked_desk_cannot_be_used_to_guess_the_passphrase(app: FastAPI):
    guess = {
        "verifier_now": base64.b64encode(WRONG).decode(),
        "salt": "MDAwMDAwMDAwMDAwMDAwMA==",
        "kdf": {},
        "verifier": base64.b64encode(WRONG).decode(),
        "wrapped_key": "AAAA",
    }
    async with browser(app) as dana:
        await dana.sign_in("dana@demo", RIGHT)
        codes = [
            (await dana.put("/api/me/passphrase", guess)).json()["code"] for _ in range(TRIES + 1)
        ]
        assert codes == ["wrong_passphrase"] * TRIES + ["locked_out"]


async def test_every_answer_carries_the_strict_policy(app: FastAPI):
    async with browser(app) as somebody:
        for path in ("/api/me", "/healthz", "/api/nothing"):
            headers = (await somebody.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        assert (await somebody.get("/api/me")).headers["cache-control"] == "no-store"


async def test_a_malformed_body_is_not_echoed(app: FastAPI):
    async with browser(app) as somebody:
        answer = await somebody.post("/api/sign-in", {"handle": 5, "secret": "canary"})
        assert answer.status_code == 422
        assert "canary" not in answer.text
        assert answer.json()["code"] == "malformed"


async def test_what_the_database_says_of_a_row_reaches_neither_screen_nor_log(
    app: FastAPI, caplog: pytest.LogCaptureFixture
):
    async def broken() -> None:
        raise psycopg.errors.UniqueViolation("DETAIL: Key (handle)=(canary@demo) already exists.")

    app.router.routes.insert(0, APIRoute("/api/broken", broken))
    async with browser(app) as somebody:
        answer = await somebody.get("/api/broken")
        assert answer.status_code == 422
        assert "canary" not in answer.text + caplog.text
