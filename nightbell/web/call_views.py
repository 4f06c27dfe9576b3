"""What screens see of a call: its card, with the practice behind it, and its timeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nightbell.accounts import queries as accounts
from nightbell.accounts.account import Account
from nightbell.accounts.answering_service import service
from nightbell.audit.queries import latest_checkpoint
from nightbell.calls import queries as calls
from nightbell.calls import timeline
from nightbell.calls.call import Call
from nightbell.core.ids import PersonId, wire
from nightbell.core.tier import Tier
from nightbell.coverage.queries import choice_for
from nightbell.messages import queries as messages
from nightbell.oncall.gaps import Reach
from nightbell.oncall.queries import on_call, reach
from nightbell.oncall.resolve import OnCall, holder
from nightbell.people.queries import names
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.web import escalation_views, messages_views
from nightbell.web.asker import Asker
from nightbell.web.call_wire import (
    AccountCard,
    AccountFact,
    CallCard,
    Holder,
    Timeline,
    TimelineRow,
)
from nightbell.web.wire import Fact


async def card(work: Work, vault: Vault, one: Call, who: Asker) -> CallCard:
    """The call as `who` may see it: numbers are opened only for the agent who has it."""
    mine = who.person_id in (one.agent_id, one.owner_id)
    caller, callback = await calls.numbers(work, vault, one) if mine else ("", "")
    practice = await _account_card(work, one, who) if one.account_id else None
    agent = await names(work, [one.agent_id])
    return CallCard(
        call_id=wire("call", one.call_id),
        account=practice,
        answer_phrase=practice.answer_phrase if practice else await service_phrase(work, who.name),
        did=one.did,
        caller_number=caller,
        callback_number=callback,
        coverage=one.coverage,
        state=one.state,
        rang_at=one.rang_at,
        answered_at=one.answered_at,
        held_since=one.held_at,
        ended_at=one.ended_at,
        agent=agent.get(one.agent_id, "") if one.agent_id else "",
        mine=mine,
        tier=Tier(one.tier) if one.tier else None,
        call_type=one.call_type,
        disposition=one.disposition,
        due_at=one.due_at,
        escalation=await escalation_views.of_call(work, one.call_id),
        messages=await messages_views.cards(
            work, who.person_id, await messages.of_call(work, one.call_id), sealed=False
        ),
        earlier=[_earlier(each) for each in await calls.earlier(work, vault, one, caller)],
    )


async def cards(work: Work, vault: Vault, several: Sequence[Call], who: Asker) -> list[CallCard]:
    return [await card(work, vault, one, who) for one in several]


async def service_phrase(work: Work, agent: str) -> str:
    """What an agent says to a caller of a number that no practice claims."""
    return (await service(work)).answer_phrase.replace("{agent}", agent.split(" ")[0])


def holder_view(
    oncall: OnCall, people: Mapping[PersonId, Reach], role: str, at: datetime
) -> Holder:
    """Who holds `role`, until when and why; an empty role is said, not left out."""
    held = holder(oncall, role, at)
    known = people.get(held.person_id) if held else None
    return Holder(
        role=role,
        who=known.name if known else "",
        person_id=wire("person", held.person_id) if held else None,
        until=held.ends_at if held else None,
        why=held.why if held else "nobody",
        reachable=bool(known and known.by_phone),
    )


async def timeline_of(work: Work, one: Call) -> Timeline:
    newest = await latest_checkpoint(work)
    practice = await accounts.account(work, one.account_id) if one.account_id else None
    return Timeline(
        call_id=wire("call", one.call_id),
        account_name=practice.name if practice else "",
        rows=[
            TimelineRow(
                at=line.at,
                kind=line.kind,
                words=line.words,
                who=line.who,
                facts=dict(line.facts),
                position=line.position,
            )
            for line in await timeline.lines(work, one.call_id)
        ],
        tree_size=newest.tree_size if newest else 0,
        root=newest.root.hex() if newest else "",
    )


async def _account_card(work: Work, one: Call, who: Asker) -> AccountCard:
    assert one.account_id is not None
    account = await accounts.account(work, one.account_id)
    choice = await choice_for(work, account)
    return AccountCard(
        account_id=wire("account", account.account_id),
        name=account.name,
        specialty=account.specialty,
        time_zone=account.time_zone,
        answer_phrase=account.phrase_for(who.name),
        open_now=choice.open_now,
        changes_at=choice.changes_at,
        today=choice.today,
        facts=[
            AccountFact(kind=fact.kind, title=fact.title, body=fact.body)
            for fact in await accounts.facts(work, account.account_id)
        ],
        standing_orders=[
            AccountFact(kind="standing_order", title=order.title, body=order.body)
            for order in await accounts.standing_orders(work, account.account_id)
        ],
        on_call=await holders(work, account),
        fallback_text=account.fallback_text,
    )


async def holders(work: Work, account: Account) -> list[Holder]:
    """Every role of the practice and who holds it now."""
    oncall = await on_call(work, account.account_id)
    shifts = [holder(oncall, role, work.at) for role in oncall.roles]
    people = await reach(work, [shift.person_id for shift in shifts if shift])
    return [holder_view(oncall, people, role, work.at) for role in oncall.roles]


def _earlier(one: calls.Earlier) -> Fact:
    return Fact(
        at=one.rang_at,
        kind="call",
        facts={
            "tier": one.tier,
            "call_type": one.call_type,
            "disposition": one.disposition,
            "state": one.state,
        },
    )
