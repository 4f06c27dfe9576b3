"""The demonstration service, made once: two practices, their people, their keys, their rotas."""

import asyncio
import logging
import os
from datetime import date
from pathlib import Path
from uuid import UUID

import holidays

from nightbell.accounts import answering_service, demonstration
from nightbell.accounts import commands as accounts
from nightbell.accounts.account import (
    Account,
    AccountFact,
    Did,
    Greeting,
    OpenHours,
    SpecialDay,
    StandingOrder,
)
from nightbell.accounts.demonstration import DemoAccount, DemoPerson
from nightbell.core.ids import AccountId, PersonId, new_id
from nightbell.core.tier import Tier
from nightbell.escalation.agreement import keep_policy
from nightbell.oncall.planning import RotaForm, keep_rotas
from nightbell.people import commands as people
from nightbell.people.person import Membership, Person
from nightbell.run.founding import Enrolment, enrol_all, give_sign_in, make_desk
from nightbell.run.settings import Settings
from nightbell.sealing.commands import keep_account_keys
from nightbell.sealing.keys import (
    AccountKeys,
    SharedKey,
    close_mark_key,
    close_share,
    make_account_keys,
)
from nightbell.store.work import SERVICE, Store, Work

log = logging.getLogger(__name__)

DESK_KINDS = frozenset({"agent", "supervisor"})
FIRST_MONDAY = date(2026, 1, 5)  # the rotas' first handoff: a Monday


def main(settings: Settings) -> int:
    asyncio.run(seed(settings.database("web"), settings.data))
    return 0


async def seed(url: str, data: Path) -> bool:
    """Make the demonstration unless a service exists; whether it was made."""
    store = await Store(url, connections=2).open()
    try:
        async with store.work(SERVICE) as work:
            if await work.value("select count(*) from service"):
                return False
        keys = {one.key: make_account_keys() for one in demonstration.ACCOUNTS}
        enrolled = enrol_all([demonstration.PASSPHRASE] * len(demonstration.PEOPLE))
        async with store.work(SERVICE) as work:
            await _service(work)
            ids = await _accounts(work)
            persons = await _people(work, ids, enrolled)
            desk = await _desk(work, enrolled, persons)
            for one in demonstration.ACCOUNTS:
                await _on_call(work, one, ids[one.key], persons)
                await _keys(work, one, ids[one.key], keys[one.key], desk, enrolled, persons)
        _keep_recovery(data / "demo", keys)
        log.info("the demonstration service is made")
        return True
    finally:
        await store.close()


async def _service(work: Work) -> None:
    await answering_service.keep(
        work,
        answering_service.Service(
            name=demonstration.SERVICE_NAME,
            answer_phrase="Doctors' answering service, this is {agent}. Which office did you want?",
            caller_id=demonstration.SERVICE_NUMBER,
            emergency_numbers=list(demonstration.EMERGENCY_NUMBERS),
            supervisor_untaken_s=60,
            is_demo=True,
        ),
    )


async def _accounts(work: Work) -> dict[str, AccountId]:
    ids = {one.key: AccountId(new_id()) for one in demonstration.ACCOUNTS}
    for one in demonstration.ACCOUNTS:
        await accounts.keep(work, _form(one, ids[one.key], on=work.at.date()))
    return ids


def _form(one: DemoAccount, account_id: AccountId, *, on: date) -> accounts.Form:
    return accounts.Form(
        account=Account(
            account_id=account_id,
            name=one.name,
            specialty=one.specialty,
            time_zone=one.time_zone,
            answer_phrase=f"{one.name} answering service, this is {{agent}}.",
            caller_id=one.number,
            coverage_mode="after_hours",
            office_number=None,
            fallback_text=demonstration.FALLBACK,
            offers_held_s=20,
            hold_limit_h=4,
            active=True,
        ),
        dids=[Did(one.number, account_id, "main")],
        hours=[OpenHours(day, opens, closes) for day, opens, closes in one.hours],
        special_days=_holidays(on),
        greetings=[Greeting(when, prompt, words) for when, prompt, words in one.greetings],
        facts=[AccountFact(kind, title, body, None) for kind, title, body in one.facts],
        standing_orders=[StandingOrder(title, body) for title, body in one.standing_orders],
    )


def _holidays(on: date) -> list[SpecialDay]:
    """The country's holidays still to come, this year and the next: closed all day."""
    days = holidays.country_holidays("US", years=[on.year, on.year + 1])
    ahead = sorted((day, name) for day, name in days.items() if day >= on)
    return [SpecialDay(day, name, None, None) for day, name in ahead]


async def _people(
    work: Work, ids: dict[str, AccountId], enrolled: list[Enrolment]
) -> dict[str, PersonId]:
    persons = {one.handle: PersonId(new_id()) for one in demonstration.PEOPLE}
    for one, enrolment in zip(demonstration.PEOPLE, enrolled, strict=True):
        await people.keep(
            work,
            Person(persons[one.handle], one.name, one.kind, True),
            [Membership(ids[key], persons[one.handle], part) for key, part in one.parts],
            _methods(one),
        )
        await give_sign_in(work, persons[one.handle], one.handle, enrolment)
    return persons


def _methods(one: DemoPerson) -> list[people.Method]:
    app = [people.Method("app", "", "Nightbell app", verified=True)]
    phone = [people.Method("phone", one.phone, "mobile", verified=True)] if one.phone else []
    return app + phone if one.kind == "clinician" else phone


async def _desk(work: Work, enrolled: list[Enrolment], persons: dict[str, PersonId]) -> SharedKey:
    return await make_desk(
        work,
        {
            persons[one.handle]: enrolment.keys
            for one, enrolment in zip(demonstration.PEOPLE, enrolled, strict=True)
            if one.kind in DESK_KINDS
        },
    )


async def _on_call(
    work: Work, one: DemoAccount, account_id: AccountId, persons: dict[str, PersonId]
) -> None:
    roles = [rota.role for rota in one.rotas]
    rotas = [
        RotaForm(
            rota.role,
            rota.every,
            rota.handoff_at,
            FIRST_MONDAY,
            [persons[handle] for handle in rota.people],
        )
        for rota in one.rotas
    ]
    await keep_rotas(work, account_id, one.time_zone, roles, rotas)
    for tier, steps in one.policies.items():
        agreed = [{"role": each.role, "pages": each.pages, "wait_s": each.wait_s} for each in steps]
        await keep_policy(work, account_id, Tier(tier), agreed, roles=roles)


async def _keys(
    work: Work,
    one: DemoAccount,
    account_id: AccountId,
    keys: AccountKeys,
    desk: SharedKey,
    enrolled: list[Enrolment],
    persons: dict[str, PersonId],
) -> None:
    shares: dict[UUID, bytes] = {
        persons[who.handle]: close_share(keys.inbox, enrolment.keys.age_recipient)
        for who, enrolment in zip(demonstration.PEOPLE, enrolled, strict=True)
        if (one.key, "office") in who.parts
    }
    await keep_account_keys(
        work,
        account_id,
        inbox_recipient=keys.inbox.age_recipient,
        recovery_recipient=keys.recovery.age_recipient,
        inbox_shares=shares,
        mark_closed_to_desk=close_mark_key(keys.mark, desk.age_recipient),
        mark_closed_to_inbox=close_mark_key(keys.mark, keys.inbox.age_recipient),
    )


def _keep_recovery(folder: Path, keys: dict[str, AccountKeys]) -> None:
    """A real practice prints its recovery key; the demonstration leaves it in a file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key, made in keys.items():
        path = folder / f"{key}-recovery-key.txt"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(made.recovery.age_secret + "\n")
