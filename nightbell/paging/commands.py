"""Making pages as an escalation orders them, and taking them back once somebody has it."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nightbell.audit.commands import record
from nightbell.core.ids import AccountId, EscalationId, PageId, PersonId, new_id, unwire, wire
from nightbell.oncall.queries import on_calls
from nightbell.oncall.resolve import OnCall, Shift, holder
from nightbell.paging import queries, telephone
from nightbell.paging.page import Channel, Fact, State
from nightbell.paging.queries import Page
from nightbell.store.outbox import Order, put
from nightbell.store.work import Work

log = logging.getLogger(__name__)


async def page_role(work: Work, orders: Sequence[Order]) -> None:
    """Page whoever holds the role now. Nobody, or nobody with a telephone: say so at once."""
    accounts = [
        row["account_id"]
        for row in await work.dicts(
            "select distinct account_id from escalation where escalation_id = any(%s)",
            ([_escalation(one) for one in orders],),
        )
        if row["account_id"] is not None
    ]
    on_call = await on_calls(work, accounts)
    for one in orders:
        account_id = await _open_account(work, one)
        if account_id is not None:
            await _page_holder(work, one, account_id, on_call[account_id])


async def tell_supervisor(work: Work, orders: Sequence[Order]) -> None:
    """Sound on every supervisor's screen."""
    for one in orders:
        if not await _still_open(work, _escalation(one)):
            continue
        escalation_id, number = _escalation(one), int(one.payload["number"])
        await queries.insert(
            work,
            Page(
                PageId(new_id()),
                await _account(work, escalation_id),
                escalation_id,
                f"{escalation_id.hex}/supervisor/{number}",
                int(one.payload["step"]),
                number,
                "supervisor",
                None,
                Channel.SUPERVISOR,
                None,
                None,
                State.QUEUED,
                work.at,
                None,
            ),
        )


async def ring_emergency(work: Work, orders: Sequence[Order]) -> None:
    """Ring the service's next emergency number; without one the supervisors' screens sound on."""
    numbers: list[str] = await work.value("select emergency_numbers from service") or []
    for one in orders:
        if not numbers or not await _still_open(work, _escalation(one)):
            continue
        escalation_id, number = _escalation(one), int(one.payload["number"])
        to = numbers[(number - 2) % len(numbers)]  # The second telling is the first to ring.
        await telephone.ring(
            work,
            Page(
                PageId(new_id()),
                await _account(work, escalation_id),
                escalation_id,
                f"{escalation_id.hex}/emergency/{number}",
                int(one.payload["step"]),
                number,
                "emergency number",
                await _whose(work, to),
                Channel.EMERGENCY,
                None,
                None,
                State.QUEUED,
                work.at,
                None,
            ),
            to,
        )


async def withdraw(work: Work, escalation_id: UUID, *, but: UUID | None = None) -> None:
    """Somebody has it: every other page is taken back, every ringing telephone falls silent."""
    for page in await queries.of_escalations(work, [escalation_id]):
        if page.page_id == but or page.state.over:
            continue
        await queries.note(work, page, Fact.WITHDRAWN)
        await queries.tell_of(work, "page.changed", page)
        if page.leg_id is not None:
            await telephone.hang_up(work, page)


async def begin_patch(
    work: Work,
    escalation_id: EscalationId,
    *,
    role: str,
    person_id: PersonId,
    step: int,
    number: int,
) -> bool:
    """Ring this clinician for the waiting caller, or turn a telephone that rings already into that.

    False when no verified telephone reaches them.
    """
    line = await telephone.live_line(work, escalation_id, person_id)
    if line is not None:
        await work.run("update page set channel = 'patch' where page_id = %s", (line.page_id,))
        await queries.tell_of(work, "page.changed", line)
        return True
    theirs = (await telephone.phones(work, [person_id]))[person_id]
    if not theirs:
        return False
    tries = await work.value(
        "select count(*) from page where escalation_id = %s and channel = 'patch'",
        (escalation_id,),
    )
    page_id = PageId(new_id())
    phone = theirs[0]
    page = Page(
        page_id,
        await _account(work, escalation_id),
        escalation_id,
        f"{escalation_id.hex}/patch/{tries + 1}/{phone.contact_method_id.hex}",
        step,
        number,
        role,
        person_id,
        Channel.PATCH,
        phone.contact_method_id,
        None,
        State.QUEUED,
        work.at,
        None,
    )
    await telephone.ring(work, page, phone.address)
    await record(
        work,
        "page.patch_begun",
        wire("page", page_id),
        account_id=page.account_id,
        facts={"escalation": wire("escalation", escalation_id)},
    )
    return True


async def _page_holder(work: Work, order: Order, account_id: AccountId, on_call: OnCall) -> None:
    role = str(order.payload["role"])
    held = _held(on_call, role, work.at)
    if held is None or not await _is_theirs(work, account_id, held.person_id):
        await _nobody(work, order)
        return
    page = _new(work, order, account_id, held.person_id, role)
    if not await queries.insert(work, page):
        return  # Asked again after a crash: the page is out.
    await _push(work, page)
    await record(
        work,
        "page.made",
        wire("page", page.page_id),
        account_id=account_id,
        facts={
            "escalation": wire("escalation", page.escalation_id),
            "person": wire("person", held.person_id),
            "role": role,
            "why": held.why.split(":")[0],
        },
    )
    theirs = (await telephone.phones(work, [held.person_id]))[held.person_id]
    if not theirs:
        await _nobody(work, order)
        return
    line = await telephone.live_line(work, page.escalation_id, held.person_id)
    if line is not None:
        # Their telephone rings already; from now on it rings for this page too.
        await work.run(
            "update page set step = %s, number = %s where page_id = %s",
            (page.step, page.number, line.page_id),
        )
        return
    phone = theirs[(page.number - 1) % len(theirs)]
    by_phone = telephone.by_telephone(page, phone, Channel.PHONE, work)
    await telephone.ring(work, by_phone, phone.address)


async def _is_theirs(work: Work, account_id: AccountId, person_id: PersonId) -> bool:
    """Whether the holder is still the practice's clinician: one who left could not read it."""
    return bool(
        await work.value(
            "select 1 from membership join person p using (person_id) where account_id = %s"
            " and person_id = %s and part = 'clinician' and p.active",
            (account_id, person_id),
        )
    )


def _held(on_call: OnCall, role: str, at: datetime) -> Shift | None:
    """A rota that cannot be read (a zone nobody knows) is nobody's: the next step, not silence."""
    try:
        return holder(on_call, role, at)
    except (LookupError, ValueError, OverflowError) as fault:
        log.error("paging: a rota cannot be read (%s)", type(fault).__name__)
        return None


def _new(work: Work, order: Order, account_id: AccountId, person_id: PersonId, role: str) -> Page:
    escalation_id = _escalation(order)
    step, number = int(order.payload["step"]), int(order.payload["number"])
    return Page(
        PageId(new_id()),
        account_id,
        escalation_id,
        telephone.key(escalation_id, step, number, Channel.APP, person_id),
        step,
        number,
        role,
        person_id,
        Channel.APP,
        None,
        None,
        State.QUEUED,
        work.at,
        None,
    )


async def _push(work: Work, page: Page) -> None:
    """Also by Web Push where the person allowed it. Never a page's only channel."""
    if await work.value(
        "select 1 from push_subscription where person_id = %s and gone_at is null limit 1",
        (page.person_id,),
    ):
        ids: dict[str, Any] = {
            "page": wire("page", page.page_id),
            "person": wire("person", page.person_id) if page.person_id else None,
        }
        await put(work, "push.send", f"push/{page.page_id.hex}", ids)


async def _nobody(work: Work, order: Order) -> None:
    """Nobody holds the role, or no verified number reaches them: the next step, at once."""
    payload = {
        "escalation": order.payload["escalation"],
        "step": order.payload["step"],
        "number": order.payload["number"],
        "nobody": True,
    }
    await put(work, "page.dead", f"nobody/{order.key}", payload)


def _escalation(order: Order) -> EscalationId:
    return EscalationId(unwire("escalation", str(order.payload["escalation"])))


async def _still_open(work: Work, escalation_id: UUID) -> bool:
    # FOR SHARE: whoever accepts waits for us, and then takes back what we made; or we see theirs.
    return bool(
        await work.value(
            "select 1 from escalation where escalation_id = %s and state = 'open' for share",
            (escalation_id,),
        )
    )


async def _open_account(work: Work, order: Order) -> AccountId | None:
    if not await _still_open(work, _escalation(order)):
        return None
    return await _account(work, _escalation(order))


async def _account(work: Work, escalation_id: UUID) -> AccountId | None:
    found = await work.value(
        "select account_id from escalation where escalation_id = %s", (escalation_id,)
    )
    return AccountId(found) if found else None


async def _whose(work: Work, number: str) -> PersonId | None:
    """The person whose verified telephone this is: only a person can take a message."""
    found = await work.value(
        "select c.person_id from contact_method c join person p using (person_id)"
        " where c.channel = 'phone' and c.address = %s and c.verified_at is not null and p.active"
        " order by p.kind = 'administrator' desc, p.kind = 'supervisor' desc, c.sort limit 1",
        (number,),
    )
    return PersonId(found) if found else None
