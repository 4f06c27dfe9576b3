"""Changing a practice: the whole form is kept at once, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg.errors import UniqueViolation

from nightbell.accounts.account import (
    Account,
    AccountFact,
    Did,
    DidTaken,
    Greeting,
    OpenHours,
    SpecialDay,
    StandingOrder,
    check_hours,
    check_zone,
)
from nightbell.audit.commands import record
from nightbell.core.errors import Refused
from nightbell.core.ids import AccountId, new_id, wire
from nightbell.core.phone import e164
from nightbell.store.news import tell
from nightbell.store.work import Work


class NameTaken(Refused):
    """Another account already has that name. Names tell practices apart on every screen."""


@dataclass(frozen=True, slots=True)
class Form:
    """Everything an administrator edits of an account."""

    account: Account
    dids: Sequence[Did]
    hours: Sequence[OpenHours]
    special_days: Sequence[SpecialDay]
    greetings: Sequence[Greeting]
    facts: Sequence[AccountFact]
    standing_orders: Sequence[StandingOrder]


async def keep(work: Work, form: Form) -> AccountId:
    """Make or change an account. Raises a refusal for a wrong number, zone, hours or taken DID."""
    one = form.account
    check_zone(one.time_zone)
    hours = check_hours(list(form.hours))
    try:
        await work.run(_KEEP, _row(one))
    except UniqueViolation:
        raise NameTaken from None
    await _keep_dids(work, one.account_id, form.dids)
    for clear in _CLEAR:
        await work.run(clear, (one.account_id,))
    await work.run_many(
        "insert into office_hours (account_id, weekday, opens_at, closes_at)"
        " values (%s, %s, %s, %s)",
        [(one.account_id, day.weekday, day.opens_at, day.closes_at) for day in hours],
    )
    await work.run_many(
        "insert into special_day (account_id, on_day, label, opens_at, closes_at)"
        " values (%s, %s, %s, %s, %s)",
        [
            (one.account_id, day.on_day, day.label, day.opens_at, day.closes_at)
            for day in form.special_days
        ],
    )
    await work.run_many(
        "insert into greeting (account_id, said_when, prompt, words) values (%s, %s, %s, %s)",
        [(one.account_id, said.said_when, said.prompt, said.words) for said in form.greetings],
    )
    await work.run_many(
        "insert into account_fact (account_id, kind, title, body, expires_at)"
        " values (%s, %s, %s, %s, %s)",
        [
            (one.account_id, fact.kind, fact.title, fact.body, fact.expires_at)
            for fact in form.facts
        ],
    )
    await work.run_many(
        "insert into standing_order (standing_order_id, account_id, title, body, sort)"
        " values (%s, %s, %s, %s, %s)",
        [
            (new_id(), one.account_id, order.title, order.body, sort)
            for sort, order in enumerate(form.standing_orders)
        ],
    )
    await record(work, "account.kept", wire("account", one.account_id), account_id=one.account_id)
    await tell(work, "account.changed", account_id=one.account_id)
    return one.account_id


async def _keep_dids(work: Work, account_id: AccountId, dids: Sequence[Did]) -> None:
    await work.run("delete from did where account_id = %s", (account_id,))
    for did in dids:
        try:
            await work.run(
                "insert into did (number, account_id, label) values (%s, %s, %s)",
                (e164(did.number), account_id, did.label),
            )
        except UniqueViolation:
            raise DidTaken from None


def _row(one: Account) -> dict[str, object]:
    return {
        "account_id": one.account_id,
        "name": one.name.strip(),
        "specialty": one.specialty,
        "time_zone": one.time_zone,
        "answer_phrase": one.answer_phrase,
        "caller_id": e164(one.caller_id),
        "coverage_mode": one.coverage_mode,
        "office_number": e164(one.office_number) if one.office_number else None,
        "fallback_text": one.fallback_text,
        "offers_held_s": one.offers_held_s,
        "hold_limit_h": one.hold_limit_h,
        "active": one.active,
    }


_KEEP = """
insert into account (account_id, name, specialty, time_zone, answer_phrase, caller_id,
    coverage_mode, office_number, fallback_text, offers_held_s, hold_limit_h, active, made_at)
values (%(account_id)s, %(name)s, %(specialty)s, %(time_zone)s, %(answer_phrase)s, %(caller_id)s,
    %(coverage_mode)s, %(office_number)s, %(fallback_text)s, %(offers_held_s)s, %(hold_limit_h)s,
    %(active)s, floor_now())
on conflict (account_id) do update set name = excluded.name, specialty = excluded.specialty,
    time_zone = excluded.time_zone, answer_phrase = excluded.answer_phrase,
    caller_id = excluded.caller_id, coverage_mode = excluded.coverage_mode,
    office_number = excluded.office_number, fallback_text = excluded.fallback_text,
    offers_held_s = excluded.offers_held_s, hold_limit_h = excluded.hold_limit_h,
    active = excluded.active
"""
_CLEAR: tuple[LiteralString, ...] = (
    "delete from office_hours where account_id = %s",
    "delete from special_day where account_id = %s",
    "delete from greeting where account_id = %s",
    "delete from account_fact where account_id = %s",
    "delete from standing_order where account_id = %s",
)
