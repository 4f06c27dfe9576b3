"""What a call type asks for, where its checks lead, and how it ends.

Owns: the shape of a call type and the decisions made from it.
Does not own: its words (`call_types.yaml`), reading them (`library`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nightbell.accounts.account import AccountFact
from nightbell.core.errors import Refused
from nightbell.core.tier import Tier
from nightbell.triage.protocol import UNKNOWN, ProtocolRefused, Reader, Words, as_tier, as_words

KINDS = ("name", "date", "phone", "text", "choice")
NEEDED = ("finish", "never")  # nothing is ever needed before a page goes out
STARTS = ("triage", "form", "facts", "close")
DISPOSITIONS = ("page", "hold_for_office", "answered", "no_message")
CHECK_ANSWERS = ("yes", "no", UNKNOWN)


class CheckRefused(Refused):
    """A check is answered yes, no or can't say. Choose one of those shown."""


@dataclass(frozen=True, slots=True)
class Field:
    id: str
    label: Words
    kind: str
    needed: str
    read_back: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A plain question whose worrying answer turns a routine call into triage."""

    id: str
    ask: Words
    opens: str  # the protocol that yes, or can't say, opens


@dataclass(frozen=True, slots=True)
class CallType:
    id: str
    label: Words
    say: Words
    starts: str
    disposition: str
    tier: Tier | None
    checks: tuple[Check, ...]
    fields: tuple[Field, ...]
    facts: tuple[str, ...]  # kinds of the practice's approved text that answer it
    closes_as: str  # the call's disposition when there is no message


# Where a call goes next.


@dataclass(frozen=True, slots=True)
class AskCheck:
    check: Check


@dataclass(frozen=True, slots=True)
class OpenTriage:
    protocol: str | None  # None: search by what the caller says


@dataclass(frozen=True, slots=True)
class TakeMessage:
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class AnswerFrom:
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Close:
    disposition: str


Way = AskCheck | OpenTriage | TakeMessage | AnswerFrom | Close


def way_on(call_type: CallType, checked: Mapping[str, str]) -> Way:
    """What the agent does next, from the checks so far. Can't say opens triage like yes."""
    for check in call_type.checks:
        answer = checked.get(check.id)
        if answer is None:
            return AskCheck(check)
        if answer not in CHECK_ANSWERS:
            raise CheckRefused
        if answer != "no":
            return OpenTriage(check.opens)
    match call_type.starts:
        case "triage":
            return OpenTriage(None)
        case "facts":
            return AnswerFrom(call_type.facts)
        case "close":
            return Close(call_type.closes_as)
        case _:
            return TakeMessage(call_type.fields)


def still_needed(
    call_type: CallType, filled: Mapping[str, str], read_back: Sequence[str], tier: Tier | None
) -> list[str]:
    """Fields that stand between this message and finishing it. At T1 and T2 nothing does."""
    if tier is not None and tier.at_once:
        return []
    return [
        field.id
        for field in call_type.fields
        if (field.needed == "finish" and not filled.get(field.id, "").strip())
        or (field.read_back and filled.get(field.id, "").strip() and field.id not in read_back)
    ]


def routine_answers(
    call_type: CallType, facts: Sequence[AccountFact], *, at: datetime
) -> list[AccountFact]:
    """The practice's own approved words for this call, without those whose time is over."""
    alive = [one for one in facts if one.expires_at is None or one.expires_at > at]
    return sorted(
        (one for one in alive if one.kind in call_type.facts),
        key=lambda one: call_type.facts.index(one.kind),
    )


def read_call_type(reader: Reader, fields: Mapping[str, Field]) -> CallType:
    call_type = CallType(
        id=reader.an_id("id"),
        label=reader.words("label"),
        say=reader.words("say"),
        starts=_one_of(reader, "starts", STARTS),
        disposition=_one_of(reader, "disposition", DISPOSITIONS),
        tier=as_tier(reader.take("tier"), reader.at("tier")) if reader.has("tier") else None,
        checks=tuple(_check(one) for one in reader.each("checks")),
        fields=tuple(_field(one, fields, reader) for one in reader.ids("fields")),
        facts=reader.ids("facts"),
        closes_as=reader.an_id("closes_as") if reader.has("closes_as") else "",
    )
    reader.done()
    if call_type.starts == "close" and not call_type.closes_as:
        raise ProtocolRefused(reader.where, "Add `closes_as:`, the disposition of the call.")
    if call_type.starts == "facts" and not call_type.facts:
        raise ProtocolRefused(
            reader.where, "Add `facts:`, the kinds of text that answer this call."
        )
    return call_type


def read_field(an_id: str, node: object, where: str) -> Field:
    reader = Reader(node, where)
    field = Field(
        id=an_id,
        label=as_words(reader.take("label"), reader.at("label")),
        kind=_one_of(reader, "kind", KINDS),
        needed=_one_of(reader, "needed", NEEDED),
        read_back=reader.has("read_back") and reader.take("read_back") is True,
    )
    reader.done()
    return field


def _check(reader: Reader) -> Check:
    check = Check(reader.an_id("id"), reader.words("ask"), reader.an_id("opens"))
    reader.done()
    return check


def _field(an_id: str, fields: Mapping[str, Field], reader: Reader) -> Field:
    if an_id not in fields:
        raise ProtocolRefused(
            reader.at("fields"), f"`{an_id}` is not a field: add it, or correct it."
        )
    return fields[an_id]


def _one_of(reader: Reader, key: str, allowed: Sequence[str]) -> str:
    value = reader.text(key)
    if value not in allowed:
        raise ProtocolRefused(reader.at(key), f"Use one of: {', '.join(allowed)}.")
    return value
