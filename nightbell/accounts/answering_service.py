"""The answering service itself: its name, the number it shows, whom to ring when all else fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from nightbell.audit.commands import record
from nightbell.core.errors import Refused
from nightbell.core.phone import e164
from nightbell.store.work import Work


class ServiceRefused(Refused):
    """Name at least one emergency number, and a wait of 10 to 600 seconds before it is rung."""


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    answer_phrase: str  # for a number no account claims, with {agent} in it
    caller_id: str
    emergency_numbers: Sequence[str]  # E.164, rung in turn
    supervisor_untaken_s: int
    is_demo: bool


async def service(work: Work) -> Service:
    return await work.need(
        Service,
        "select name, answer_phrase, caller_id, emergency_numbers, supervisor_untaken_s, is_demo"
        " from service",
    )


async def numbers_of_nobody(work: Work) -> list[str]:
    """Emergency numbers that are no active person's telephone: a key press has no name."""
    rows = await work.dicts(
        "select number from service, unnest(emergency_numbers) as number"
        " where not exists (select from contact_method c join person p using (person_id)"
        "  where c.address = number and c.verified_at is not null and p.active)"
    )
    return [row["number"] for row in rows]


async def keep(work: Work, one: Service) -> None:
    if not one.emergency_numbers or not 10 <= one.supervisor_untaken_s <= 600:
        raise ServiceRefused
    await work.run(
        "insert into service (name, answer_phrase, caller_id, emergency_numbers,"
        " supervisor_untaken_s, is_demo) values (%s, %s, %s, %s, %s, %s)"
        " on conflict (only_row) do update set name = excluded.name,"
        " answer_phrase = excluded.answer_phrase, caller_id = excluded.caller_id,"
        " emergency_numbers = excluded.emergency_numbers,"
        " supervisor_untaken_s = excluded.supervisor_untaken_s",
        (
            one.name,
            one.answer_phrase,
            e164(one.caller_id),
            [e164(number) for number in one.emergency_numbers],
            one.supervisor_untaken_s,
            one.is_demo,
        ),
    )
    await record(work, "service.kept", "service")
