"""A protocol as its author wrote it: questions a caller can answer, and what each answer means.

The schema is strict: an unknown key, a missing answer for "can't say" or an undefined tier is
refused with a sentence. What a protocol *says* is judged later, in `prove`.

Owns: the authored form and its shape.
Does not own: files (`library`), the decision table (`compile`), whether it is safe (`prove`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from nightbell.core.errors import Refused
from nightbell.core.tier import Tier

Words = Mapping[str, str]  # language -> text; English is always there

FIRST_LOOK = "first-look"  # before every other protocol, on every call
FALLBACK = "something-else"  # whatever fits no other protocol
UNKNOWN = "unknown"  # the caller can't say: an answer of every question
YES_NO = ("no", UNKNOWN, "yes")  # least to most worrying, unless the question says otherwise
STATUSES = ("draft", "reviewed", "approved", "retired")
MARKS = ("S", "s", "R")  # the source was read; seen in a page that quotes it; recalled, re-read it
_ID = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


class ProtocolRefused(Refused):
    """A protocol could not be read. Mend what the next line says."""

    def __init__(self, where: str, mend: str) -> None:
        super().__init__(where=where)
        self.where, self.mend = where, mend

    def __str__(self) -> str:
        return f"{self.where}: {self.mend}"


@dataclass(frozen=True, slots=True)
class Cite:
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer does: a tier and, where the tier's words do not fit, what to say instead."""

    tier: Tier
    say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    ask: Words
    answers: tuple[str, ...]  # least to most worrying, `unknown` among them
    labels: Mapping[str, Words]  # only the answers that are not yes, no or unknown
    on: Mapping[str, Effect]
    cite: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """A flag made of several answers at once."""

    id: str
    when: Mapping[str, tuple[str, ...]]
    effect: Effect
    cite: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Applies:
    """The ages, in months, that a protocol is written for."""

    from_months: int = 0
    under_months: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    by: str
    licence: str
    on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class Protocol:
    """`otherwise` is None only for the first look: it may find nothing and let the call go on."""

    id: str
    version: str
    title: Words
    status: str
    applies: Applies
    synonyms: Mapping[str, tuple[str, ...]]
    counted: tuple[str, ...]  # modifiers its tiers already take into account
    questions: tuple[Question, ...]
    together: tuple[Together, ...]
    otherwise: Effect | None
    floor: Tier
    say: Mapping[str, tuple[str, ...]]  # tier -> phrases, where they differ from the bank's
    handoff: tuple[str, ...]
    approval: Approval | None = None


class Reader:
    """Takes the keys of one mapping, each once, and refuses what is left over."""

    def __init__(self, node: object, where: str) -> None:
        if not isinstance(node, Mapping):
            raise ProtocolRefused(where, "Write this part as `key: value` lines.")
        self._left = dict(cast("Mapping[str, object]", node))
        self.where = where

    def at(self, key: str) -> str:
        return f"{self.where} > {key}"

    def has(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> object:
        if key not in self._left:
            raise ProtocolRefused(self.where, f"Add `{key}:`, it is missing.")
        return self._left.pop(key)

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise ProtocolRefused(self.at(key), "Write some text here, in quotes.")
        return value

    def an_id(self, key: str) -> str:
        return as_id(self.take(key), self.at(key))

    def words(self, key: str) -> Words:
        return as_words(self.take(key), self.at(key))

    def ids(self, key: str) -> tuple[str, ...]:
        if not self.has(key):
            return ()
        return tuple(as_id(one, self.at(key)) for one in as_list(self.take(key), self.at(key)))

    def each(self, key: str) -> "list[Reader]":
        """One reader for each mapping in a list."""
        if not self.has(key):
            return []
        nodes = as_list(self.take(key), self.at(key))
        return [Reader(node, f"{self.at(key)}[{n}]") for n, node in enumerate(nodes, 1)]

    def pairs(self, key: str) -> dict[str, object]:
        if not self.has(key):
            return {}
        value = self.take(key)
        if not isinstance(value, Mapping):
            raise ProtocolRefused(self.at(key), "Write this part as `key: value` lines.")
        return dict(cast("Mapping[str, object]", value))

    def done(self) -> None:
        if self._left:
            strange = ", ".join(f"`{key}`" for key in self._left)
            raise ProtocolRefused(self.where, f"Remove or correct {strange}: not a key known here.")


def as_list(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise ProtocolRefused(where, "Write this part as a list.")
    return cast("list[object]", value)


def as_id(value: object, where: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ProtocolRefused(
            where, "Use lower-case letters, digits, - and _, like `breathing_hard`."
        )
    return value


def as_words(value: object, where: str) -> Words:
    if isinstance(value, str):
        value = {"en": value}
    words = Reader(value, where)
    texts = {"en": words.text("en")} | ({"es": words.text("es")} if words.has("es") else {})
    words.done()
    return texts


def as_tier(value: object, where: str) -> Tier:
    try:
        return Tier(str(value))
    except ValueError:
        raise ProtocolRefused(where, "Use a tier: T1, T2, T3, T4 or T5.") from None


def read_protocol(node: object, where: str) -> Protocol:
    top = Reader(node, where)
    protocol = Protocol(
        id=top.an_id("id"),
        version=top.text("version"),
        title=top.words("title"),
        status=_one_of(top.text("status"), STATUSES, top.at("status")),
        applies=_applies(top),
        synonyms=_synonyms(top),
        counted=top.ids("counted"),
        questions=tuple(_question(one) for one in top.each("questions")),
        together=tuple(_together(one) for one in top.each("together")),
        otherwise=_otherwise(top),
        floor=as_tier(top.take("floor"), top.at("floor")),
        say=_say(top),
        handoff=top.ids("handoff"),
        approval=_approval(top),
    )
    top.done()
    _refuse_loose_ends(protocol, where)
    return protocol


def _one_of(value: str, allowed: Sequence[str], where: str) -> str:
    if value not in allowed:
        raise ProtocolRefused(where, f"Use one of: {', '.join(allowed)}.")
    return value


def _applies(top: Reader) -> Applies:
    if not top.has("applies"):
        return Applies()
    reader = Reader(top.take("applies"), top.at("applies"))
    ages = {
        key: _months(reader.take(key), reader.at(key))
        for key in ("from_months", "under_months")
        if reader.has(key)
    }
    reader.done()
    return Applies(ages.get("from_months", 0), ages.get("under_months"))


def _months(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolRefused(where, "Write the age in whole months, 216 for 18 years.")
    return value


def _synonyms(top: Reader) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, phrases in top.pairs("synonyms").items():
        where = top.at(f"synonyms > {language}")
        found[_one_of(language, ("en", "es"), where)] = tuple(
            str(one) for one in as_list(phrases, where)
        )
    return found


def _question(reader: Reader) -> Question:
    an_id = reader.an_id("id")
    answers = reader.ids("answers") or YES_NO
    if UNKNOWN not in answers:
        raise ProtocolRefused(
            reader.at("answers"), "Add `unknown`: a caller may not be able to say."
        )
    if len(set(answers)) != len(answers) or len(answers) < 2:
        raise ProtocolRefused(reader.at("answers"), "List at least two answers, each once.")
    question = Question(
        id=an_id,
        ask=reader.words("ask"),
        answers=answers,
        labels={
            key: as_words(value, reader.at(f"labels > {key}"))
            for key, value in reader.pairs("labels").items()
        },
        on={
            key: _effect(value, reader.at(f"on > {key}"))
            for key, value in reader.pairs("on").items()
        },
        cite=_cites(reader),
    )
    reader.done()
    if strange := [key for key in question.on if key not in answers]:
        raise ProtocolRefused(
            reader.at("on"), f"`{strange[0]}` is not one of this question's answers."
        )
    unlabelled = [a for a in answers if a not in YES_NO and a not in question.labels]
    if unlabelled or any(key not in answers for key in question.labels):
        raise ProtocolRefused(
            reader.at("labels"), "Give each answer of your own one label, and no other answer."
        )
    return question


def _together(reader: Reader) -> Together:
    flag = Together(
        id=reader.an_id("id"),
        when={
            key: tuple(as_id(one, reader.at("when")) for one in as_list(value, reader.at("when")))
            for key, value in reader.pairs("when").items()
        },
        effect=Effect(as_tier(reader.take("tier"), reader.at("tier")), reader.ids("say")),
        cite=_cites(reader),
    )
    reader.done()
    if len(flag.when) < 2:
        raise ProtocolRefused(
            reader.at("when"), "Name two questions or more, or use the question's `on`."
        )
    return flag


def _effect(value: object, where: str) -> Effect:
    if isinstance(value, str):
        return Effect(as_tier(value, where))
    reader = Reader(value, where)
    effect = Effect(as_tier(reader.take("tier"), reader.at("tier")), reader.ids("say"))
    reader.done()
    return effect


def _otherwise(top: Reader) -> Effect | None:
    value = top.take("otherwise")
    return None if value is None or value == "clear" else _effect(value, top.at("otherwise"))


def _cites(reader: Reader) -> tuple[Cite, ...]:
    if not reader.has("cite"):
        return ()
    where = reader.at("cite")
    found: list[Cite] = []
    for one in as_list(reader.take("cite"), where):
        source, _, mark = str(one).partition(" ")
        found.append(Cite(source, _one_of(mark, MARKS, where)))
    return tuple(found)


def _say(top: Reader) -> Mapping[str, tuple[str, ...]]:
    return {
        as_tier(key, top.at("say")).value: tuple(
            as_id(one, top.at("say")) for one in as_list(value, top.at("say"))
        )
        for key, value in top.pairs("say").items()
    }


def _approval(top: Reader) -> Approval | None:
    if not top.has("approval"):
        return None
    reader = Reader(top.take("approval"), top.at("approval"))
    approval = Approval(
        reader.text("by"), reader.text("licence"), _day(reader, "on"), _day(reader, "expires_on")
    )
    reader.done()
    return approval


def _day(reader: Reader, key: str) -> date:
    value = reader.take(key)
    if not isinstance(value, date):
        raise ProtocolRefused(reader.at(key), "Write a date like 2027-01-31.")
    return value


def _refuse_loose_ends(protocol: Protocol, where: str) -> None:
    """Every id is used once; flags over several questions name questions and answers there are."""
    answers = {question.id: question.answers for question in protocol.questions}
    ids = [question.id for question in protocol.questions] + [one.id for one in protocol.together]
    if len(set(ids)) != len(ids):
        raise ProtocolRefused(where, "Give every question and flag an id of its own.")
    for flag in protocol.together:
        for question, named in flag.when.items():
            if question not in answers or not set(named) <= set(answers[question]):
                raise ProtocolRefused(
                    f"{where} > together > {flag.id}",
                    f"`{question}` must be a question here, with answers it has.",
                )
