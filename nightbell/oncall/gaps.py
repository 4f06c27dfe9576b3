"""What would go wrong tonight, said in sentences while somebody can still mend it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nightbell.core.ids import PersonId
from nightbell.oncall.resolve import OnCall, Shift, Window, holders
from nightbell.oncall.rota import utc

AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Reach:
    """A person's name, and whether a verified telephone reaches them."""

    name: str
    by_phone: bool


def gaps(
    oncall: OnCall,
    people: Mapping[PersonId, Reach],
    *,
    at: datetime,
    zone: str,
    called: Sequence[str] = (),
) -> list[str]:
    """Sentences about the next two weeks. `called`: the roles that the account's policies page."""
    found: list[str] = []
    window = Window(utc(at), utc(at) + AHEAD)
    for role in dict.fromkeys([*called, *oncall.roles]):
        if role not in oncall.roles:
            found.append(f"A policy pages “{role}”, which is not a role here. Add the role.")
            continue
        held = holders(oncall, role, window)
        if not held:
            found.append(f"Nobody holds “{role}”. Add a rotation or an override.")
            continue
        for starts, ends in _empty(held, window):
            found.append(
                f"Nobody holds “{role}” from {_said(starts, zone)} to {_said(ends, zone)}."
                " Add an override."
            )
        for person in dict.fromkeys(one.person_id for one in held):
            reach = people.get(person)
            if reach is None or not reach.by_phone:
                name = reach.name if reach else "Somebody unknown"
                found.append(
                    f"{name} holds “{role}” and has no verified telephone number:"
                    " pages would go straight to the next step."
                )
    return found


def _empty(held: Sequence[Shift], window: Window) -> list[tuple[datetime, datetime]]:
    """The stretches of the window that no shift covers."""
    empty: list[tuple[datetime, datetime]] = []
    at = window.starts_at
    for one in held:
        if at < one.starts_at:
            empty.append((at, one.starts_at))
        at = one.ends_at
    if at < window.ends_at:
        empty.append((at, window.ends_at))
    return empty


def _said(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
