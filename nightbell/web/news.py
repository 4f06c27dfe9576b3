"""News for open screens, as server-sent events: hints by id, resumable by Last-Event-ID."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from nightbell.access import queries
from nightbell.access.session import is_alive
from nightbell.store.work import SERVICE
from nightbell.web.access import this_session
from nightbell.web.asker import Asker, Asking, TheStore
from nightbell.web.newsroom import Item, Mark, Newsroom

router = APIRouter(prefix="/api", tags=["news"])
LOOK_EVERY_S = 30.0  # How long a stream may go on after its session has ended, and 15 s more.
DIGITS_MAX = 19


@router.get("/news")
async def news(request: Request, who: Asking, store: TheStore) -> StreamingResponse:
    """`event: <kind>`, `data: {"ids": {...}}`: offer.made, desk.changed, call.changed, page.made,
    page.changed, message.changed, escalation.changed, floor.changed. A `hello` event comes first;
    after a gap the screen looks for itself."""
    last = request.headers.get("last-event-id", "")
    newsroom: Newsroom = request.app.state.newsroom
    since = int(last) if last.isdecimal() and len(last) < DIGITS_MAX else None
    stream = _while_signed_in(_stream(newsroom, who, since), request, who, store)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _while_signed_in(
    stream: AsyncGenerator[str], request: Request, who: Asker, store: TheStore
) -> AsyncGenerator[str]:
    """A stream outlives the request that opened it, never the session: signed out, made inactive,
    or of another practice by now, it ends. A screen that may still listen asks again by itself."""
    looked = time.monotonic()
    async with aclosing(stream):
        async for told in stream:
            if time.monotonic() - looked >= LOOK_EVERY_S:
                looked = time.monotonic()
                if not await _still(request, who, store):
                    return
            yield told


async def _still(request: Request, who: Asker, store: TheStore) -> bool:
    try:
        async with store.work(SERVICE) as work:
            session = await queries.session_of(work, this_session(request))
            if session is None or not is_alive(session, at=work.at) or session.kind != who.kind:
                return False
            if who.scope.service:
                return True
            mine = await queries.belongs_to(work, who.person_id)
    except (psycopg.Error, OSError):
        return True  # The database is away: so is the news.
    return {one.account_id for one in mine} == set(who.accounts)


async def _stream(newsroom: Newsroom, who: Asker, last_id: int | None) -> AsyncGenerator[str]:
    async with aclosing(newsroom.follow(who, last_id)) as following:
        async for told in following:
            match told:
                case Mark.LOOK:
                    yield "event: hello\ndata: {}\n\n"
                case Mark.STILL_HERE:
                    yield ": still here\n\n"
                case Item(news_id=news_id, kind=kind, ids=ids):
                    data = json.dumps({"ids": ids}, separators=(",", ":"))
                    yield f"id: {news_id}\nevent: {kind}\ndata: {data}\n\n"
