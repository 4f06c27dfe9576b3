"""The proof a protocol must pass before anyone may approve it.

Nothing is sampled: every combination of answers of a protocol is laid out as a grid, one axis a
question, and each claim is checked in every cell. A finding carries a counterexample in the words
of the questions, so that a clinician can read it.

Owns: the checks. Does not own: mending (`mutate` breaks protocols on purpose, to test the tests).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from nightbell.triage.compile import Compiled, CompiledQuestion, CompiledRule
from nightbell.triage.language import MOST_GRADE, faults, question_faults, reading_grade
from nightbell.triage.library import Bank, Library
from nightbell.triage.protocol import FALLBACK, FIRST_LOOK, UNKNOWN, Protocol

MOST_CELLS = 5_000_000
MOST_FIRST_QUESTIONS = 4
CLEAR = 6  # one past T5: the first look found nothing

Grid = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Finding:
    protocol: str
    check: str
    sentence: str
    counterexample: str = ""


def prove_library(library: Library, *, on: date | None = None) -> list[Finding]:
    """Everything wrong with the library. `on` is the day at which approvals must still hold."""
    found = list(_bank_findings(library.bank))
    for an_id, table in library.compiled.items():
        found += prove_table(table, library.bank)
        found += _approval_findings(library.authored[an_id], on)
    found += _between_protocols(library)
    return found


def prove_table(table: Compiled, bank: Bank) -> list[Finding]:
    found = [*_shape(table), *_names(table, bank), *_language(table)]
    cells = prod(len(question["answers"]) for question in table["questions"])
    if cells > MOST_CELLS:
        sentence = f"Split it: {cells:,} combinations are too many to prove."
        return [*found, Finding(table["id"], "complete", sentence)]
    tiers, winners = grids(table)
    return [*found, *_masked(table, winners), *_monotone(table, tiers), *_unknown(table, tiers)]


def grids(table: Compiled) -> tuple[Grid, NDArray[np.int16]]:
    """For every combination of answers, the tier it ends in and the rule that decides (-1: none).

    An axis is a question, its answers in order of worry. The least urgent rule is laid first, and
    each more urgent one over it: what is left on top is what `next_step` comes to.
    """
    axes = [_by_worry(question) for question in table["questions"]]
    shape = tuple(len(axis) for axis in axes)
    otherwise = CLEAR if table["otherwise"] is None else int(table["otherwise"][1])
    tiers = np.full(shape, otherwise, dtype=np.int8)
    winners = np.full(shape, -1, dtype=np.int16)
    for n in reversed(range(len(table["rules"]))):
        for block in _blocks(table, table["rules"][n], axes):
            tiers[block] = int(table["rules"][n]["tier"][1])
            winners[block] = n
    return tiers, winners


def _by_worry(question: CompiledQuestion) -> list[str]:
    return [a["id"] for a in sorted(question["answers"], key=lambda answer: answer["worry"])]


def _blocks(
    table: Compiled, rule: CompiledRule, axes: list[list[str]]
) -> Iterator[tuple[slice | int, ...]]:
    """The cells a rule covers, as blocks: every answer of a question it does not ask about."""
    picks: list[list[slice | int]] = [
        [axis.index(one) for one in rule["when"][question["id"]]]
        if question["id"] in rule["when"]
        else [slice(None)]
        for question, axis in zip(table["questions"], axes, strict=True)
    ]
    return product(*picks)


def _shape(table: Compiled) -> Iterator[Finding]:
    """Floors, the order of questions, the first look, what is said first at T1."""
    for rule in table["rules"]:
        if rule["tier"] > table["floor"]:
            yield Finding(
                table["id"], "floor", f"`{rule['id']}` is below the floor {table['floor']}."
            )
    if table["otherwise"] is not None and table["otherwise"] > table["floor"]:
        yield Finding(table["id"], "floor", f"`otherwise` is below the floor {table['floor']}.")
    if table["otherwise"] is None and table["id"] != FIRST_LOOK:
        yield Finding(table["id"], "complete", "Only the first look may end clear: name a tier.")
    if table["id"] == FALLBACK and table["floor"] > "T3":
        yield Finding(
            table["id"], "floor", "A clinical call that fits nothing else pages: floor T3."
        )
    if table["id"] == FIRST_LOOK:
        if len(table["questions"]) > MOST_FIRST_QUESTIONS:
            yield Finding(table["id"], "first look", "Ask at most 4 questions first.")
        if any(rule["tier"] != "T1" for rule in table["rules"]):
            yield Finding(table["id"], "first look", "The first look only looks for T1.")
    yield from _order(table)


def _order(table: Compiled) -> Iterator[Finding]:
    urgent: dict[str, str] = {}
    for rule in table["rules"]:
        for question in rule["when"]:
            urgent.setdefault(question, rule["tier"])  # Rules stand most urgent first.
    before = "T1"
    for question in table["questions"]:
        tier = urgent.get(question["id"])
        if tier is None:
            sentence = f"No answer to `{question['id']}` changes anything: remove it or use it."
            yield Finding(table["id"], "reachable", sentence)
        elif tier < before:
            sentence = (
                f"Ask `{question['id']}` sooner: it can end in {tier}, a question before it not."
            )
            yield Finding(table["id"], "order", sentence)
        before = max(before, tier or before)


def _names(table: Compiled, bank: Bank) -> Iterator[Finding]:
    """Phrases, fields, modifiers and sources are all in the bank; every flag cites one."""
    said = {one for phrases in table["say"].values() for one in phrases}
    said |= {one for rule in table["rules"] for one in rule["say"]} | set(table["otherwise_say"])
    for phrase in sorted(said - set(bank.phrases)):
        yield Finding(table["id"], "phrases", f"`{phrase}` is not in the phrase bank.")
    for field in sorted(set(table["handoff"]) - set(bank.fields)):
        yield Finding(table["id"], "fields", f"`{field}` is not a field of the bank.")
    for modifier in sorted(set(table["counted"]) - set(bank.modifiers)):
        yield Finding(table["id"], "modifiers", f"`{modifier}` is not a modifier of the bank.")
    for rule in table["rules"]:
        if not rule["cite"]:
            yield Finding(table["id"], "provenance", f"`{rule['id']}` cites no source.")
        for cite in rule["cite"]:
            if cite["source"] not in bank.sources:
                yield Finding(
                    table["id"], "provenance", f"`{cite['source']}` is not a known source."
                )
        spoken = rule["say"] or table["say"].get(rule["tier"], [])
        if rule["tier"] == "T1" and not _sends_help(spoken, bank):
            yield Finding(
                table["id"], "phrases", f"`{rule['id']}` is T1 and does not send help first."
            )
    for tier in ("T1", "T2", "T3", "T4", "T5"):
        if not table["say"].get(tier):
            yield Finding(table["id"], "phrases", f"Nothing is said at {tier}.")


def _sends_help(spoken: list[str], bank: Bank) -> bool:
    """The first words of a T1 send for an ambulance, or keep the caller while the agent does."""
    first = bank.phrases.get(spoken[0], {"en": ""})["en"] if spoken else ""
    return "call 911" in first or "getting help to you now" in first


def _language(table: Compiled) -> Iterator[Finding]:
    for question in table["questions"]:
        for language, text in question["ask"].items():
            for mend in question_faults(text, language):
                yield Finding(table["id"], "language", f"{question['id']} ({language}): {mend}")
        yield from _hard(table["id"], question["id"], question["ask"]["en"])
        labels = [answer["label"] for answer in question["answers"]]
        if any("es" not in words for words in [question["ask"], *labels]):
            yield Finding(table["id"], "language", f"{question['id']}: add the Spanish.")


def _hard(protocol: str, an_id: str, text: str) -> Iterator[Finding]:
    if (grade := reading_grade(text)) > MOST_GRADE:
        sentence = f"{an_id}: reading grade {grade:.1f}; use shorter words, grade 6 at most."
        yield Finding(protocol, "language", sentence)


def _masked(table: Compiled, winners: NDArray[np.int16]) -> Iterator[Finding]:
    """A rule no combination of answers ever comes to, or that decides what is decided anyway."""
    deciding = set(np.unique(winners).tolist())
    for n, rule in enumerate(table["rules"]):
        if n not in deciding:
            yield Finding(
                table["id"], "reachable", f"`{rule['id']}` can never decide: others mask it."
            )
        elif rule["tier"] == table["otherwise"] and rule["say"] in ([], table["otherwise_say"]):
            sentence = f"`{rule['id']}` is {rule['tier']}, as `otherwise` is: remove it."
            yield Finding(table["id"], "reachable", sentence)


def _monotone(table: Compiled, tiers: Grid) -> Iterator[Finding]:
    """A more worrying answer never ends in a less urgent tier."""
    for axis, question in enumerate(table["questions"]):
        lower = np.argwhere(np.diff(tiers, axis=axis) > 0)
        if not len(lower):
            continue
        calm = tuple(int(n) for n in lower[0])
        worse = (*calm[:axis], calm[axis] + 1, *calm[axis + 1 :])
        yield Finding(
            table["id"],
            "monotone",
            f"A more worrying answer to `{question['id']}` lowers the urgency.",
            f"{_tell(table, calm)} ends in {_tier(tiers[calm])}; "
            f"changed to {_answer(question, worse[axis])}, it ends in {_tier(tiers[worse])}.",
        )


def _unknown(table: Compiled, tiers: Grid) -> Iterator[Finding]:
    """Can't say is at most one tier below the most worrying answer."""
    for axis, question in enumerate(table["questions"]):
        answers = _by_worry(question)
        at = answers.index(UNKNOWN)
        unknown, worst = np.take(tiers, at, axis), np.take(tiers, len(answers) - 1, axis)
        # Past the last tier nothing is told, so in the first look can't say must be as bad as yes.
        allowed = 0 if table["otherwise"] is None else 1
        far = np.argwhere(unknown - worst > allowed)
        if not len(far):
            continue
        rest = [int(n) for n in far[0]]
        cell = (*rest[:axis], at, *rest[axis:])
        yield Finding(
            table["id"],
            "unknown",
            f"Can't say to `{question['id']}` is more than one tier below its worst answer.",
            f"{_tell(table, cell)} ends in {_tier(tiers[cell])}.",
        )


def _tell(table: Compiled, cell: tuple[int, ...]) -> str:
    """The cell in a clinician's words, leaving out the answers that worry least."""
    told = [
        f"{question['ask']['en']} {_answer(question, n)}"
        for question, n in zip(table["questions"], cell, strict=True)
        if n > 0
    ]
    return " ".join(told) if told else "Nothing worrying"


def _answer(question: CompiledQuestion, worry: int) -> str:
    label = next(a["label"]["en"] for a in question["answers"] if a["worry"] == worry)
    return f"“{label}”"


def _tier(rank: np.int8) -> str:
    return "no tier" if int(rank) == CLEAR else f"T{int(rank)}"


def _approval_findings(protocol: Protocol, on: date | None) -> Iterator[Finding]:
    if protocol.status != "approved":
        return
    if protocol.approval is None:
        yield Finding(
            protocol.id, "provenance", "Name who approved it, their licence and until when."
        )
    elif on is not None and protocol.approval.expires_on <= on:
        yield Finding(protocol.id, "provenance", f"Approval ended {protocol.approval.expires_on}.")


def _bank_findings(bank: Bank) -> Iterator[Finding]:
    for an_id, words in bank.phrases.items():
        for language, text in words.items():
            for mend in faults(text):
                yield Finding("phrase bank", "language", f"{an_id} ({language}): {mend}")
        yield from _hard("phrase bank", an_id, words["en"])
        if "es" not in words:
            yield Finding("phrase bank", "language", f"{an_id}: add the Spanish.")


def _between_protocols(library: Library) -> Iterator[Finding]:
    """The same question id asks the same words and weighs its worst answer the same everywhere."""
    first: dict[str, tuple[str, str, str | None]] = {}
    for table in library.compiled.values():
        worst = {rule["id"]: rule["tier"] for rule in reversed(table["rules"])}
        for question in table["questions"]:
            an_id, ask = question["id"], question["ask"]["en"]
            tier = worst.get(f"{an_id}.{_by_worry(question)[-1]}")
            there, asked, weighed = first.setdefault(an_id, (table["id"], ask, tier))
            if (asked, weighed) != (ask, tier):
                sentence = (
                    f"`{an_id}` is asked or weighed otherwise in {there}: {weighed}, here {tier}."
                )
                yield Finding(table["id"], "consistent", sentence)
    if FIRST_LOOK not in library.compiled or FALLBACK not in library.compiled:
        yield Finding(
            "library", "complete", f"Add `{FIRST_LOOK}` and `{FALLBACK}`: every call needs them."
        )


def proof_text(library: Library, findings: list[Finding]) -> str:
    """What `nightbell triage prove` prints."""
    lines = []
    for table in [library.first_look, *library.protocols]:
        cells = prod(len(question["answers"]) for question in table["questions"])
        wrong = [one for one in findings if one.protocol == table["id"]]
        verdict = "proved" if not wrong else f"{len(wrong)} to mend"
        lines.append(
            f"{table['id']:<22} {table['version']:<8} {table['status']:<9} "
            f"{len(table['questions']):>2} questions {cells:>9,} combinations  {verdict}"
        )
    for one in findings:
        lines.append(f"\n{one.protocol}: {one.check}\n  {one.sentence}")
        if one.counterexample:
            lines.append(f"  {one.counterexample}")
    lines.append(
        f"\n{len(library.compiled)} protocols, {len(findings)} findings."
        + (" Drafts still need a licensed clinician." if not findings else "")
    )
    return "\n".join(lines)
