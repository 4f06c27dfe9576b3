"""A browser's view of the application in a test: the real routes over the test's own database."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from nightbell.web.app import make_app
from tests.ground import Database

ORIGIN = "http://testserver"


@dataclass(slots=True)
class Browser:
    """One person's browser: its cookies, and the X-CSRF that its page would send."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def sign_in(self, handle: str, verifier: bytes) -> httpx.Response:
        answer = await self.post(
            "/api/sign-in", {"handle": handle, "verifier": base64.b64encode(verifier).decode()}
        )
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.send("POST", path, body)

    async def put(self, path: str, body: Any = None) -> httpx.Response:
        return await self.send("PUT", path, body)

    async def send(self, method: str, path: str, body: Any) -> httpx.Response:
        headers = {"x-csrf": self.csrf, "origin": str(self.http.base_url).rstrip("/")}
        return await self.http.request(method, path, json=body, headers=headers)


@asynccontextmanager
async def application(database: Database, data: Path) -> AsyncGenerator[FastAPI]:
    app = make_app(web_url=database.web, data=data)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def browser(app: FastAPI, *, origin: str = ORIGIN) -> AsyncGenerator[Browser]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=origin) as http:
        yield Browser(http)
