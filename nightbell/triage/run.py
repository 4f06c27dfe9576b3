"""Running a compiled protocol: from the answers so far, the next question or how it ends.

`next_step` is the whole engine; `frontend/shared/triage/engine.ts` is the same engine again, and
both are held to the same vectors. A call ends as soon as nothing still unasked could make it more
urgent, so a T1 answer ends it at once. The server runs what the browser ran and keeps the more
urgent of the two: code raises, only a clinician lowers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from nightbell.core.errors import Refused
from nightbell.core.tier import Tier, most_urgent
from nightbell.triage.compile import Compiled, CompiledQuestion, CompiledRule

Answers = Mapping[str, str]  # question -> answer


class AnswerRefused(Refused):
    """That is not one of the answers this question offers. Choose one of those shown."""


class ModifierRefused(Refused):
    """That is not a known reason to move a call up. Choose among those shown."""


@dataclass(frozen=True, slots=True)
class Ask:
    question: CompiledQuestion


@dataclass(frozen=True, slots=True)
class Outcome:
    """`before` is the tier the answers gave, `tier` what the modifiers made of it."""

    tier: Tier
    before: Tier
    rule: str  # the rule that fired, or `otherwise`
    raised_by: tuple[str, ...]
    say: tuple[str, ...]
    disposition: str  # page | hold_for_office


@dataclass(frozen=True, slots=True)
class Clear:
    """The first look found no danger to life; the call goes on."""


Step = Ask | Outcome | Clear


def next_step(table: Compiled, answers: Answers, modifiers: Collection[str] = ()) -> Step:
    _refuse_strange_answers(table, answers)
    fired = next((rule for rule in table["rules"] if _holds(rule, answers)), None)
    for rule in table["rules"]:
        if fired is not None and rule["tier"] >= fired["tier"]:
            break  # Nothing further down could be more urgent.
        if _possible(rule, answers):
            return Ask(_first_unanswered(table, rule, answers))
    if fired is not None:
        return _outcome(table, Tier(fired["tier"]), fired["id"], fired["say"], modifiers)
    if table["otherwise"] is not None:
        tier = Tier(table["otherwise"])
        return _outcome(table, tier, "otherwise", table["otherwise_say"], modifiers)
    return Clear()


@dataclass(frozen=True, slots=True)
class Finding:
    """What the server holds of one protocol's run: never less urgent than anybody else found."""

    next_question: str | None
    tier: Tier | None  # None while nobody has found one
    rule: str
    raised_by: tuple[str, ...]  # modifiers, `console` and `agent`
    say: tuple[str, ...]
    disposition: str


def find_again(
    table: Compiled,
    answers: Answers,
    modifiers: Collection[str] = (),
    *,
    client_tier: Tier | None = None,
    raise_to: Tier | None = None,
) -> Finding:
    """The server's own run, raised to what the console found or the agent's instinct says."""
    step = next_step(table, answers, modifiers)
    asked = step.question["id"] if isinstance(step, Ask) else None
    own = step if isinstance(step, Outcome) else None
    rank = own.tier.rank if own else 6
    more = {"console": client_tier, "agent": raise_to}
    raisers = [who for who, tier in more.items() if tier is not None and tier.rank < rank]
    if own is not None and not raisers:
        return Finding(None, own.tier, own.rule, own.raised_by, own.say, own.disposition)
    tier = most_urgent(client_tier, raise_to)
    if not raisers or tier is None:
        return Finding(asked, None, "", (), (), "")
    if own is None:
        say = tuple(table["say"][tier.value])
        return Finding(asked, tier, "", tuple(raisers), say, disposition(tier))
    say = _say(table, own.tier, tier, list(own.say))
    return Finding(None, tier, own.rule, (*own.raised_by, *raisers), say, disposition(tier))


def fitting(table: Compiled, answers: Answers) -> dict[str, str]:
    """The answers that this version offers: a console that began with another loses no call."""
    offered = {q["id"]: {a["id"] for a in q["answers"]} for q in table["questions"]}
    return {key: one for key, one in answers.items() if one in offered.get(key, ())}


def never_lower(server: Tier, client: Tier | None, previous: Tier | None) -> Tier:
    """The tier that stands: never below the server's own, the agent's, or the one already known."""
    return most_urgent(server, client, previous) or server


def disposition(tier: Tier) -> str:
    """No clinical call ends without a person: it is paged, or the office finds it waiting."""
    return "page" if tier.pages else "hold_for_office"


def _outcome(
    table: Compiled, before: Tier, rule: str, own: list[str], modifiers: Collection[str]
) -> Outcome:
    raised_by = tuple(sorted(set(modifiers) - set(table["counted"])))
    tier = Tier(min(before.value, table["floor"]))
    if raised_by and tier is not Tier.T1:
        tier = Tier(f"T{tier.rank - 1}")  # One tier, however many reasons there are.
    return Outcome(tier, before, rule, raised_by, _say(table, before, tier, own), disposition(tier))


def _say(table: Compiled, before: Tier, tier: Tier, own: list[str]) -> tuple[str, ...]:
    """The rule's own words, else its tier's; once raised, the new tier's before its own."""
    if tier is before:
        return tuple(own or table["say"][tier.value])
    alone = [phrase for phrase in own if phrase not in table["say"][before.value]]
    return tuple(dict.fromkeys([*table["say"][tier.value], *alone]))


def _holds(rule: CompiledRule, answers: Answers) -> bool:
    return all(answers.get(question) in named for question, named in rule["when"].items())


def _possible(rule: CompiledRule, answers: Answers) -> bool:
    """Whether the rule could still fire: nothing answered speaks against it."""
    return all(
        question not in answers or answers[question] in named
        for question, named in rule["when"].items()
    )


def _first_unanswered(table: Compiled, rule: CompiledRule, answers: Answers) -> CompiledQuestion:
    return next(
        question
        for question in table["questions"]
        if question["id"] in rule["when"] and question["id"] not in answers
    )


def _refuse_strange_answers(table: Compiled, answers: Answers) -> None:
    offered = {q["id"]: {a["id"] for a in q["answers"]} for q in table["questions"]}
    for question, answer in answers.items():
        if answer not in offered.get(question, ()):
            raise AnswerRefused
