"""Accounts as they stand."""

from uuid import UUID

from nightbell.accounts.account import (
    Account,
    AccountFact,
    Did,
    Greeting,
    OpenHours,
    SpecialDay,
    StandingOrder,
)
from nightbell.store.work import Work

ACCOUNT = (
    "select account_id, name, specialty, time_zone, answer_phrase, caller_id, coverage_mode,"
    " office_number, fallback_text, offers_held_s, hold_limit_h, active from account"
)


async def account(work: Work, account_id: UUID) -> Account:
    return await work.need(Account, ACCOUNT + " where account_id = %s", (account_id,))


async def account_by_did(work: Work, number: str) -> Account | None:
    """The account that claims the dialled `number` (E.164), or None."""
    return await work.row(
        Account,
        ACCOUNT + " where account_id = (select account_id from did where number = %s)",
        (number,),
    )


async def accounts(work: Work) -> list[Account]:
    return await work.rows(Account, ACCOUNT + " order by lower(name)")


async def dids(work: Work, account_id: UUID | None = None) -> list[Did]:
    return await work.rows(
        Did,
        "select number, account_id, label from did"
        " where %(account)s::uuid is null or account_id = %(account)s order by number",
        {"account": account_id},
    )


async def hours(work: Work, account_id: UUID) -> list[OpenHours]:
    return await work.rows(
        OpenHours,
        "select weekday, opens_at, closes_at from office_hours where account_id = %s"
        " order by weekday, opens_at",
        (account_id,),
    )


async def special_days(work: Work, account_id: UUID) -> list[SpecialDay]:
    return await work.rows(
        SpecialDay,
        "select on_day, label, opens_at, closes_at from special_day where account_id = %s"
        " order by on_day",
        (account_id,),
    )


async def greetings(work: Work, account_id: UUID) -> list[Greeting]:
    return await work.rows(
        Greeting,
        "select said_when, prompt, words from greeting where account_id = %s order by said_when",
        (account_id,),
    )


async def facts(work: Work, account_id: UUID) -> list[AccountFact]:
    """The approved text that has not expired."""
    return await work.rows(
        AccountFact,
        "select kind, title, body, expires_at from account_fact where account_id = %s"
        " and (expires_at is null or expires_at > floor_now()) order by kind, title",
        (account_id,),
    )


async def standing_orders(work: Work, account_id: UUID) -> list[StandingOrder]:
    return await work.rows(
        StandingOrder,
        "select title, body from standing_order where account_id = %s order by sort, title",
        (account_id,),
    )
