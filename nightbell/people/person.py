"""A person, and the ways to reach them, as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nightbell.core.ids import AccountId, ContactMethodId, PersonId

Kind = Literal["agent", "supervisor", "administrator", "clinician", "office"]
Part = Literal["clinician", "office", "manager"]
Channel = Literal["app", "phone"]


@dataclass(frozen=True, slots=True)
class Person:
    person_id: PersonId
    name: str
    kind: Kind
    active: bool


@dataclass(frozen=True, slots=True)
class Membership:
    account_id: AccountId
    person_id: PersonId
    part: Part


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """`verified_at` is None until the person proved it is theirs; an unproved one is never used."""

    contact_method_id: ContactMethodId
    person_id: PersonId
    channel: Channel
    address: str  # E.164 for phone, empty for app
    label: str
    sort: int
    verified_at: datetime | None
