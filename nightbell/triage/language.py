"""What may never be said to a caller, and how hard a sentence is to follow.

Owns: the lint of spoken words and the reading grade.
Does not own: which sentence is said when.
"""

import re

MOST_GRADE = 6.0

# Each pattern with the sentence that says how to mend it.
_NEVER = (
    (r"\bemergency\?|\ban emergency\b", "Never ask whether it is an emergency; ask for one fact."),
    (r"\d\s*(mg|mcg|ml|milligrams?|pills?|tablets?|drops?|puffs?)\b", "Take the amount out."),
    (r"\b(dose of|another dose|skip (a|the) dose)\b", "Take the advice on a dose out."),
    (
        r"\btake\b|\bstop (using|taking)\b|\bdrink\b|\beat\b",
        "Take the advice out; ask or hand over.",
    ),
    (
        r"\b(sounds like|probably|likely|should be fine|don't worry|nothing serious|normal for"
        r"|no need|you'll be ok|wait and see)\b",
        "Take the reassurance out; say only what happens next.",
    ),
    (
        r"\b(you (may )?have|it is|this is|he has|she has) (a |an )?"
        r"(stroke|heart attack|infection|sepsis|meningitis|clot|allergy|panic attack)\b",
        "Take the diagnosis out; only a clinician names one.",
    ),
    (
        r"\b(probablemente|no se preocupe|no es nada|tome|deje de tomar|espere a ver)\b",
        "Take the advice or reassurance out of the Spanish.",
    ),
)


def faults(text: str) -> list[str]:
    """How to mend whatever `text` says that an agent may never say."""
    return [mend for pattern, mend in _NEVER if re.search(pattern, text, re.IGNORECASE)]


def question_faults(text: str, language: str) -> list[str]:
    """A question asks for one fact: one question mark, and in English no `and` that joins two."""
    found = faults(text)
    if text.count("?") != 1 or not text.rstrip().endswith("?"):
        found.append("Ask one question, and end it with a question mark.")
    if language == "en" and re.search(r"\band\b", text):
        found.append("Ask for one fact: split what `and` joins into two questions.")
    return found


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade (Kincaid 1975) with counted vowel groups; good to about half a grade."""
    sentences = max(1, len(re.findall(r"[.!?]+(?=\s|$)", text)))
    words = re.findall(r"[A-Za-z']+", text)
    if not words:
        return 0.0
    syllables = sum(_syllables(word.lower()) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _syllables(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1
    silent = silent or (word.endswith("ed") and not word.endswith(("ted", "ded")) and groups > 1)
    return max(1, groups - silent)
