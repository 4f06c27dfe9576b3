"""From an authored protocol to the decision table that every engine runs.

The compiled table is plain JSON, read as it is by `run.py` here and `engine.ts` in the browser:

    {
      "id": "adult-chest-pain", "version": "1.0.0", "hash": "sha256:...", "status": "draft",
      "title": {"en": "Chest pain", "es": "..."},
      "applies": {"from_months": 216, "under_months": null},
      "synonyms": ["chest pain", ...],                      all languages together, for the search
      "counted": ["infant"],                                modifiers its tiers already weigh
      "questions": [{
          "id": "breathing_hard", "ask": {"en": "...", "es": "..."},
          "answers": [{"id": "yes", "label": {"en": "Yes", "es": "Sí"}, "worry": 2}, ...],
          "cite": [{"source": "AHA", "mark": "S"}]}],
      "rules": [{"id": "breathing_hard.yes", "when": {"breathing_hard": ["yes"]},
                 "tier": "T1", "say": [], "cite": [...]}],  sorted, most urgent first
      "otherwise": "T2",                                    null: the first look found nothing
      "otherwise_say": [],
      "floor": "T2",
      "say": {"T1": ["call_911"], ...},                     said on every call that ends in the tier
      "handoff": ["onset"]
    }

Answers stand in the order they are offered: most worrying first, "can't say" last; `worry` grows
with urgency. A rule's `say`, where it has one, replaces its tier's. The hash covers what is asked,
decided and said, and leaves out `status`, so an approval can name the hash that it approves. Ids
are the author's; a rule made from one answer is `question.answer`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TypedDict

from nightbell.triage.protocol import UNKNOWN, Cite, Effect, Protocol, Question, Words

TIERS = ("T1", "T2", "T3", "T4", "T5")


class CompiledCite(TypedDict):
    source: str
    mark: str


class CompiledAnswer(TypedDict):
    id: str
    label: dict[str, str]
    worry: int


class CompiledQuestion(TypedDict):
    id: str
    ask: dict[str, str]
    answers: list[CompiledAnswer]
    cite: list[CompiledCite]


class CompiledRule(TypedDict):
    id: str
    when: dict[str, list[str]]
    tier: str
    say: list[str]
    cite: list[CompiledCite]


class CompiledAges(TypedDict):
    from_months: int
    under_months: int | None


class Compiled(TypedDict):
    id: str
    version: str
    hash: str
    status: str
    title: dict[str, str]
    applies: CompiledAges
    synonyms: list[str]
    counted: list[str]
    questions: list[CompiledQuestion]
    rules: list[CompiledRule]
    otherwise: str | None
    otherwise_say: list[str]
    floor: str
    say: dict[str, list[str]]
    handoff: list[str]


def compile_protocol(
    protocol: Protocol, *, labels: Mapping[str, Words], say: Mapping[str, tuple[str, ...]]
) -> Compiled:
    """`labels` name the answers yes, no and unknown; `say` is what each tier says by default."""
    table: Compiled = {
        "id": protocol.id,
        "version": protocol.version,
        "hash": "",
        "status": protocol.status,
        "title": dict(protocol.title),
        "applies": {
            "from_months": protocol.applies.from_months,
            "under_months": protocol.applies.under_months,
        },
        "synonyms": [one for phrases in protocol.synonyms.values() for one in phrases],
        "counted": list(protocol.counted),
        "questions": [_question(one, labels) for one in protocol.questions],
        "rules": _rules(protocol),
        "otherwise": protocol.otherwise.tier.value if protocol.otherwise else None,
        "otherwise_say": list(protocol.otherwise.say) if protocol.otherwise else [],
        "floor": protocol.floor.value,
        "say": {tier: list(protocol.say.get(tier, say.get(tier, ()))) for tier in TIERS},
        "handoff": list(protocol.handoff),
    }
    table["hash"] = content_hash(table)
    return table


def content_hash(table: Compiled) -> str:
    content = {key: value for key, value in table.items() if key not in ("hash", "status")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _question(question: Question, labels: Mapping[str, Words]) -> CompiledQuestion:
    worry = {answer: n for n, answer in enumerate(question.answers)}
    offered = [one for one in reversed(question.answers) if one != UNKNOWN] + [UNKNOWN]
    return {
        "id": question.id,
        "ask": dict(question.ask),
        "answers": [
            {
                "id": answer,
                "label": dict(question.labels.get(answer) or labels[answer]),
                "worry": worry[answer],
            }
            for answer in offered
        ],
        "cite": _cites(question.cite),
    }


def _rules(protocol: Protocol) -> list[CompiledRule]:
    """Most urgent first; within a tier in the order the questions are asked."""
    place = {question.id: n for n, question in enumerate(protocol.questions)}
    rules = [
        _rule(
            f"{question.id}.{answer}", {question.id: [answer]}, question.on[answer], question.cite
        )
        for question in protocol.questions
        for answer in reversed(question.answers)
        if answer in question.on
    ]
    rules += [
        _rule(
            flag.id, {key: list(named) for key, named in flag.when.items()}, flag.effect, flag.cite
        )
        for flag in protocol.together
    ]
    return sorted(rules, key=lambda rule: (rule["tier"], max(place[one] for one in rule["when"])))


def _rule(
    an_id: str, when: dict[str, list[str]], effect: Effect, cite: tuple[Cite, ...]
) -> CompiledRule:
    return {
        "id": an_id,
        "when": when,
        "tier": effect.tier.value,
        "say": list(effect.say),
        "cite": _cites(cite),
    }


def _cites(cites: tuple[Cite, ...]) -> list[CompiledCite]:
    return [{"source": cite.source, "mark": cite.mark} for cite in cites]
