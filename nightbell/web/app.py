"""The application: routers, refusals as sentences, safe headers, the built screens."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from nightbell.core.errors import NightbellError, NotAllowed, NotFound, Refused, Stale, Unreachable
from nightbell.reports.queries import parts_beating
from nightbell.store.vault import Vault
from nightbell.store.work import NOBODY, Store
from nightbell.web import (
    access,
    accounts,
    acd,
    calls,
    demo,
    messages,
    news,
    oncall,
    paging,
    people,
    reports,
    sealing,
    service,
    triage,
)
from nightbell.web.asker import NotSignedIn
from nightbell.web.headers import SafeHeaders
from nightbell.web.newsroom import Newsroom
from nightbell.web.wire import Problem

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    access.router, sealing.router, acd.router, triage.router, calls.router, messages.router,
    paging.router, reports.router, accounts.router, people.router, oncall.router,
    service.router, news.router, demo.router,
)  # fmt: skip


def status_of(fault: NightbellError) -> int:
    match fault:
        case NotSignedIn():
            return 401
        case NotAllowed():
            return 403
        case NotFound():
            return 404
        case Stale():
            return 409
        case Refused():
            return 422
        case Unreachable():
            return 503
        case _:
            return 500


async def refusal(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, NightbellError)
    problem = Problem(code=fault.code, sentence=fault.sentence, facts=fault.facts)
    return JSONResponse(problem.model_dump(), status_code=status_of(fault))


async def malformed(request: Request, fault: Exception) -> Response:
    """Say where a body is wrong, and never echo what it held."""
    assert isinstance(fault, RequestValidationError)
    where = ".".join(str(part) for part in fault.errors()[0]["loc"])
    problem = Problem(
        code="malformed",
        sentence="This request is not in the form the API describes. Compare it with openapi.json.",
        facts={"where": where, "how": str(fault.errors()[0]["type"])},
    )
    return JSONResponse(problem.model_dump(), status_code=422)


async def database_fault(request: Request, fault: Exception) -> JSONResponse:
    """A database's own words may quote a row: they reach neither the log nor the screen."""
    away = isinstance(fault, psycopg.OperationalError)
    log.error("web: %s", type(fault).__name__)
    problem = Problem(
        code="unreachable" if away else "broken",
        sentence="The database is coming back. Try again in a moment; nothing you entered is lost."
        if away
        else "This could not be kept as it was entered. Look for an entry made twice.",
    )
    return JSONResponse(problem.model_dump(), status_code=503 if away else 422)


async def healthz(request: Request) -> JSONResponse:
    """200 when database, worker and switch are up too; else 503, naming what is silent."""
    async with request.app.state.store.work(NOBODY) as work:
        parts = {"database": True, **await parts_beating(work)}
    return JSONResponse(
        {"ok": all(parts.values()), "parts": parts}, 200 if all(parts.values()) else 503
    )


def make_app(*, web_url: str, data: Path, demo_mode: bool = False) -> FastAPI:
    """The application over the database at `web_url` (role web) and the data folder."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[None]:
        app.state.store = await Store(web_url).open()
        app.state.vault = Vault.at(data / "keys" / "master.key")
        app.state.newsroom = Newsroom(app.state.store, web_url)
        yield
        await app.state.newsroom.close()
        await app.state.store.close()

    app = FastAPI(title="Nightbell", version="0.1.0", lifespan=life, docs_url=None, redoc_url=None)
    app.state.data = data
    app.state.web_url = web_url
    app.state.demo_mode = demo_mode
    app.add_middleware(SafeHeaders)
    app.add_exception_handler(NightbellError, refusal)
    app.add_exception_handler(psycopg.Error, database_fault)
    app.add_exception_handler(RequestValidationError, malformed)
    for router in ROUTERS:
        app.include_router(router)

    app.add_api_route("/healthz", healthz, tags=["health"])

    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app
