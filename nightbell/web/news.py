"""News for open screens, as server-sent events: hints by id, resumable by Last-Event-ID."""

import json
from collections.abc import AsyncGenerator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from nightbell.web.asker import Asker, Asking, TheStore
from nightbell.web.newsroom import Item, Mark, Newsroom

router = APIRouter(prefix="/api", tags=["news"])


@router.get("/news")
async def news(request: Request, who: Asking, store: TheStore) -> StreamingResponse:
    """`event: <kind>`, `data: {"ids": {...}}`: offer.made, desk.changed, call.changed, page.made,
    page.changed, message.changed, escalation.changed, floor.changed. A `hello` event comes first;
    after a gap the screen looks for itself."""
    last = request.headers.get("last-event-id", "")
    newsroom: Newsroom = request.app.state.newsroom
    stream = _stream(newsroom, who, int(last) if last.isdecimal() else None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _stream(newsroom: Newsroom, who: Asker, last_id: int | None) -> AsyncGenerator[str]:
    async for told in newsroom.follow(who, last_id):
        match told:
            case Mark.LOOK:
                yield "event: hello\ndata: {}\n\n"
            case Mark.STILL_HERE:
                yield ": still here\n\n"
            case Item(news_id=news_id, kind=kind, ids=ids):
                data = json.dumps({"ids": ids}, separators=(",", ":"))
                yield f"id: {news_id}\nevent: {kind}\ndata: {data}\n\n"
