"""Who may do what: every route is in the table, and the table is the page that people read."""

import os
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from nightbell.access.scope import KINDS, TABLE, UNSIGNED, may, printed
from nightbell.web.app import make_app
from nightbell.web.asker import asker
from tests.cast import Cast
from tests.ground import Database
from tests.web import application, browser

PAGE = Path(__file__).parents[2] / "docs" / "who-may-do-what.md"
RIGHT = b"r" * 32


def doors(app: FastAPI) -> dict[tuple[str, str], APIRoute]:
    found: dict[tuple[str, str], APIRoute] = {}
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            endpoint = route.endpoint
            found[endpoint.__module__.rpartition(".")[2], endpoint.__name__] = route
        pending += list(getattr(getattr(route, "original_router", None), "routes", []))
    return found


def asks_who(route: APIRoute) -> bool:
    return any(one.call is asker for one in route.dependant.dependencies)


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return make_app(web_url="unused", data=tmp_path)


def test_no_route_was_forgotten(app: FastAPI):
    found = doors(app)
    assert len(found) > 50
    signed = {door for door, route in found.items() if asks_who(route)}
    assert signed == set(TABLE), "name it in nightbell/access/scope.py"
    assert set(found) - signed == set(UNSIGNED), "a door without a sign-in needs its reason"


@given(st.sampled_from(KINDS), st.text(), st.text())
def test_what_is_not_listed_is_refused(kind: str, resource: str, action: str):
    if (resource, action) not in TABLE:
        assert not may(kind, resource, action)


def test_the_page_says_what_the_code_does():
    if os.environ.get("NIGHTBELL_PRINT") == "on":
        PAGE.write_text(printed())
    assert PAGE.read_text() == printed(), "print it anew: NIGHTBELL_PRINT=on pytest tests/policy"


@pytest.mark.anyio
async def test_each_kind_is_refused_whatever_the_table_does_not_grant(
    database: Database, tmp_path: Path
):
    cast = Cast(database)
    for kind in KINDS:
        cast.person(kind, kind)
        cast.sign_in(kind, kind, RIGHT)
    async with application(database, tmp_path) as app:
        for kind in KINDS:
            async with browser(app) as somebody:
                assert (await somebody.sign_in(kind, RIGHT)).status_code == 200
                for door, route in doors(app).items():
                    if may(kind, *door) or door in UNSIGNED:
                        continue
                    path = route.path.replace("{name}", "hello")
                    for part in ("call", "account", "message", "page", "offer", "person"):
                        path = path.replace(f"{{{part}_id}}", f"{part}_{'0' * 32}")
                    path = path.replace("{escalation_id}", "escalation_" + "0" * 32)
                    path = path.replace("{override_id}", "override_" + "0" * 32)
                    (method, *_) = route.methods or {"GET"}
                    answer = await somebody.send(method, path, None)
                    assert answer.json()["code"] == "not_allowed", (kind, door)
                    assert answer.status_code == 403
