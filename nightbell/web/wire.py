"""What travels between browser and server: base model, ids with their prefixes, shared cards."""

import base64
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nightbell.core.errors import Refused
from nightbell.core.tier import Tier


class Wire(BaseModel):
    """Every body on the wire: unknown fields are refused, so a typing slip is never silence."""

    model_config = ConfigDict(extra="forbid")


WireId = Annotated[str, Field(pattern=r"^[a-z]+_[0-9a-f]{32}$", examples=["call_" + "0" * 32])]
Base64 = Annotated[str, Field(max_length=4_000_000)]  # standard alphabet, padded


class Base64Refused(Refused):
    """Binary fields are base64 in the standard alphabet, padded with `=`."""


def raw(encoded: str) -> bytes:
    """The bytes behind a Base64 field."""
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Base64Refused from None


def text(octets: bytes) -> str:
    """Bytes as a Base64 field."""
    return base64.b64encode(octets).decode()


class Problem(Wire):
    """Every refusal: a word for programs, a sentence for people, facts without names."""

    code: str
    sentence: str
    facts: dict[str, str | int | float | bool | None] = {}


class AccountName(Wire):
    account_id: WireId
    name: str


class Fact(Wire):
    """One thing that happened, with its evidence."""

    at: datetime
    kind: str
    who: str = ""  # a name as shown, or caller, service, switch
    facts: dict[str, str | int | float | bool | None] = {}


class PageView(Wire):
    page_id: WireId
    role: str
    who: str
    channel: Literal["app", "phone", "patch", "supervisor", "emergency"]
    state: str
    made_at: datetime
    facts: list[Fact] = []


class StepView(Wire):
    role: str
    who: str  # the holder now, or "" when nobody holds it
    pages: int
    wait_s: int


class EscalationView(Wire):
    """A message on its way to a person: who has it, or who is next and when. Never "sent"."""

    escalation_id: WireId
    call_id: WireId
    message_id: WireId | None
    account_id: WireId | None  # null: a number no account claims
    account_name: str
    tier: Tier
    state: Literal["open", "held", "closed"]
    held_by: str = ""
    held_at: datetime | None = None
    step: int  # index into steps; len(steps) is the supervisor
    steps: list[StepView]
    next_at: datetime | None = None
    next_what: str = ""  # "Dr Sharma is paged", "the supervisor is told again"
    made_at: datetime
    pages: list[PageView] = []


class MessageCard(Wire):
    """All the server may say of a message; the words are inside `sealed`."""

    message_id: WireId
    account_id: WireId
    account_name: str
    call_id: WireId
    call_type: str
    tier: Tier
    disposition: Literal["page", "hold_for_office", "answered"]
    state: Literal["paging", "held", "taken", "closed"]
    owner: str  # a name, "Front office", "Escalation"
    owner_is_me: bool
    due_at: datetime | None
    taken_at: datetime
    taken_by: str
    read_back: bool
    patient_mark: str | None = None
    recipients: list[str]  # who could open it today, as labels
    escalation: EscalationView | None = None
    facts: list[Fact] = []
    outcome: str | None = None
    outcome_sealed: Base64 | None = None  # the note with it, for those who could open the message
    closed_at: datetime | None = None
    sealed: Base64 | None = None  # only where one message is asked for, and in lists for its reader
