"""Which protocol to open, from what the caller says: tolerant of spelling, never without an answer.

Every word the agent typed is held against the words of each protocol's title and synonyms. The
fallback is always the last hit, so an unmatched call still has a protocol that pages.
`frontend/shared/triage/search.ts` is the same search, held to the same vectors.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from nightbell.triage.compile import Compiled
from nightbell.triage.protocol import FALLBACK, FIRST_LOOK

SMALL_WORDS = frozenset(
    re.findall(
        r"\S+",
        "a an the is in on of to my his her i he she it and with has have"
        " de la el un una en me le se y",
    )
)
ENOUGH = 50  # per cent of what was typed that must be found


@dataclass(frozen=True, slots=True)
class Hit:
    protocol: str
    score: int  # per cent


def find(tables: Iterable[Compiled], words: str, months: int | None = None) -> list[Hit]:
    """Protocols that fit, best first; those for another age than `months` are left out."""
    fit = [t for t in tables if t["id"] not in (FIRST_LOOK, FALLBACK) and _of_age(t, months)]
    hits = [Hit(table["id"], score(table, words)) for table in fit]
    good = [hit for hit in hits if hit.score >= ENOUGH]
    return [*sorted(good, key=lambda hit: (-hit.score, hit.protocol)), Hit(FALLBACK, 0)]


def score(table: Compiled, words: str) -> int:
    """How much of what was typed is in the protocol's one best-fitting phrase."""
    typed = tokens(words)
    if not typed:
        return 0
    phrases = [tokens(phrase) for phrase in [*table["title"].values(), *table["synonyms"]]]
    return max((_share(typed, phrase) for phrase in phrases), default=0)


def tokens(text: str) -> list[str]:
    """Lower-case words without accents; small words only where there are no others."""
    plain = unicodedata.normalize("NFD", text.lower())
    every = re.findall(r"[a-z0-9]+", re.sub(r"[\u0300-\u036f']", "", plain))
    return [word for word in every if word not in SMALL_WORDS] or every


def _share(typed: list[str], phrase: list[str]) -> int:
    """Per cent of the words found: two thirds what was typed, one third the phrase."""
    if not phrase:
        return 0
    found = sum(any(alike(word, other) for other in phrase) for word in typed)
    met = sum(any(alike(word, other) for word in typed) for other in phrase)
    return (200 * found // len(typed) + 100 * met // len(phrase)) // 3


def alike(typed: str, known: str) -> bool:
    """The same word, its beginning (from 4 letters), or a slip: one in 4 letters, two in 8."""
    if typed == known:
        return True
    if min(len(typed), len(known)) < 4:
        return False
    if known.startswith(typed):
        return True
    slips = 2 if min(len(typed), len(known)) >= 8 else 1
    return abs(len(typed) - len(known)) <= slips and distance(typed, known) <= slips


def distance(one: str, other: str) -> int:
    """Letters to put in, leave out, change or swap (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _of_age(table: Compiled, months: int | None) -> bool:
    if months is None:
        return True
    under = table["applies"]["under_months"]
    return table["applies"]["from_months"] <= months and (under is None or months < under)
