"""Shared vectors: every path through every protocol, and searches, for the browser's engine.

python -m nightbell.triage.vectors frontend/shared/triage/vectors.json
"""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nightbell.triage.compile import Compiled
from nightbell.triage.library import Library, load_library
from nightbell.triage.run import Answers, Ask, Clear, Step, next_step
from nightbell.triage.search import find

MOST_PATHS = 400  # of one protocol; beyond that an even sample of them
SCATTERED = 30  # answer sets no orderly call would have, of each protocol
SPOKEN = (
    "chest pain", "hartburn", "tight chest", "she cant breath", "baby fever", "bebé con fiebre",
    "stomache ache", "threw up her pill", "slured speech", "insicion open", "purple elephant",
    "dolor de pecho", "wants to die", "out of insulin", "", "the",
)  # fmt: skip


def paths(table: Compiled) -> Iterator[dict[str, str]]:
    """The answers at the end of every path an orderly call can go, each answer in turn."""
    stack: list[dict[str, str]] = [{}]
    while stack:
        answers = stack.pop()
        step = next_step(table, answers)
        if isinstance(step, Ask):
            stack += [
                {**answers, step.question["id"]: one["id"]}
                for one in reversed(step.question["answers"])
            ]
        else:
            yield answers


def vectors(library: Library) -> dict[str, Any]:
    dice = random.Random(5)  # Seeded: the same library gives the same file.
    modifiers = sorted(library.bank.modifiers)
    runs: list[dict[str, Any]] = []
    for table in library.compiled.values():
        for answers in [*_some_paths(table), *_scattered(table, dice)]:
            some = dice.sample(modifiers, dice.choice((0, 0, 1, 2)))
            told = told_step(next_step(table, answers, some))
            runs.append(
                {"protocol": table["id"], "answers": answers, "modifiers": some, "step": told}
            )
    searches = [
        {"words": words, "months": months, "hits": [asdict(hit) for hit in found]}
        for words in SPOKEN
        for months in (None, 1, 480)
        for found in [find(library.compiled.values(), words, months)]
    ]
    return {"tables": library.compiled, "runs": runs, "searches": searches}


def told_step(step: Step) -> dict[str, Any]:
    """A step as JSON; a question by its id."""
    if isinstance(step, Ask):
        return {"kind": "ask", "question": step.question["id"]}
    if isinstance(step, Clear):
        return {"kind": "clear"}
    told = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(step).items()
    }
    return {"kind": "outcome", **told}


def _some_paths(table: Compiled) -> list[Answers]:
    """Ends of paths, and the same calls one answer earlier."""
    ends = list(paths(table))
    even = ends[:: max(1, -(-len(ends) // MOST_PATHS))]
    return [*even, *(dict(list(answers.items())[:-1]) for answers in even[::4])]


def _scattered(table: Compiled, dice: random.Random) -> Iterator[Answers]:
    for _ in range(SCATTERED):
        asked = dice.sample(table["questions"], dice.randint(0, len(table["questions"])))
        yield {one["id"]: dice.choice(one["answers"])["id"] for one in asked}


def as_text(found: dict[str, Any]) -> str:
    """One vector a line, so that a change shows in a diff."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return text.replace('{"protocol"', '\n{"protocol"') + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_text(vectors(load_library())), "utf-8")
