"""Reads the library of protocols and words from their files: the one place that touches a disk.

A protocol file is YAML 1.2, so a bare `yes` stays the word yes; a key written twice is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from nightbell.core.errors import NotFound
from nightbell.triage.compile import Compiled, compile_protocol
from nightbell.triage.protocol import (
    FALLBACK,
    FIRST_LOOK,
    Protocol,
    ProtocolRefused,
    Reader,
    Words,
    as_words,
    read_protocol,
)

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Bank:
    """Everything that may be said, named or cited, by id."""

    answers: Mapping[str, Words]
    phrases: Mapping[str, Words]
    say: Mapping[str, tuple[str, ...]]
    modifiers: Mapping[str, Words]
    fields: Mapping[str, Words]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Library:
    bank: Bank
    authored: Mapping[str, Protocol]
    compiled: Mapping[str, Compiled]

    @property
    def first_look(self) -> Compiled:
        return self.compiled[FIRST_LOOK]

    @property
    def protocols(self) -> list[Compiled]:
        """All but the first look, by title; the fallback last."""
        rest = [table for key, table in self.compiled.items() if key != FIRST_LOOK]
        return sorted(rest, key=lambda table: (table["id"] == FALLBACK, table["title"]["en"]))

    def table(self, protocol: str) -> Compiled:
        if protocol not in self.compiled:
            raise NotFound
        return self.compiled[protocol]


class LibraryJson(TypedDict):
    """What a browser is given to run triage by itself."""

    first_look: Compiled
    protocols: list[Compiled]
    phrases: dict[str, dict[str, str]]
    modifiers: dict[str, dict[str, str]]
    fields: dict[str, dict[str, str]]


def library_json(library: Library) -> LibraryJson:
    return {
        "first_look": library.first_look,
        "protocols": library.protocols,
        "phrases": {key: dict(words) for key, words in library.bank.phrases.items()},
        "modifiers": {key: dict(words) for key, words in library.bank.modifiers.items()},
        "fields": {key: dict(words) for key, words in library.bank.fields.items()},
    }


@cache
def load_library() -> Library:
    """The library that ships with Nightbell, read once a process."""
    return read_library(HERE / "words.yaml", sorted((HERE / "protocols").glob("*.yaml")))


def read_library(words: Path, files: list[Path]) -> Library:
    bank = read_bank(read_yaml(words), words.name)
    authored: dict[str, Protocol] = {}
    for file in files:
        protocol = read_protocol(read_yaml(file), file.name)
        if protocol.id != file.stem:
            raise ProtocolRefused(file.name, f"Name the file {protocol.id}.yaml, after its id.")
        authored[protocol.id] = protocol
    return Library(bank, authored, {key: compiled(one, bank) for key, one in authored.items()})


def compiled(protocol: Protocol, bank: Bank) -> Compiled:
    return compile_protocol(protocol, labels=bank.answers, say=bank.say)


def read_yaml(file: Path) -> object:
    try:
        return YAML(typ="safe", pure=True).load(file.read_text("utf-8"))  # pyright: ignore[reportUnknownVariableType]
    except MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        mend = "Write this key once" if "duplicate" in str(wrong) else "Mend the YAML"
        raise ProtocolRefused(file.name, f"{mend}, near line {line}.") from None


def read_bank(node: object, where: str) -> Bank:
    top = Reader(node, where)
    bank = Bank(
        answers=_all_words(top, "answers"),
        phrases=_all_words(top, "phrases"),
        say={
            tier: tuple(str(one) for one in phrases)
            for tier, phrases in top.pairs("say").items()
            if isinstance(phrases, list)
        },
        modifiers=_all_words(top, "modifiers"),
        fields=_all_words(top, "fields"),
        sources={
            code: Reader(source, top.at(code)).text("name")
            for code, source in top.pairs("sources").items()
        },
    )
    top.done()
    return bank


def _all_words(top: Reader, key: str) -> Mapping[str, Words]:
    return {an_id: as_words(value, top.at(an_id)) for an_id, value in top.pairs(key).items()}
