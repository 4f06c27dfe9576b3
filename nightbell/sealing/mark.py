"""The patient mark: says "same patient" without saying who, to those who hold the account's key."""

import hashlib
import hmac
import unicodedata
from datetime import date


def normalised(name: str, born: date) -> str:
    """The lower-case letters of the name without accents, a bar, the birth date."""
    apart = unicodedata.normalize("NFKD", name).lower()
    letters = "".join(one for one in apart if unicodedata.category(one).startswith("L"))
    return f"{letters}|{born.isoformat()}"


def patient_mark(mark_key: bytes, name: str, born: date) -> str | None:
    """Hex HMAC-SHA-256; None for a name without letters, which would mark everyone alike."""
    words = normalised(name, born)
    if words.startswith("|"):
        return None
    return hmac.new(mark_key, words.encode(), hashlib.sha256).hexdigest()
