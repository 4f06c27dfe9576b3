"""Deeds of the floor: a wish, an offer made, accepted, refused, run out."""

from datetime import datetime

from nightbell.acd import queries
from nightbell.acd.offer import next_offers
from nightbell.acd.queries import OFFER, Offer
from nightbell.audit.commands import record
from nightbell.calls import commands as calls
from nightbell.calls import rows
from nightbell.calls.call import Call
from nightbell.calls.switchboard import new_leg, our_epoch
from nightbell.core.errors import NotAllowed, Stale
from nightbell.core.ids import CallId, LegId, OfferId, PersonId, new_id, wire
from nightbell.store.news import tell
from nightbell.store.work import Work

BATCH = 100


class OfferEnded(Stale):
    """This caller has been offered to somebody else meanwhile. Nobody was lost."""


async def wish(work: Work, person_id: PersonId, wished: str, reason: str = "") -> None:
    """Ready, pause or off. Whoever stops being ready gives back the offer they have."""
    before = await queries.desk_state(work, person_id)
    await work.run(
        "insert into desk_state (person_id, wish, wish_since, reason, seen_at)"
        " values (%s, %s, %s, %s, %s) on conflict (person_id) do update set"
        " wish = excluded.wish, reason = excluded.reason, seen_at = excluded.seen_at,"
        " wish_since = case when desk_state.wish = excluded.wish then desk_state.wish_since"
        "  else excluded.wish_since end",
        (person_id, wished, work.at, reason, work.at),
    )
    if before is None or before.wish != wished:
        await record(
            work, "desk.wish", wire("person", person_id), facts={"wish": wished, "reason": reason}
        )
    if wished != "ready":
        offer = await queries.open_offer(work, person_id)
        if offer is not None:
            await _end(work, await rows.take(work, offer.call_id), offer, "refused")
    await tell(work, "desk.changed", person_id=person_id)
    await tell(work, "floor.changed")
    work.wake("acd")


async def audio_leg(work: Work, person_id: PersonId, *, fresh: bool = False) -> LegId:
    """The leg of this agent's shift: the one they have, or a new one to be connected.

    A leg that has ended is never used again; `fresh` when only the switch knows that it has.
    """
    current = (
        None
        if fresh
        else await work.row(
            rows.Leg,
            rows.LEG + " where leg_id = (select leg_id from desk_state where person_id = %s)"
            " and state <> 'ended'",
            (person_id,),
        )
    )
    if current is not None:
        return current.leg_id
    leg_id = await new_leg(work, "agent", person_id=person_id)
    switch, _ = await our_epoch(work)
    await work.run("update leg set switch = %s where leg_id = %s", (switch, leg_id))
    await work.run(
        "insert into desk_state (person_id, leg_id, seen_at) values (%s, %s, %s)"
        " on conflict (person_id) do update set leg_id = excluded.leg_id, leg_up_at = null,"
        " audio_lost_at = null, seen_at = excluded.seen_at",
        (person_id, leg_id, work.at),
    )
    return leg_id


async def accept(work: Work, offer_id: OfferId, by: PersonId) -> Call:
    """The agent takes the caller they are offered: the lease ends as they are connected."""
    offer = await _locked(work, offer_id, by)
    if offer.outcome == "accepted":
        return await rows.take(work, offer.call_id)  # Asked twice: it is theirs already.
    if offer.ended_at is not None or offer.expires_at <= work.at:
        raise OfferEnded
    await _set_outcome(work, offer, "accepted")
    return await calls.answer(work, offer.call_id, by)


async def refuse(work: Work, offer_id: OfferId, by: PersonId) -> None:
    offer = await _locked(work, offer_id, by)
    if offer.ended_at is None:
        await _end(work, await rows.take(work, offer.call_id), offer, "refused")


async def tick(work: Work) -> int:
    """End the offers that have run out, then offer every waiting caller there is an agent for."""
    ended = await _end_stale(work)
    made = 0
    pairs = next_offers(await queries.waiting(work), await queries.free(work), at=work.at)
    for pair in pairs:
        made += await _make(work, pair.call_id, pair.person_id, pair.expires_at)
    return ended + made


async def _end_stale(work: Work) -> int:
    """Offers past their lease, and offers of a caller who no longer waits."""
    found = await work.rows(
        Call,
        rows.CALL + " where call_id in (select o.call_id from offer o join call c using (call_id)"
        "  where o.ended_at is null and (o.expires_at <= floor_now() or c.state <> 'waiting'))"
        " order by call_id limit %s for no key update skip locked",
        (BATCH,),
    )
    for call in found:
        offer = await work.row(
            Offer, OFFER + " where call_id = %s and ended_at is null for update", (call.call_id,)
        )
        if offer is not None and (offer.expires_at <= work.at or call.state != "waiting"):
            await _end(work, call, offer, "expired" if call.state == "waiting" else "withdrawn")
    return len(found)


async def _make(work: Work, call_id: CallId, person_id: PersonId, expires_at: datetime) -> int:
    call = await rows.take(work, call_id)
    offer_id = OfferId(new_id())
    # Another worker may have been quicker with this agent: then there is nothing to do.
    made = await work.run(
        "insert into offer (offer_id, account_id, call_id, person_id, made_at, expires_at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (offer_id, call.account_id, call_id, person_id, work.at, expires_at),
    )
    if made:
        await rows.note(
            work, call, "OfferMade", actor="service", facts={"to": wire("person", person_id)}
        )
        ids = {"offer": wire("offer", offer_id), "call": wire("call", call_id)}
        await tell(work, "offer.made", person_id=person_id, ids=ids)
    return made


async def _locked(work: Work, offer_id: OfferId, by: PersonId) -> Offer:
    """The offer, its call locked before it, as everywhere."""
    found = await work.need(Offer, OFFER + " where offer_id = %s", (offer_id,))
    if found.person_id != by:
        raise NotAllowed
    await rows.take(work, found.call_id)
    return await work.need(Offer, OFFER + " where offer_id = %s for update", (offer_id,))


async def _end(work: Work, call: Call, offer: Offer, outcome: str) -> None:
    await _set_outcome(work, offer, outcome)
    who = wire("person", offer.person_id)
    kind = {"refused": "OfferRefused", "expired": "OfferExpired", "withdrawn": "OfferWithdrawn"}
    await rows.note(work, call, kind[outcome], actor="service", facts={"to": who})
    await tell(work, "desk.changed", person_id=offer.person_id)
    work.wake("acd")


async def _set_outcome(work: Work, offer: Offer, outcome: str) -> None:
    await work.run(
        "update offer set ended_at = %s, outcome = %s where offer_id = %s",
        (work.at, outcome, offer.offer_id),
    )
