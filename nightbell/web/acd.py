"""The desk: an agent's wish, audio, offers, and what waits."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request

from nightbell.accounts.answering_service import service
from nightbell.accounts.queries import account
from nightbell.acd import commands
from nightbell.acd import queries as acd
from nightbell.acd.offer import why
from nightbell.calls import queries as calls
from nightbell.core.errors import Broken
from nightbell.core.ids import OfferId, new_id, unwire, wire
from nightbell.store.work import Work
from nightbell.telephony.client import SwitchClient
from nightbell.telephony.port import LEG_TAKEN, Command, Op, Reply
from nightbell.web.asker import Asker, Asking, TheStore, TheVault
from nightbell.web.call_views import card, cards, service_phrase
from nightbell.web.call_wire import CallCard
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


class AudioBroken(Broken):
    """The switch could not connect your microphone. A person has been told; try once more."""


@router.get("/desk")
async def desk(who: Asking, store: TheStore, vault: TheVault) -> Desk:
    async with store.work(who.scope) as work:
        state = await acd.desk_state(work, who.person_id)
        line = await acd.line(work)
        offer = await acd.open_offer(work, who.person_id)
        live = await calls.live_of(work, who.person_id)
        return Desk(
            now=work.at,
            wish=state.wish if state else "off",
            wish_since=state.wish_since if state else work.at,
            audio_up=bool(state and state.audio_up),
            offer=await _offer(work, offer, who) if offer else None,
            call=await card(work, vault, live, who) if live else None,
            unfinished=await cards(
                work, vault, await calls.unfinished_of(work, who.person_id), who
            ),
            waiting=line.waiting,
            longest_waiting_since=line.longest_since,
            agents_ready=line.ready,
        )


@router.put("/desk/wish", status_code=204)
async def wish(body: Wish, who: Asking, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.wish(work, who.person_id, body.wish, body.reason)


@router.post("/desk/audio")
async def audio(body: Sdp, who: Asking, request: Request, store: TheStore) -> Sdp:
    """Relay the browser's offer to the switch; the answer back. The leg lasts the shift."""
    switch = _switch(request)
    for fresh in (False, True):
        async with store.work(who.scope) as work:
            leg = await commands.audio_leg(work, who.person_id, fresh=fresh)
        # After the commit: what the switch says of the leg must find its row.
        args = {"leg": leg.hex, "sdp": body.sdp}
        reply: Reply = await switch.ask(Command(new_id().hex, Op.BROWSER_OFFER, args))
        if reply.code != LEG_TAKEN:
            break
    if reply.code:
        raise AudioBroken(code=reply.code)
    return Sdp(sdp=str(reply.result["sdp"]))


@router.post("/offers/{offer_id}/accept")
async def accept(offer_id: WireId, who: Asking, store: TheStore, vault: TheVault) -> CallCard:
    async with store.work(who.scope) as work:
        taken = await commands.accept(work, OfferId(unwire("offer", offer_id)), who.person_id)
        return await card(work, vault, taken, who)


@router.post("/offers/{offer_id}/refuse", status_code=204)
async def refuse(offer_id: WireId, who: Asking, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.refuse(work, OfferId(unwire("offer", offer_id)), who.person_id)


async def _offer(work: Work, one: acd.Offer, who: Asker) -> Offer:
    call = await calls.call(work, one.call_id)
    practice = await account(work, one.account_id) if one.account_id else None
    return Offer(
        offer_id=wire("offer", one.offer_id),
        call_id=wire("call", one.call_id),
        account_name=practice.name if practice else (await service(work)).name,
        answer_phrase=(
            practice.phrase_for(who.name) if practice else await service_phrase(work, who.name)
        ),
        coverage=call.coverage,
        rang_at=call.rang_at,
        expires_at=one.expires_at,
        why=why(call.priority),
    )


def _switch(request: Request) -> SwitchClient:
    """This process's own line to the switch, opened when first needed."""
    state = request.app.state
    if not hasattr(state, "switch"):
        state.switch = SwitchClient(state.switch_socket)
    return state.switch
