"""Breaks a protocol on purpose, one flag at a time, so that its tests can be tested.

Owns: the mutants. Does not own: the cases that must catch them (`tests/triage/cases`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nightbell.core.tier import Tier
from nightbell.triage.protocol import Effect, Protocol, Question, Together


@dataclass(frozen=True, slots=True)
class Mutant:
    what: str  # "spreads.yes deleted"
    protocol: Protocol


def mutate(protocol: Protocol) -> list[Mutant]:
    """Every flag deleted, weakened by a tier, and inverted."""
    return [*_questions(protocol), *_together(protocol), *_otherwise(protocol)]


def _questions(protocol: Protocol) -> Iterator[Mutant]:
    for question in protocol.questions:
        for answer, effect in question.on.items():
            name = f"{question.id}.{answer}"
            without = {key: value for key, value in question.on.items() if key != answer}
            yield Mutant(f"{name} deleted", _with(protocol, question, without))
            if (weaker := _weaker(protocol, effect)) is not None:
                weakened = {**question.on, answer: weaker}
                yield Mutant(
                    f"{name} weakened", _let_go(_with(protocol, question, weakened), weaker)
                )
            calm = question.answers[0]
            if calm not in question.on:
                yield Mutant(
                    f"{name} inverted", _with(protocol, question, {**without, calm: effect})
                )


def _together(protocol: Protocol) -> Iterator[Mutant]:
    for flag in protocol.together:
        rest = tuple(one for one in protocol.together if one is not flag)
        yield Mutant(f"{flag.id} deleted", replace(protocol, together=rest))
        if (weaker := _weaker(protocol, flag.effect)) is not None:
            weakened = (*rest, replace(flag, effect=weaker))
            weak = replace(protocol, together=weakened)
            yield Mutant(f"{flag.id} weakened", _let_go(weak, weaker))
        for question in flag.when:
            narrower = _without_worst(protocol, flag, question)
            yield Mutant(
                f"{flag.id} without the worst answer to {question}",
                replace(protocol, together=(*rest, narrower)),
            )


def _without_worst(protocol: Protocol, flag: Together, question: str) -> Together:
    answers = next(one.answers for one in protocol.questions if one.id == question)
    worst = max(flag.when[question], key=answers.index)
    left = tuple(one for one in flag.when[question] if one != worst)
    return replace(flag, when={**flag.when, question: left})


def _otherwise(protocol: Protocol) -> Iterator[Mutant]:
    if protocol.otherwise is not None and protocol.otherwise.tier is not Tier.T5:
        weaker = Effect(Tier(f"T{protocol.otherwise.tier.rank + 1}"), protocol.otherwise.say)
        yield Mutant("otherwise weakened", _let_go(replace(protocol, otherwise=weaker), weaker))


def _weaker(protocol: Protocol, effect: Effect) -> Effect | None:
    """One tier down, unless that is what would happen anyway."""
    if effect.tier is Tier.T5:
        return None
    weaker = Tier(f"T{effect.tier.rank + 1}")
    if protocol.otherwise is not None and weaker.rank >= protocol.otherwise.tier.rank:
        return None
    return Effect(weaker, effect.say)


def _let_go(protocol: Protocol, weaker: Effect) -> Protocol:
    """The floor would hold a weakened flag up and hide it, so it goes down as far as the flag."""
    return replace(protocol, floor=max(protocol.floor, weaker.tier))


def _with(protocol: Protocol, question: Question, on: dict[str, Effect]) -> Protocol:
    changed = replace(question, on=on)
    questions = tuple(changed if one is question else one for one in protocol.questions)
    return replace(protocol, questions=questions)
