"""What a browser proves at sign-in, kept only as a hash; and a steady salt for names nobody has.

The browser has already spent 64 MiB and three passes on the passphrase; the hash here only keeps
a stolen table from being played back. Both functions that hash are slow: call them off the event
loop.
"""

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

VERIFIER_BYTES = 32
SALT_BYTES = 16
# OWASP's floor for Argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified when the handle is unknown, so that both answers take as long.
NOBODYS = _HASHER.hash(b"\x00" * VERIFIER_BYTES)


def hash_verifier(verifier: bytes) -> str:
    return _HASHER.hash(verifier)


def matches(verifier_hash: str, verifier: bytes) -> bool:
    try:
        return _HASHER.verify(verifier_hash, verifier)
    except (VerifyMismatchError, InvalidHashError):
        return False


def tidy_handle(handle: str) -> str:
    """The one stored form of a sign-in name."""
    return handle.strip().lower()


def false_salt(secret: bytes, handle: str) -> bytes:
    """The salt an unknown handle is given: always the same, so that asking tells nothing."""
    return hmac.new(secret, tidy_handle(handle).encode(), hashlib.sha256).digest()[:SALT_BYTES]
