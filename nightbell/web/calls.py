"""Calls: what the agent needs on the call, and every event of it afterwards."""

import base64

from fastapi import APIRouter

from nightbell.calls import commands
from nightbell.calls import queries as calls
from nightbell.calls.call import NotYourCall
from nightbell.core.errors import Refused
from nightbell.core.ids import CallId, unwire
from nightbell.core.phone import grouped
from nightbell.escalation.commands import begin_patch
from nightbell.people.queries import names
from nightbell.store.work import Work
from nightbell.web import escalation_views
from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.call_views import card, cards, timeline_of
from nightbell.web.call_wire import (
    Callback,
    CallbackKept,
    CallCard,
    Disposition,
    Draft,
    DraftKept,
    PatchAsk,
    Timeline,
)
from nightbell.web.wire import EscalationView, WireId

router = APIRouter(prefix="/api/calls", tags=["calls"])


class DraftRefused(Refused):
    """A draft is an age file in base64. This one was cut short on its way; it is sent again."""


def _id(call_id: WireId) -> CallId:
    return CallId(unwire("call", call_id))


@router.get("/open")
async def open_calls(who: Asking, store: TheStore, vault: TheVault) -> list[CallCard]:
    """Calls that are over and still owe a disposition, soonest due first."""
    async with store.work(who.scope) as work:
        return await cards(work, vault, await calls.open_calls(work), who)


@router.get("/{call_id}")
async def call(call_id: WireId, who: Asking, store: TheStore, vault: TheVault) -> CallCard:
    async with store.work(who.scope) as work:
        return await card(work, vault, await calls.call(work, _id(call_id)), who)


@router.post("/{call_id}/hold", status_code=204)
async def hold(call_id: WireId, who: Asking, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.hold(work, _id(call_id), who.person_id)


@router.post("/{call_id}/resume", status_code=204)
async def resume(call_id: WireId, who: Asking, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.resume(work, _id(call_id), who.person_id)


@router.post("/{call_id}/hang-up", status_code=204)
async def hang_up(call_id: WireId, who: Asking, store: TheStore) -> None:
    """The agent ends the call; the caller's leg is hung up. The disposition is still owed."""
    async with store.work(who.scope) as work:
        await commands.hang_up(work, _id(call_id), who.person_id)


@router.post("/{call_id}/leave", status_code=204)
async def leave(call_id: WireId, who: Asking, store: TheStore) -> None:
    """The agent steps out of a patched call; caller and clinician go on."""
    async with store.work(who.scope) as work:
        await commands.leave(work, _id(call_id), who.person_id)


@router.post("/{call_id}/patch", status_code=202)
async def patch(
    call_id: WireId, body: PatchAsk, who: Asking, store: TheStore, vault: TheVault
) -> EscalationView:
    """Ring the on-call clinician for this waiting caller; joined when they press 1."""
    async with store.work(who.scope) as work:
        one = await calls.call(work, _id(call_id))
        if not one.on_it(who.person_id):
            raise NotYourCall
        return await escalation_views.view(work, await begin_patch(work, one.call_id, body.role))


@router.post("/{call_id}/ring-back", status_code=202)
async def ring_back(call_id: WireId, who: Asking, store: TheStore, vault: TheVault) -> None:
    """Ring the caller of a call that was cut off, and join the asking agent."""
    async with store.work(who.scope) as work:
        await commands.ring_back(work, vault, _id(call_id), who.person_id)


@router.post("/{call_id}/take")
async def take(call_id: WireId, who: Asking, store: TheStore, vault: TheVault) -> CallCard:
    """Become the owner of a call that is over and unfinished."""
    async with store.work(who.scope) as work:
        await commands.take(work, _id(call_id), who.person_id)
        return await card(work, vault, await calls.call(work, _id(call_id)), who)


@router.put("/{call_id}/callback")
async def callback(
    call_id: WireId, body: Callback, who: Asking, store: TheStore, vault: TheVault
) -> CallbackKept:
    async with store.work(who.scope) as work:
        kept = await commands.keep_callback_number(
            work, vault, _id(call_id), who.person_id, body.number, read_back=body.read_back
        )
    return CallbackKept(number=kept.number, grouped=grouped(kept.number), warning=kept.warning)


@router.post("/{call_id}/disposition", status_code=204)
async def disposition(call_id: WireId, body: Disposition, who: Asking, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.dispose(work, _id(call_id), who.person_id, body.disposition, body.call_type)


@router.get("/{call_id}/draft")
async def draft(call_id: WireId, who: Asking, store: TheStore) -> DraftKept | None:
    async with store.work(who.scope) as work:
        kept = await calls.draft(work, _id(call_id))
        return await _kept(work, kept) if kept else None


@router.put("/{call_id}/draft")
async def keep_draft(call_id: WireId, body: Draft, who: Asking, store: TheStore) -> DraftKept:
    """Keep a draft; an older edition never replaces a newer one (Stale)."""
    try:
        sealed = base64.b64decode(body.sealed, validate=True)
    except ValueError:
        raise DraftRefused from None
    async with store.work(who.scope) as work:
        kept = await commands.keep_draft(work, _id(call_id), who.person_id, sealed, body.edition)
        return await _kept(work, kept)


@router.get("/{call_id}/timeline")
async def timeline(call_id: WireId, who: Asking, store: TheStore) -> Timeline:
    """Cradle to grave."""
    async with store.work(who.scope) as work:
        return await timeline_of(work, await calls.call(work, _id(call_id)))


async def _kept(work: Work, kept: commands.Draft) -> DraftKept:
    people = await names(work, [kept.saved_by])
    return DraftKept(
        sealed=base64.b64encode(kept.sealed).decode(),
        edition=kept.edition,
        saved_at=kept.saved_at,
        saved_by=people.get(kept.saved_by, ""),
    )
