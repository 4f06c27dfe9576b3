"""The cases of `cases/*.yaml`, told to a compiled protocol."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nightbell.triage.compile import Compiled
from nightbell.triage.library import read_yaml
from nightbell.triage.run import Ask, Outcome, next_step

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    protocol: str
    tier: str  # or `clear`
    fact: str
    tell: dict[str, str]
    title: str


def cases() -> list[Case]:
    found: list[Case] = []
    for file in sorted(CASES.glob("*.yaml")):
        found += [Case(file.stem, **one) for one in cast("list[Any]", read_yaml(file))]
    return found


def calm(table: Compiled) -> dict[str, str]:
    """Each question's least worrying answer."""
    return {
        question["id"]: min(question["answers"], key=lambda answer: answer["worry"])["id"]
        for question in table["questions"]
    }


def told(table: Compiled, case: Case) -> str:
    """The call of a case, question by question as an agent asks them; how it ends."""
    unused = set(case.tell)
    answers: dict[str, str] = {}
    while isinstance(step := next_step(table, answers), Ask):
        question = step.question["id"]
        unused.discard(question)
        answers[question] = case.tell.get(question, calm(table)[question])
    assert unused <= {one["id"] for one in table["questions"]}, (
        "a case tells of no question there is"
    )
    return step.tier.value if isinstance(step, Outcome) else "clear"
