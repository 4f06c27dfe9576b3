"""Cradle to grave: everything that happened to a call, in order and in plain words.

The facts come from where each room keeps them; here they are put in one line and said. Where an
act has a leaf in the audit log, its row says at which position, so that anybody can check it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nightbell.core.errors import Fact
from nightbell.core.ids import wire
from nightbell.core.phone import grouped
from nightbell.people.queries import names
from nightbell.store.work import Work


@dataclass(frozen=True, slots=True)
class Happened:
    """One fact as its room keeps it. `whom` is the other person it names."""

    at: datetime
    subject: str  # a wire id
    kind: str
    actor: str  # person_..., caller, service, switch
    whom: UUID | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    at: datetime
    subject: str
    act: str
    actor: str
    facts: Mapping[str, Any]
    position: int | None


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    kind: str
    words: str
    who: str
    facts: Mapping[str, Fact]
    position: int | None


# What each event is called in the audit log. The first of a kind is the first of its act.
ACTS: Mapping[str, str] = {
    "CallRang": "call.rang",
    "SwitchActedAlone": "call.switch_acted_alone",
    "CallAnswered": "call.answered",
    "AgentHungUp": "call.hung_up",
    "AgentLost": "call.agent_lost",
    "ClinicianJoined": "call.patched",
    "CallAbandoned": "call.abandoned",
    "CallEnded": "call.ended",
    "CallCutOff": "call.cut_off",
    "RingBackAsked": "call.ring_back_asked",
    "CallRungBack": "call.rung_back",
    "CallTaken": "call.taken",
    "CallClosed": "call.closed",
    "CallbackAsked": "call.callback_asked",
    "CallbackJoined": "call.called_back",
    "page.queued": "page.made",
    "message.taken": "message.filed",
    "message.owned": "message.taken",
}

WORDS: Mapping[str, str] = {
    "CallRang": "The telephone rang for {did}",
    "CallGreeted": "The caller heard the greeting",
    "SwitchActedAlone": "The switch was on its own: {what}",
    "OfferMade": "Offered to {whom}",
    "OfferRefused": "{whom} could not take it",
    "OfferExpired": "{whom} did not answer the offer in time",
    "OfferWithdrawn": "The offer to {whom} was taken back",
    "CallAnswered": "{who} answered in the practice's name",
    "CallHeld": "{who} put the caller on hold",
    "CallResumed": "{who} took the caller off hold",
    "AgentHungUp": "{who} ended the call",
    "AgentLeft": "{who} stepped out; caller and clinician went on",
    "AgentLost": "The agent's audio was lost",
    "CallBackInLine": "The caller was told that we are still here, and put first in line",
    "ClinicianJoined": "{who} was joined to the caller",
    "ClinicianLeft": "The clinician left the call",
    "CallAbandoned": "The caller hung up before anybody answered",
    "CallEnded": "The call ended",
    "CallCutOff": "The call was cut off when the switch failed",
    "RingBackAsked": "{who} rang the caller back",
    "CallRungBack": "The caller answered when rung back",
    "CallTaken": "{who} took over the unfinished call",
    "CallClosed": "{who} closed the call",
    "CallbackNumberKept": "{who} wrote down the call-back number",
    "CallbackAsked": "{who} asked to call the patient back",
    "CallbackRinging": "The patient's telephone was rung, showing the practice's number",
    "CallbackJoined": "{who} was joined to the patient",
    "CallbackPatientEnded": "The patient's side of the call-back ended",
    "CallbackEnded": "{who}'s side of the call-back ended",
    "CallerAudioLost": "Nothing was heard from the caller's side",
    "CallerAudioBack": "The caller was heard again",
    "OrderRefused": "The switch could not do as ordered: {code}",
    "RoomLeft": "The caller left the conversation",
    "TierRaised": "The urgency rose to {tier}",
    "triage": "{who} ran {protocol}: {tier}",
    "triage.clear": "{who} ran {protocol}: nothing urgent found",
    "page.queued": "{whom} is to be paged as {role} by {channel}",
    "page.handed_over": "The page to {whom} was handed over",
    "page.on_device": "The page was shown on {whom}'s device",
    "page.ringing": "{whom}'s telephone rang",
    "page.answered": "{whom}'s telephone was answered",
    "page.key_pressed": "{whom} pressed the key on the telephone",
    "page.no_key": "Nobody pressed a key on {whom}'s telephone",
    "page.busy": "{whom}'s telephone was busy",
    "page.no_answer": "{whom}'s telephone was not answered",
    "page.refused": "{whom}'s telephone refused the call",
    "page.accepted": "{whom} has it",
    "page.declined": "{whom} said: not me",
    "page.withdrawn": "The page to {whom} was taken back",
    "message.taken": "{who} finished the message",
    "message.delivered": "The message reached {who}'s device",
    "message.read": "{who} read the message",
    "message.accepted": "{who} accepted the message",
    "message.declined": "{who} passed the message on",
    "message.called_back": "{who} called the patient back",
    "message.owned": "{who} became the message's owner",
    "message.closed": "{who} closed the message",
    "escalation.begun": "The escalation began",
    "escalation.raised": "The escalation was raised",
    "escalation.moved_on": "The wait ended: on to the next",
    "escalation.declined": "{who} declined: on to the next",
    "escalation.page_dead": "A page reached nobody: on to the next",
    "escalation.nobody_there": "Nobody could be reached in that role: on to the next",
    "escalation.given_to_supervisor": "The supervisor was told",
    "escalation.accepted": "{who} took it: the escalation stopped",
    "escalation.closed": "The escalation is over",
}
# What the person named did; everything else done to them, the service or the switch did.
THEIRS = frozenset(
    {
        "OfferRefused",
        "page.on_device",
        "page.answered",
        "page.key_pressed",
        "page.accepted",
        "page.declined",
    }
)
BY_THEMSELVES = {"caller": "The caller", "service": "The service", "switch": "The switch"}
NAMELESS = "The emergency contact"


def tell(
    happened: Sequence[Happened], leaves: Sequence[Leaf], people: Mapping[UUID, str]
) -> list[Line]:
    """One line of time. An escalation speaks through its leaves; all else has facts of its own."""
    waiting: dict[tuple[str, str], list[Leaf]] = defaultdict(list)
    lines: list[Line] = []
    for leaf in leaves:
        if leaf.subject.startswith("escalation_"):
            one = Happened(leaf.at, leaf.subject, leaf.act, leaf.actor, None, leaf.facts)
            lines.append(_line(one, people, leaf.position))
        else:
            waiting[leaf.subject, leaf.act].append(leaf)
    for one in happened:
        of_act = waiting.get((one.subject, _act(one.kind)))
        position = of_act.pop(0).position if of_act else None
        lines.append(_line(one, people, position))
    lines.sort(key=lambda line: line.at)  # Stable: one instant keeps its own order.
    return [one for n, one in enumerate(lines) if not _said_again(one, lines[:n])]


def _said_again(one: Line, before: Sequence[Line]) -> bool:
    """Two pages to one person end by one act: it is told once."""
    return any(
        (one.at, one.words, one.position) == (said.at, said.words, said.position)
        for said in before[-8:]
    )


def _act(kind: str) -> str:
    return ACTS.get(kind, kind)


def _line(one: Happened, people: Mapping[UUID, str], position: int | None) -> Line:
    # A key press arrives through the switch; the fact says whose it was.
    who = _name(str(one.facts.get("person", "")), people) or _name(one.actor, people)
    who = who or BY_THEMSELVES.get(one.actor, "")
    whom = people.get(one.whom, "") if one.whom else ""
    facts = {name: value for name, value in one.facts.items() if _plain(value)}
    said = defaultdict(str, {key: str(value) for key, value in facts.items() if value is not None})
    said.update(who=who or "Somebody", whom=whom or NAMELESS)
    if "did" in facts:
        said["did"] = grouped(str(facts["did"]))
    words = WORDS.get(one.kind, one.kind).format_map(said)
    doer = whom if one.kind in THEIRS and whom else who
    return Line(one.at, one.kind, words, doer, facts, position)


def _name(actor: str, people: Mapping[UUID, str]) -> str:
    person_id = person_of(actor)
    return people.get(person_id, "") if person_id else ""


def person_of(actor: object) -> UUID | None:
    """The person behind `person_...`, if it is one."""
    kind, _, digits = str(actor).partition("_")
    return UUID(hex=digits) if kind == "person" and len(digits) == 32 else None


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


async def lines(work: Work, call_id: UUID) -> list[Line]:
    """The call's whole record, of what is in this work's scope."""
    happened = await _calls(work, call_id)
    happened += await _triage(work, call_id)
    happened += await _pages(work, call_id)
    happened += await _messages(work, call_id)
    escalations = await work.dicts(
        "select escalation_id from escalation where call_id = %s", (call_id,)
    )
    subjects = {one.subject for one in happened}
    subjects |= {wire("escalation", row["escalation_id"]) for row in escalations}
    leaves = await work.rows(
        Leaf,
        "select at, subject, act, actor, facts, position from audit_leaf"
        " where subject = any(%s) order by at, position",
        (sorted(subjects),),
    )
    named = {one.whom for one in happened} | {person_of(one.actor) for one in happened}
    named |= {person_of(leaf.actor) for leaf in leaves}
    named |= {person_of(leaf.facts.get("person")) for leaf in leaves}
    return tell(happened, leaves, await names(work, named))


async def _calls(work: Work, call_id: UUID) -> list[Happened]:
    rows = await work.dicts(
        "select at, kind, actor, facts from call_event where call_id = %s and kind <> 'RoomLeft'"
        " order by seq",
        (call_id,),
    )
    subject = wire("call", call_id)
    return [
        Happened(
            row["at"], subject, row["kind"], row["actor"], person_of(row["facts"].get("to")),
            row["facts"],
        )
        for row in rows
    ]  # fmt: skip


async def _triage(work: Work, call_id: UUID) -> list[Happened]:
    rows = await work.dicts(
        "select changed_at, changed_by, protocol, tier, rule from triage_run where call_id = %s"
        " order by changed_at",
        (call_id,),
    )
    return [
        Happened(
            row["changed_at"], wire("call", call_id), "triage" if row["tier"] else "triage.clear",
            wire("person", row["changed_by"]), None,
            {name: row[name] for name in ("protocol", "tier", "rule")},
        )
        for row in rows
    ]  # fmt: skip


async def _pages(work: Work, call_id: UUID) -> list[Happened]:
    rows = await work.dicts(
        "select f.at, f.kind, f.facts, p.page_id, p.person_id, p.role, p.channel"
        " from page_fact f join page p using (page_id) join escalation e using (escalation_id)"
        " where e.call_id = %s order by f.at, f.page_id, f.seq",
        (call_id,),
    )
    return [
        Happened(
            row["at"], wire("page", row["page_id"]), f"page.{row['kind']}", "service",
            row["person_id"], {**row["facts"], "role": row["role"], "channel": row["channel"]},
        )
        for row in rows
    ]  # fmt: skip


async def _messages(work: Work, call_id: UUID) -> list[Happened]:
    rows = await work.dicts(
        "select f.at, f.kind, f.facts, f.device, f.person_id, f.message_id"
        " from message_fact f join message m using (message_id)"
        " where m.call_id = %s order by f.at, f.message_id, f.seq",
        (call_id,),
    )
    return [
        Happened(
            row["at"], wire("message", row["message_id"]), f"message.{row['kind']}",
            wire("person", row["person_id"]) if row["person_id"] else "service", None,
            {**row["facts"], "device": row["device"]},
        )
        for row in rows
    ]  # fmt: skip
