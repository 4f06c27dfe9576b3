"""What is known of a practice, as values."""

from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from nightbell.core.errors import Refused
from nightbell.core.ids import AccountId

CoverageMode = Literal["after_hours", "overflow", "always"]
SaidWhen = Literal["after_hours", "open"]
FactKind = Literal[
    "directions", "hours", "parking", "fax", "portal", "preparation", "pharmacy", "other"
]


class TimeZoneRefused(Refused):
    """Choose a time zone by its place, like America/New_York."""


class HoursRefused(Refused):
    """Opening hours lie within one day, open before they close, and do not overlap."""


class DidTaken(Refused):
    """That number already rings another account. Take it away there first."""


@dataclass(frozen=True, slots=True)
class Account:
    account_id: AccountId
    name: str
    specialty: str
    time_zone: str
    answer_phrase: str
    caller_id: str
    coverage_mode: CoverageMode
    office_number: str | None
    fallback_text: str
    offers_held_s: int
    hold_limit_h: int
    active: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def phrase_for(self, agent: str) -> str:
        """The answer phrase with the agent's first name in it."""
        return self.answer_phrase.replace("{agent}", agent.split(" ")[0])


@dataclass(frozen=True, slots=True)
class OpenHours:
    weekday: int  # Monday is 0
    opens_at: time
    closes_at: time


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day unlike its weekday; no times means closed all day."""

    on_day: date
    label: str
    opens_at: time | None
    closes_at: time | None


@dataclass(frozen=True, slots=True)
class Greeting:
    said_when: SaidWhen
    prompt: str
    words: str


@dataclass(frozen=True, slots=True)
class AccountFact:
    kind: FactKind
    title: str
    body: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StandingOrder:
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Did:
    number: str
    account_id: UUID
    label: str


def check_zone(name: str) -> str:
    if name not in available_timezones():
        raise TimeZoneRefused
    return name


def check_hours(hours: list[OpenHours]) -> list[OpenHours]:
    """Hours in weekday order, refused when any two of a day overlap."""
    ordered = sorted(hours, key=lambda one: (one.weekday, one.opens_at))
    for one in ordered:
        if not 0 <= one.weekday <= 6 or one.opens_at >= one.closes_at:
            raise HoursRefused
    for before, after in pairwise(ordered):
        if before.weekday == after.weekday and after.opens_at < before.closes_at:
            raise HoursRefused
    return ordered
