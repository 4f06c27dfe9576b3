"""A practice and its people, made through the rooms' own commands."""

from datetime import time
from uuid import UUID

from nightbell.accounts import commands
from nightbell.accounts.account import Account, AccountFact, Did, Greeting, OpenHours, StandingOrder
from nightbell.core.ids import AccountId, PersonId, new_id
from nightbell.people import commands as people
from nightbell.people.person import Kind, Membership, Person
from nightbell.store.work import Work

RIVERSIDE_DID = "+12125550142"


def riverside(account_id: AccountId, *, did: str = RIVERSIDE_DID) -> commands.Form:
    """Riverside Cardiology, open 8 to 5 on weekdays in New York."""
    return commands.Form(
        account=Account(
            account_id,
            "Riverside Cardiology",
            "cardiology",
            "America/New_York",
            "Riverside Cardiology answering service, this is {agent}.",
            did,
            "after_hours",
            None,
            "We have not reached the clinician yet. If it gets worse, call 911.",
            20,
            4,
            True,
        ),
        dids=[Did(did, account_id, "main")],
        hours=[OpenHours(day, time(8), time(17)) for day in range(5)],
        special_days=[],
        greetings=[Greeting("after_hours", "riverside_after_hours", "The office is closed.")],
        facts=[AccountFact("parking", "Parking", "Park in the garage.", None)],
        standing_orders=[StandingOrder("Refills", "Hold for the office.")],
    )


async def make_account(work: Work, *, did: str = RIVERSIDE_DID) -> AccountId:
    return await commands.keep(work, riverside(AccountId(new_id()), did=did))


async def make_person(
    work: Work, name: str, kind: Kind, *, account_id: UUID | None = None, phone: str = ""
) -> PersonId:
    """A person; a clinician or office person of `account_id`, with a verified telephone."""
    person_id = PersonId(new_id())
    part = "office" if kind == "office" else "clinician"
    methods = [people.Method("app", "", "app", verified=True)]
    if phone:
        methods.append(people.Method("phone", phone, "mobile", verified=True))
    memberships = [Membership(AccountId(account_id), person_id, part)] if account_id else []
    return await people.keep(work, Person(person_id, name, kind, True), memberships, methods)
