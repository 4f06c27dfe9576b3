"""From a passphrase to two secrets: one proves who signs in, the other opens the person's keys.

The same steps run in the browser (`frontend/shared/sealing/passphrase.ts`). The server is sent only
the verifier; the key-opening key never leaves the device.
"""

import json
import secrets
import unicodedata
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nightbell.core.errors import Refused
from nightbell.sealing.keys import PersonKeys, unb64url

SALT_BYTES = 16
NONCE_BYTES = 12
BOUND_TO = b"nightbell/wrapped"


class WrongKey(Refused):
    """This passphrase does not open these keys. Type it again."""


@dataclass(frozen=True, slots=True)
class Kdf:
    """RFC 9106's second recommended choice: 64 MiB, three passes."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1

    def wire(self) -> dict[str, str | int]:
        return {
            "name": "argon2id",
            "memory_kib": self.memory_kib,
            "passes": self.passes,
            "lanes": self.lanes,
        }


STANDARD = Kdf()


@dataclass(frozen=True, slots=True)
class Derived:
    verifier: bytes  # sent at sign-in
    kek: bytes  # opens the person's keys; stays


def fresh_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def derive(passphrase: str, salt: bytes, kdf: Kdf = STANDARD) -> Derived:
    """Slow on purpose (half a second): call it off the event loop."""
    stretched = hash_secret_raw(
        unicodedata.normalize("NFKC", passphrase).encode(),
        salt,
        time_cost=kdf.passes,
        memory_cost=kdf.memory_kib,
        parallelism=kdf.lanes,
        hash_len=32,
        type=Type.ID,
    )
    return Derived(_expand(stretched, b"nightbell/verifier"), _expand(stretched, b"nightbell/kek"))


def wrap(keys: PersonKeys, kek: bytes) -> bytes:
    """The person's secret keys, closed: what the server may keep."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    words = json.dumps({"age": keys.age_secret, "sign": keys.sign_seed_text}).encode()
    return nonce + AESGCM(kek).encrypt(nonce, words, BOUND_TO)


def unwrap(wrapped: bytes, kek: bytes) -> PersonKeys:
    try:
        words = AESGCM(kek).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], BOUND_TO)
    except (InvalidTag, ValueError):
        raise WrongKey from None
    told = json.loads(words)
    return PersonKeys(told["age"], unb64url(told["sign"]))


def _expand(stretched: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, purpose).derive(stretched)
