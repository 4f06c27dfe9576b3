"""Doors left open by mistake: a stream after signing out, a demonstration on real calls."""

import asyncio
from pathlib import Path

import pytest
from starlette.requests import Request

from nightbell.core.ids import PersonId
from nightbell.web import news
from nightbell.web.asker import Asker
from nightbell.web.newsroom import Newsroom
from tests.cast import Cast
from tests.ground import Database
from tests.web import application, browser

pytestmark = pytest.mark.anyio
RIGHT = b"r" * 32


async def test_the_demonstration_setting_was_left_on_and_a_stranger_ends_nothing(
    database: Database, tmp_path: Path
):
    """`nightbell serve` without NIGHTBELL_DEMO=off on a real service's data."""
    cast = Cast(database)
    service = (
        "insert into service (name, answer_phrase, caller_id, is_demo) values ('x', '', '', {})"
    )
    cast.sql(service.format("false"))
    async with application(database, tmp_path) as app, browser(app) as stranger:
        app.state.demo_mode = True
        app.state.carrier_socket = tmp_path / "none.sock"
        assert (await stranger.get("/api/demo")).status_code == 404
        assert (await stranger.post("/api/demo/kill/database")).status_code == 404
        cast.sql("update service set is_demo = true")
        assert (await stranger.get("/api/demo")).status_code == 200


async def test_signed_out_and_the_stream_of_news_ends(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(news, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("nightbell.web.newsroom.QUIET_S", 0.05)
    cast = Cast(database)
    cast.person("Dana Reyes", "agent")
    cast.sign_in("Dana Reyes", "dana", RIGHT)
    async with application(database, tmp_path) as app, browser(app) as dana:
        assert (await dana.sign_in("dana", RIGHT)).status_code == 200
        cookies = "; ".join(f"{name}={value}" for name, value in dana.http.cookies.items())
        scope = {
            "type": "http", "scheme": "http", "method": "GET", "path": "/api/news", "app": app,
            "headers": [(b"cookie", cookies.encode())], "query_string": b"", "server": ("t", 80),
        }  # fmt: skip
        who = Asker(PersonId(cast.people["Dana Reyes"]), "Dana", "agent", frozenset(), "")
        room: Newsroom = app.state.newsroom
        stream = await news.news(Request(scope), who, app.state.store)
        told = stream.body_iterator
        assert "hello" in str(await anext(aiter(told)))
        assert "still here" in str(await anext(aiter(told)))
        assert (await dana.post("/api/sign-out")).status_code == 204
        async with asyncio.timeout(10):
            async for _ in told:
                pass
        assert room._screens == set()  # pyright: ignore[reportPrivateUsage]
