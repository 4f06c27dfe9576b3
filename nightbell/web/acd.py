"""The desk: an agent's wish, audio, offers, and what waits."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request

from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.calls import CallCard
from nightbell.web.wire import Wire, WireId

router = APIRouter(prefix="/api", tags=["acd"])


class Offer(Wire):
    offer_id: WireId
    call_id: WireId
    account_name: str
    answer_phrase: str
    coverage: str
    rang_at: datetime
    expires_at: datetime
    why: str  # "longest waiting", "cut off before: served first"


class Desk(Wire):
    now: datetime
    wish: Literal["ready", "pause", "off"]
    wish_since: datetime
    audio_up: bool
    offer: Offer | None
    call: CallCard | None  # live and mine
    unfinished: list[CallCard]  # over, mine, still owing a disposition
    waiting: int
    longest_waiting_since: datetime | None
    agents_ready: int


class Wish(Wire):
    wish: Literal["ready", "pause", "off"]
    reason: str = ""


class Sdp(Wire):
    sdp: str


@router.get("/desk")
async def desk(who: Asking, store: TheStore, vault: TheVault) -> Desk:
    raise NotImplementedError


@router.put("/desk/wish", status_code=204)
async def wish(body: Wish, who: Asking, store: TheStore) -> None:
    raise NotImplementedError


@router.post("/desk/audio")
async def audio(body: Sdp, who: Asking, request: Request, store: TheStore) -> Sdp:
    """Relay the browser's offer to the switch; the answer back. The leg lasts the shift."""
    raise NotImplementedError


@router.post("/offers/{offer_id}/accept")
async def accept(offer_id: WireId, who: Asking, store: TheStore, vault: TheVault) -> CallCard:
    raise NotImplementedError


@router.post("/offers/{offer_id}/refuse", status_code=204)
async def refuse(offer_id: WireId, who: Asking, store: TheStore) -> None:
    raise NotImplementedError
