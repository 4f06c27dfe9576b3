"""Pages by telephone: ring, ask for a key, and never take a machine for a person.

What an escalation makes of a press or a dead line is its own affair: `hear` only says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from nightbell.calls import switchboard
from nightbell.calls.commands import join_clinician
from nightbell.core.ids import CallId, PageId, new_id
from nightbell.paging import queries
from nightbell.paging.page import FAILURES, Channel, Fact, State, heard_of
from nightbell.paging.queries import Page
from nightbell.store.work import Work
from nightbell.telephony.port import Json, Kind, Op

RING_S = 30
GATE_S = 30
SAYINGS = 3
ACCEPT = "1"
ACCEPTED = "say:accepted"
TAKEN = "say:taken"
UNTAKEN = "say:emergency_number"  # to a number of nobody's: it is still to be taken by a person
# A page line that nothing was heard of for this long no longer keeps a new one from being rung.
LINE_LIVES = timedelta(seconds=RING_S + GATE_S + 30)

PROMPTS = {
    Channel.PHONE: "say:urgent_page",
    Channel.PATCH: "say:urgent_patch",
    Channel.EMERGENCY: "say:emergency_number",
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A person is there and pressed the key."""

    page: Page


@dataclass(frozen=True, slots=True)
class Dead:
    """Nothing is left of this page's call-out that could still wake anybody."""

    page: Page


Heard = Pressed | Dead


@dataclass(frozen=True, slots=True)
class Phone:
    contact_method_id: UUID
    person_id: UUID
    address: str


async def phones(work: Work, people: list[UUID]) -> dict[UUID, list[Phone]]:
    """Each person's verified telephones in their order; an unproved number is never rung."""
    rows = await work.rows(
        Phone,
        "select c.contact_method_id, c.person_id, c.address from contact_method c"
        " join person p using (person_id)"
        " where c.person_id = any(%s) and c.channel = 'phone' and c.verified_at is not null"
        " and p.active order by c.sort",
        (people,),
    )
    return {one: [row for row in rows if row.person_id == one] for one in people}


async def ring(work: Work, page: Page, number: str) -> bool:
    """Keep the page and order its telephone rung; False when this very page was made before."""
    if not await queries.insert(work, page):
        return False
    kind = "page" if page.channel is Channel.PHONE else page.channel.value
    leg_id = await switchboard.new_leg(
        work,
        kind,
        call_id=await _call_of(work, page),
        account_id=page.account_id,
        person_id=page.person_id,
        page_id=page.page_id,
    )
    await work.run("update page set leg_id = %s where page_id = %s", (leg_id, page.page_id))
    page = replace(page, leg_id=leg_id)
    shown = await work.value(
        "select coalesce((select caller_id from service),"
        " (select caller_id from account where account_id = %s), '')",
        (page.account_id,),
    )
    await _ask(
        work,
        Op.ORIGINATE,
        page,
        {"to": number, "caller_id": shown, "timeout_s": RING_S, "purpose": kind},
    )
    return True


def by_telephone(page: Page, phone: Phone, channel: Channel, work: Work) -> Page:
    """The same call-out by this telephone: a page of its own."""
    return replace(
        page,
        page_id=PageId(new_id()),
        key=key(page.escalation_id, page.step, page.number, channel, phone.contact_method_id),
        channel=channel,
        contact_method_id=phone.contact_method_id,
        leg_id=None,
        state=State.QUEUED,
        made_at=work.at,
        ended_at=None,
    )


async def live_line(work: Work, escalation_id: UUID, person_id: UUID) -> Page | None:
    """This person's telephone that is already ringing, or asking, for the same escalation."""
    return await work.row(
        Page,
        queries.COLUMNS + " where escalation_id = %s and person_id = %s"
        " and channel in ('phone', 'patch') and state in ('queued', 'going') and made_at > %s"
        " order by made_at desc limit 1 for update",
        (escalation_id, person_id, work.at - LINE_LIVES),
    )


async def hear(work: Work, page: Page, kind: Kind, facts: Mapping[str, Json]) -> Heard | None:
    """Keep what the switch said of a page's leg, order what follows, and say what it means."""
    if kind is Kind.PLAY_FINISHED:
        if facts.get("prompts") in ([ACCEPTED], [TAKEN], [UNTAKEN]):
            await _ask(work, Op.HANGUP, page)
        return None
    said = await queries.facts_of(work, [page.page_id])
    fact = heard_of(kind, facts, answered=any(one.kind == Fact.ANSWERED for one in said))
    if fact is None or any(one.kind == fact for one in said):
        return None  # The switch may say it twice.
    if page.state.over and fact is not Fact.KEY_PRESSED:
        return None
    if kind is Kind.LEG_ENDED and any(one.kind == Fact.KEY_PRESSED for one in said):
        return None  # They pressed and hung up: as it should be.
    state = await queries.note(work, page, fact)
    await queries.tell_of(work, "page.changed", page)
    if fact is Fact.ANSWERED:
        await _open_gate(work, page)
    if fact is Fact.KEY_PRESSED:
        return Pressed(page)
    if fact in FAILURES and state is State.FAILED:
        if kind is Kind.GATE_FAILED and facts.get("cause") != "ended":
            await _ask(work, Op.HANGUP, page)
        return await _next_or_dead(work, page)
    return None


async def thank(work: Work, page: Page, prompt: str) -> None:
    """Say one last thing; the line is hung up when it has been said (`PLAY_FINISHED`)."""
    await _ask(work, Op.PLAY, page, {"prompts": [prompt], "loop": False})


async def join_caller(work: Work, page: Page) -> bool:
    """Join the clinician to the waiting caller; False when the caller is gone."""
    assert page.leg_id is not None
    return await join_clinician(work, await _call_of(work, page), page.leg_id, page.person_id)


async def hang_up(work: Work, page: Page) -> None:
    await _ask(work, Op.HANGUP, page)


async def _next_or_dead(work: Work, page: Page) -> Heard | None:
    """Another verified telephone of the same person is tried before the step is given up."""
    if page.person_id is not None and page.channel is not Channel.EMERGENCY:
        theirs = (await phones(work, [page.person_id]))[page.person_id]
        of_this = [
            one
            for one in await queries.of_escalations(work, [page.escalation_id])
            if (one.step, one.number) == (page.step, page.number)
        ]
        tried = {one.contact_method_id for one in of_this}
        for phone in theirs:
            if phone.contact_method_id not in tried:
                await ring(work, by_telephone(page, phone, page.channel, work), phone.address)
                return None
        if any(one.channel is Channel.APP and one.state is State.DELIVERED for one in of_this):
            return None  # Their screen shows it: the wait runs on.
    return Dead(page)


def key(escalation_id: UUID, step: int, number: int, channel: Channel, where: UUID) -> str:
    """What makes a page the same page when it is asked for again after a crash."""
    return f"{escalation_id.hex}/{step}/{number}/{channel}/{where.hex}"


async def _open_gate(work: Work, page: Page) -> None:
    await _ask(
        work,
        Op.GATE,
        page,
        {
            "prompts": [PROMPTS[page.channel]],
            "digits": ACCEPT,
            "repeats": SAYINGS,
            "timeout_s": GATE_S,
        },
    )


async def _ask(work: Work, op: Op, page: Page, args: Mapping[str, Json] | None = None) -> None:
    assert page.leg_id is not None
    await switchboard.order(
        work, op, leg=page.leg_id, call_id=await _call_of(work, page), args=args or {}
    )


async def _call_of(work: Work, page: Page) -> CallId:
    return CallId(
        await work.value(
            "select call_id from escalation where escalation_id = %s", (page.escalation_id,)
        )
    )
