"""Keys, made and closed: a person's own, a practice's inbox, recovery and mark key, the desk's."""

import base64
import secrets
from dataclasses import dataclass

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import x25519  # pyright: ignore[reportMissingModuleSource] (a compiled module)

from nightbell.core.errors import Refused


class NotForYou(Refused):
    """This was not sealed for the keys you hold. Somebody it was sealed for can open it."""


@dataclass(frozen=True, slots=True, repr=False)
class PersonKeys:
    """A person's secret keys. No repr: a key must not reach a log by accident."""

    age_secret: str  # AGE-SECRET-KEY-1...
    sign_seed: bytes  # Ed25519

    @property
    def age_recipient(self) -> str:
        return recipient_of(self.age_secret)

    @property
    def sign_seed_text(self) -> str:
        return b64url(self.sign_seed)

    @property
    def sign_public(self) -> str:
        return b64url(
            Ed25519PrivateKey.from_private_bytes(self.sign_seed).public_key().public_bytes_raw()
        )


@dataclass(frozen=True, slots=True, repr=False)
class SharedKey:
    """A key that several people may hold: an inbox, the desk; or a recovery key, held on paper."""

    age_secret: str

    @property
    def age_recipient(self) -> str:
        return recipient_of(self.age_secret)


@dataclass(frozen=True, slots=True, repr=False)
class AccountKeys:
    inbox: SharedKey
    recovery: SharedKey
    mark: bytes  # 32 bytes under which patient marks are made


def make_person_keys() -> PersonKeys:
    return PersonKeys(str(x25519.Identity.generate()), secrets.token_bytes(32))


def make_shared_key() -> SharedKey:
    return SharedKey(str(x25519.Identity.generate()))


def make_account_keys() -> AccountKeys:
    return AccountKeys(make_shared_key(), make_shared_key(), secrets.token_bytes(32))


def close_share(shared: SharedKey, recipient: str) -> bytes:
    """A shared key as an age file that only `recipient` opens."""
    return close_to(shared.age_secret.encode(), [recipient])


def open_share(closed: bytes, age_secret: str) -> SharedKey:
    return SharedKey(open_with(closed, [age_secret]).decode())


def close_mark_key(mark: bytes, recipient: str) -> bytes:
    return close_to(b64url(mark).encode(), [recipient])


def open_mark_key(closed: bytes, age_secret: str) -> bytes:
    return unb64url(open_with(closed, [age_secret]).decode())


def close_to(octets: bytes, recipients: list[str]) -> bytes:
    """An age file to X25519 recipients. Post-quantum ones are never mixed in: none are accepted."""
    return pyrage.encrypt(octets, [x25519.Recipient.from_str(one) for one in recipients])


def open_with(closed: bytes, age_secrets: list[str]) -> bytes:
    try:
        return pyrage.decrypt(closed, [x25519.Identity.from_str(one) for one in age_secrets])
    except pyrage.DecryptError:
        raise NotForYou from None


def recipient_of(age_secret: str) -> str:
    return str(x25519.Identity.from_str(age_secret).to_public())


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
