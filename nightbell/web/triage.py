"""Triage: the compiled library, and the server's own run of what the console ran."""

from typing import Any

from fastapi import APIRouter

from nightbell.calls import rows
from nightbell.calls.call import Call, NotYourCall
from nightbell.calls.commands import raise_tier
from nightbell.core.ids import CallId, PersonId, unwire
from nightbell.core.tier import Tier
from nightbell.escalation.commands import begin
from nightbell.escalation.queries import take_of_call
from nightbell.scripts.library import call_type_json, load_call_types
from nightbell.triage.commands import keep_run
from nightbell.triage.library import library_json, load_library
from nightbell.triage.run import ModifierRefused, find_again, fitting
from nightbell.web import escalation_views
from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.wire import EscalationView, Wire, WireId

router = APIRouter(prefix="/api", tags=["triage"])


class Library(Wire):
    """Compiled tables as `triage.compile` documents them, and the phrase bank."""

    first_look: dict[str, Any]
    protocols: list[dict[str, Any]]
    phrases: dict[str, dict[str, str]]
    modifiers: list[dict[str, Any]]  # {"id", "label"}, in the order they are shown
    fields: dict[str, dict[str, str]]  # labels of what a protocol hands to the clinician
    call_types: list[dict[str, Any]]  # as `scripts.library` writes them


class Answers(Wire):
    protocol: str
    hash: str  # of the compiled version the console runs
    answers: dict[str, str]
    modifiers: list[str] = []
    client_tier: Tier | None = None  # what the console found; the server keeps the more urgent
    raise_to: Tier | None = None  # an agent's instinct; needs no reason, never lowers


class Triaged(Wire):
    """The server's own finding. `call_tier` is never lower than any found before on this call."""

    next_question: str | None
    tier: Tier | None
    rule: str
    say: list[str]
    disposition: str
    call_tier: Tier | None
    escalation: EscalationView | None  # at T1 and T2 it has begun: "being taken"


@router.get("/triage/library")
async def library(who: Asking) -> Library:
    told = library_json(load_library())
    return Library(
        first_look=dict(told["first_look"]),
        protocols=[dict(table) for table in told["protocols"]],
        phrases=told["phrases"],
        modifiers=[{"id": key, "label": label} for key, label in told["modifiers"].items()],
        fields=told["fields"],
        call_types=[call_type_json(one) for one in load_call_types()],
    )


@router.post("/calls/{call_id}/triage")
async def run(
    call_id: WireId, body: Answers, who: Asking, store: TheStore, vault: TheVault
) -> Triaged:
    known = load_library()
    table = known.table(body.protocol)
    answers, modifiers = body.answers, body.modifiers
    if body.hash != table["hash"]:
        # The console began with another version. It is not turned away: what still fits counts,
        # and the tier it found stands.
        answers = fitting(table, answers)
        modifiers = [one for one in modifiers if one in known.bank.modifiers]
    if not set(modifiers) <= set(known.bank.modifiers):
        raise ModifierRefused
    finding = find_again(
        table, answers, modifiers, client_tier=body.client_tier, raise_to=body.raise_to
    )
    async with store.work(who.scope) as work:
        # An escalation is locked before its call, everywhere; a key pressed now does the same.
        before = await take_of_call(work, unwire("call", call_id))
        call = await rows.take(work, CallId(unwire("call", call_id)))
        _theirs(call, who.person_id)
        is_news = await keep_run(
            work,
            vault,
            call_id=call.call_id,
            account_id=call.account_id,
            by=who.person_id,
            table=table,
            console_hash=body.hash,
            answers=answers,
            modifiers=modifiers,
            finding=finding,
        )
        stands = await raise_tier(work, call, finding.tier)
        over = before is not None and before.state == "closed"
        if stands is not None and stands.at_once and (is_news or not over):
            await begin(work, call.call_id, stands, work.at)
        escalation = await escalation_views.of_call(work, call.call_id)
    return Triaged(
        next_question=finding.next_question,
        tier=finding.tier,
        rule=finding.rule,
        say=list(finding.say),
        disposition=finding.disposition,
        call_tier=stands,
        escalation=escalation,
    )


def _theirs(call: Call, person: PersonId) -> None:
    """A call is triaged by the agent on it, or by whoever owns it once it is over."""
    if person not in (call.agent_id, call.owner_id):
        raise NotYourCall
