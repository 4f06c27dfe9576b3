"""Calls on the wire: the card an agent works from, and the timeline of a call."""

from datetime import datetime
from typing import Literal

from nightbell.core.tier import Tier
from nightbell.web.wire import Base64, EscalationView, Fact, MessageCard, Wire, WireId


class Holder(Wire):
    """Who holds a role now, until when, and why."""

    role: str
    who: str
    person_id: WireId | None
    until: datetime | None
    why: str  # "rotation", "override: covering Dr Lindt"
    reachable: bool


class AccountFact(Wire):
    kind: str
    title: str
    body: str


class AccountCard(Wire):
    """Everything the agent may know of the practice."""

    account_id: WireId
    name: str
    specialty: str
    time_zone: str
    answer_phrase: str  # with the agent's name in it
    open_now: bool
    changes_at: datetime | None  # when the office next opens or closes
    today: str  # "Closed for Thanksgiving", "Open 8:00 to 17:00"
    facts: list[AccountFact]
    standing_orders: list[AccountFact]
    on_call: list[Holder]
    fallback_text: str


class CallCard(Wire):
    call_id: WireId
    account: AccountCard | None  # null: a number no account claims
    answer_phrase: str
    did: str
    caller_number: str  # opened for the agent on the call; "" when withheld
    callback_number: str
    coverage: str
    state: Literal["ringing", "waiting", "talking", "held", "patched", "ended", "lost"]
    rang_at: datetime
    answered_at: datetime | None
    held_since: datetime | None
    ended_at: datetime | None
    agent: str
    mine: bool
    tier: Tier | None
    call_type: str | None
    disposition: str | None
    due_at: datetime | None
    escalation: EscalationView | None
    messages: list[MessageCard]
    earlier: list[Fact] = []  # from this number to this account before: times, tiers, outcomes


class Callback(Wire):
    number: str  # as typed
    read_back: bool


class CallbackKept(Wire):
    number: str
    grouped: str
    warning: str = ""  # "The last two digits are the other way round in the caller's number."


class Draft(Wire):
    sealed: Base64  # age file to the desk key
    edition: int


class DraftKept(Wire):
    sealed: Base64
    edition: int
    saved_at: datetime
    saved_by: str


class Disposition(Wire):
    """A call that ends without a message: wrong number, a question answered, nobody there."""

    call_type: str
    disposition: Literal["answered", "wrong_number", "no_caller", "called_back_no_answer"]


class PatchAsk(Wire):
    role: str = ""  # empty: the first step's role that has a holder


class TimelineRow(Wire):
    """One event of a call: what, who, when, in plain words, and its place in the audit tree."""

    at: datetime
    kind: str
    words: str  # "Dr Okafor pressed 1 on her telephone"
    who: str
    facts: dict[str, str | int | float | bool | None] = {}
    position: int | None = None  # the audit leaf's; null when waiting or not an audited act


class Timeline(Wire):
    call_id: WireId
    account_name: str
    rows: list[TimelineRow]
    tree_size: int
    root: str  # hex of the newest signed checkpoint
