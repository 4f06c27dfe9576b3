"""Escalations, begun and moved on: take, decide, keep, order, in one transaction each.

Whoever takes an escalation locks its row first, so an acceptance and a timeout can never both win.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from nightbell.audit.commands import Act, record, record_all
from nightbell.calls.rows import Leg
from nightbell.core.errors import NotFound, Refused, Stale
from nightbell.core.ids import CallId, EscalationId, MessageId, PersonId, new_id, unwire, wire
from nightbell.core.tier import Tier
from nightbell.escalation import queries
from nightbell.escalation.policy import (
    SUPERVISOR_ONLY,
    Accepted,
    Declined,
    Event,
    NobodyThere,
    PageDead,
    Raised,
    RingEmergency,
    SendPage,
    TellSupervisor,
    WaitEnded,
    advance,
    start,
)
from nightbell.escalation.policy import Order as PolicyOrder
from nightbell.escalation.queries import Running
from nightbell.oncall.queries import on_call
from nightbell.oncall.resolve import holder
from nightbell.paging import commands as paging
from nightbell.paging import queries as pages
from nightbell.paging import telephone
from nightbell.paging.page import Channel, Fact
from nightbell.paging.queries import Page
from nightbell.store.news import tell
from nightbell.store.outbox import Order, Put, put, put_all
from nightbell.store.work import Work
from nightbell.telephony.port import Event as SwitchEvent

BATCH = 200


class EscalationRefused(Refused):
    """Only T1, T2 and T3 are escalated; T4 and T5 are held for the office."""


class NobodyToPatch(Refused):
    """Nobody on call has a verified telephone. Page the next step, or ring the office manager."""


async def begin(work: Work, call_id: UUID, tier: Tier, at: datetime) -> EscalationId:
    """Start this call's escalation. Asked again: the same one, raised if it is more urgent now;
    a new one once that is closed: whoever closed it knows nothing of what came after."""
    existing = await queries.take_of_call(work, call_id)
    if existing is None or existing.state == "closed":
        if not tier.pages:
            raise EscalationRefused
        account_id = await work.value("select account_id from call where call_id = %s", (call_id,))
        policy = await queries.agreed(work, account_id, tier)
        now, orders = start(policy, tier=tier, at=at)
        new = Running(
            EscalationId(new_id()), account_id, CallId(call_id), None, now, "open", None, at
        )
        if await queries.insert(work, new):
            await put_all(work, [_order(new, one) for one in orders])
            await record(
                work,
                "escalation.begun",
                wire("escalation", new.escalation_id),
                account_id=account_id,
                facts={"call": wire("call", call_id), "tier": tier.value},
            )
            await _tell(work, new)
            work.wake("escalation")
            return new.escalation_id
        existing = await queries.take_of_call(work, call_id)  # Begun in this same instant.
        if existing is None:
            raise NotFound
    if tier.rank < existing.now.tier.rank:
        policy = await queries.agreed(work, existing.account_id, tier)
        await _move(work, existing, Raised(tier, policy), at, "escalation.raised")
    return existing.escalation_id


async def attach(work: Work, call_id: UUID, message_id: UUID) -> EscalationId | None:
    """The message that was being taken is finished. Whoever has the escalation has it too."""
    one = await queries.take_of_call(work, call_id)
    if one is None:
        return None
    if one.message_id is None:
        await work.run(
            "update escalation set message_id = %s where escalation_id = %s",
            (message_id, one.escalation_id),
        )
    if one.now.held_by is not None:
        await _taken(work, one, one.now.held_by, MessageId(message_id))
    await _tell(work, one)
    return one.escalation_id


async def end_waits(work: Work, *, at: datetime, only: UUID | None = None) -> int:
    """Move on whatever has waited long enough, or only this one; how many."""
    due = await queries.take_due(work, BATCH) if only is None else [await queries.take(work, only)]
    moved: list[Running] = []
    orders: list[Put] = []
    for one in due:
        now, given = advance(one.now, WaitEnded(), at=at)  # An early alarm changes nothing.
        moved.append(one.moved(now, at))
        orders += [_order(one, order) for order in given]
    if due:
        await queries.keep_moved_on(work, moved)
        await put_all(work, orders)
        await record_all(work, [_act("escalation.moved_on", one) for one in moved])
    return len(due)


async def give_to_supervisor(work: Work, escalation_id: UUID) -> None:
    """An escalation that cannot be moved on by its rules goes to a person, from now on."""
    one = await queries.take(work, escalation_id)
    if one.state != "open":
        return
    now, orders = start(SUPERVISOR_ONLY, tier=one.now.tier, at=work.at)
    # Counting goes on: an order whose key was used before would be taken for that one, and dropped.
    now = replace(now, sent=max(now.sent, one.now.sent))
    kept = one.moved(now, work.at)
    await queries.keep(work, [kept])
    await put_all(work, [_order(one, order, again="broken") for order in orders])
    await record_all(work, [_act("escalation.given_to_supervisor", kept)])
    await _tell(work, kept)


async def accept(work: Work, page_id: UUID, *, by: PersonId, how: str) -> EscalationId:
    """This person has it, by this page. Somebody else has it already: Stale, saying who."""
    one = await queries.take(work, await queries.of_page(work, page_id))
    page = await pages.page(work, page_id)
    if page.person_id != by:
        raise NotFound
    await _accept(work, one, by, how, page)
    return one.escalation_id


async def take_it(work: Work, escalation_id: UUID, *, by: PersonId, how: str) -> None:
    """A supervisor says "I have it", or the message was taken another way; no page is needed."""
    one = await queries.take(work, escalation_id)
    told = await pages.of_escalations(work, [escalation_id])
    last = [page for page in told if page.channel is Channel.SUPERVISOR and not page.state.over]
    await _accept(work, one, by, how, last[-1] if last else None)


async def decline(work: Work, page_id: UUID, *, by: PersonId, reason: str) -> EscalationId:
    """Not me: on to the next step at once, unless it has moved on already."""
    one = await queries.take(work, await queries.of_page(work, page_id))
    page = await pages.page(work, page_id)
    if page.person_id != by:
        raise NotFound
    if one.now.held_by is not None:
        raise _stale(one)
    if page.state.over:
        return one.escalation_id
    for other in await pages.of_escalations(work, [one.escalation_id]):
        # Their other devices for the same call-out fall silent too.
        same = (other.person_id, other.step, other.number) == (by, page.step, page.number)
        if same and not other.state.over:
            await pages.note(work, other, Fact.DECLINED, {"reason": reason})
            await pages.tell_of(work, "page.changed", other)
            if other.leg_id is not None:
                await telephone.hang_up(work, other)
    await _move(work, one, Declined(by, page.step), work.at, "escalation.declined")
    return one.escalation_id


async def heard(work: Work, event: SwitchEvent, leg: Leg) -> None:
    """The switch said something of a page's, a patch's or an emergency number's leg."""
    page = await pages.of_leg(work, leg.leg_id)
    if page is None:
        return
    one = await queries.take(work, page.escalation_id)
    page = await pages.page(work, page.page_id)  # As it stands under the escalation's lock.
    match await telephone.hear(work, page, event.kind, event.facts):
        case telephone.Pressed():
            await _pressed(work, one, page)
        case telephone.Dead():
            dead = PageDead(page.step, page.number)
            await _move(work, one, dead, work.at, "escalation.page_dead")
        case None:
            pass


async def answer(work: Work, orders: Sequence[Order]) -> None:
    """A page that could not go out at all: nobody holds the role, or no number reaches them."""
    for order in orders:
        one = await queries.take(work, unwire("escalation", str(order.payload["escalation"])))
        step, number = int(order.payload["step"]), int(order.payload["number"])
        event = NobodyThere(step, number) if order.payload.get("nobody") else PageDead(step, number)
        await _move(work, one, event, work.at, "escalation.nobody_there")


async def begin_patch(work: Work, call_id: UUID, role: str = "") -> EscalationId:
    """Ring the clinician on call for this waiting caller; joined when they press the key.

    Whoever has the call's escalation is rung; else the role's holder; without a role, the first
    holder of the policy's steps.
    """
    tier = await work.value("select tier from call where call_id = %s", (call_id,))
    urgent = Tier(tier) if tier and Tier(tier).at_once else Tier.T2
    escalation_id = await begin(work, call_id, urgent, work.at)
    one = await queries.take(work, escalation_id)
    person_id, role = await _to_patch(work, one, role)
    asked = await paging.begin_patch(
        work,
        escalation_id,
        role=role,
        person_id=person_id,
        step=one.now.step,
        number=one.now.sent,
    )
    if not asked:
        raise NobodyToPatch
    return escalation_id


async def close(work: Work, message_id: UUID, *, by: PersonId) -> None:
    """The message is closed: whoever closed it has it, and its escalation is over."""
    found = await work.value(
        "select escalation_id from escalation where message_id = %s", (message_id,)
    )
    if found is None:
        return
    one = await queries.take(work, found)
    await _accept(work, one, by, "closed", None)  # Another's is refused, saying whose it is.
    await work.run("update escalation set state = 'closed' where escalation_id = %s", (found,))
    await record_all(work, [_act("escalation.closed", one)])
    await _tell(work, one)


async def _to_patch(work: Work, one: Running, role: str) -> tuple[PersonId, str]:
    if one.now.held_by is not None:
        return one.now.held_by, role or "has it"
    if one.account_id is not None:
        rota = await on_call(work, one.account_id)
        roles = [role] if role else [step.role for step in one.now.policy.steps]
        for each in roles or rota.roles:
            held = holder(rota, each, work.at)
            if held is not None:
                return held.person_id, each
    raise NobodyToPatch


async def _pressed(work: Work, one: Running, page: Page) -> None:
    """A key was pressed: theirs, unless somebody has it; a patch then joins the caller."""
    if one.now.held_by not in (None, page.person_id):
        await telephone.thank(work, page, telephone.TAKEN)
        return
    if page.person_id is None:
        await telephone.thank(work, page, telephone.UNTAKEN)
        return
    if one.now.held_by is None:
        await _accept(work, one, page.person_id, "phone", page)
    if page.channel is Channel.PATCH and await telephone.join_caller(work, page):
        return
    await telephone.thank(work, page, telephone.ACCEPTED)


async def _accept(work: Work, one: Running, by: PersonId, how: str, page: Page | None) -> None:
    if one.now.held_by == by:
        return  # Pressed twice, or on two devices.
    if one.now.held_by is not None:
        raise _stale(one)
    now, _ = advance(one.now, Accepted(by), at=work.at)
    held = one.moved(now, work.at)
    await queries.keep(work, [held])
    if page is not None:
        await pages.note(work, page, Fact.ACCEPTED, {"how": how, "by": wire("person", by)})
        await pages.tell_of(work, "page.changed", page)
    await paging.withdraw(work, one.escalation_id, but=page.page_id if page else None)
    await _taken(work, held, by, None)
    for message_id in await queries.messages_waiting(work, one.call_id):
        await _taken(work, held, by, message_id)
    await record(
        work,
        "escalation.accepted",
        wire("escalation", one.escalation_id),
        account_id=one.account_id,
        facts={
            "person": wire("person", by),
            "how": how,
            "page": wire("page", page.page_id) if page else None,
        },
    )
    await _tell(work, held)


async def _taken(work: Work, one: Running, by: PersonId, message_id: MessageId | None) -> None:
    """News for the rooms below: the message's owner is a person now."""
    about = message_id.hex if message_id else "call"
    payload = {
        "escalation": wire("escalation", one.escalation_id),
        "call": wire("call", one.call_id),
        "message": wire("message", message_id) if message_id else None,
        "person": wire("person", by),
    }
    await put(work, "escalation.taken", f"taken/{one.escalation_id.hex}/{about}", payload)


async def _move(work: Work, one: Running, event: Event, at: datetime, act: str) -> None:
    now, orders = advance(one.now, event, at=at)
    if now == one.now:
        return
    moved = one.moved(now, at)
    await queries.keep(work, [moved])
    if orders:
        await put_all(work, [_order(moved, order) for order in orders])
    await record_all(work, [_act(act, moved)])
    await _tell(work, moved)
    work.wake("escalation")


def _order(one: Running, order: PolicyOrder, *, again: str = "") -> Put:
    """The outbox's form. Its key is the order itself: given twice, carried out once."""
    payload: dict[str, Any] = {
        "escalation": wire("escalation", one.escalation_id),
        "number": order.number,
        "tier": one.now.tier.value,
        "step": len(one.now.policy.steps),
    }
    match order:
        case SendPage(role, step, number):
            topic, key = "escalation.page", f"{step}/{number}"
            payload |= {"role": role, "step": step}
        case TellSupervisor(number):
            topic, key = "escalation.supervisor", f"supervisor/{number}"
        case RingEmergency(number):
            topic, key = "escalation.emergency", f"emergency/{number}"
    return Put(topic, f"{one.escalation_id.hex}/{key}{again}", payload)


def _act(act: str, one: Running) -> Act:
    facts = {"step": one.now.step, "number": one.now.sent, "tier": one.now.tier.value}
    return Act(act, wire("escalation", one.escalation_id), one.account_id, facts)


def _stale(one: Running) -> Stale:
    assert one.now.held_by is not None
    return Stale(
        escalation=wire("escalation", one.escalation_id),
        held_by=wire("person", one.now.held_by),
    )


async def _tell(work: Work, one: Running) -> None:
    ids = {
        "escalation": wire("escalation", one.escalation_id),
        "call": wire("call", one.call_id),
    }
    await tell(work, "escalation.changed", account_id=one.account_id, ids=ids)
