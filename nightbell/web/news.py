"""News for open screens, as server-sent events: hints by id, resumable by Last-Event-ID."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from nightbell.web.asker import Asking, TheStore

router = APIRouter(prefix="/api", tags=["news"])


@router.get("/news")
async def news(request: Request, who: Asking, store: TheStore) -> StreamingResponse:
    """`event: <kind>`, `data: {"ids": {...}}`: offer.made, desk.changed, call.changed, page.made,
    page.changed, message.changed, escalation.changed, floor.changed. A `hello` event comes first;
    after a gap the screen looks for itself."""
    raise NotImplementedError
