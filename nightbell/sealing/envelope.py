"""The envelope: an Ed25519-signed JWS (RFC 7515, 8037) inside an age v1 file, padded to a bucket.

Signed first and sealed second, and the signature names the recipients, the account and the message:
a reader can prove that it was written for them, and nobody can pass it on as if it were. The layout
is specified in docs/sealing.md and shared, vector by vector, with frontend/shared/sealing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from nightbell.core.errors import Refused
from nightbell.sealing.keys import b64url, close_to, open_with, recipient_of, unb64url

VERSION = 1
TYPE = "nightbell+jws"
ALGORITHM = "Ed25519"  # RFC 9864; the older name EdDSA is not accepted
KIB = 1024
SKEW = timedelta(minutes=5)  # `created` is the writer's own clock, the directory's the server's.


class Altered(Refused):
    """This message was altered after it was signed, or was never signed as it claims. Do not act
    on it: call the service and ask for it to be read to you."""


class UnknownSigner(Refused):
    """Nobody known signed this message. Do not act on it: call the service."""


class Readdressed(Refused):
    """This message was signed for others, or for another practice or call. Do not act on it: call
    the service."""


class WrongForm(Refused):
    """This message is of a kind this version cannot read. Update Nightbell and open it again."""


class NotSealed(Refused):
    """This is not an age file for all of its recipients. Seal the message again and send it."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One signing key of the directory, with the time it was good for."""

    key_id: str  # wire ids here: the envelope outlives any database
    person_id: str
    sign_public: str
    valid_from: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What is signed. `body` is the patient's; everything else only says where it belongs."""

    id: str
    account: str
    call: str
    sender: str
    created: datetime
    type: str
    to: tuple[str, ...]  # sorted age recipients
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the server said this envelope is; the signature has to agree."""

    id: str
    account: str
    call: str | None = None


def rset(recipients: Sequence[str]) -> str:
    """Hex SHA-256 of the sorted recipients, joined by newlines."""
    return hashlib.sha256("\n".join(sorted(set(recipients))).encode()).hexdigest()


def pad(text: str) -> bytes:
    """JSON, followed by spaces up to 1, 2, 4 ... KiB: its length tells only a bucket."""
    octets = text.encode()
    bucket = KIB
    while bucket < len(octets):
        bucket *= 2
    return octets.ljust(bucket)


def payload(words: Words) -> bytes:
    return pad(
        json.dumps(
            {
                "v": VERSION,
                "id": words.id,
                "account": words.account,
                "call": words.call,
                "from": words.sender,
                "created": words.created.isoformat(),
                "type": words.type,
                "to": sorted(set(words.to)),
                "rset": rset(words.to),
                "body": dict(words.body),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
    )


def sign(words: Words, key_id: str, sign_seed: bytes, sign_public: str) -> str:
    """The compact JWS."""
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "d": b64url(sign_seed), "x": sign_public}
    )
    header = {"alg": ALGORITHM, "kid": key_id, "typ": TYPE}
    return jws.serialize_compact(header, payload(words), key, algorithms=[ALGORITHM])


def seal(words: Words, key_id: str, sign_seed: bytes, sign_public: str) -> bytes:
    """The age file to everyone in `words.to`."""
    signed = sign(words, key_id, sign_seed, sign_public)
    return close_to(signed.encode(), sorted(set(words.to)))


def unseal(
    sealed: bytes, age_secrets: Sequence[str], signers: Sequence[Signer], expected: Expected
) -> Words:
    """Open and check everything; what comes back may be acted on."""
    signed = open_with(sealed, list(age_secrets)).decode("ascii", errors="replace")
    words = verify(signed, signers)
    if not {recipient_of(one) for one in age_secrets} & set(words.to):
        raise Readdressed
    if (words.id, words.account) != (expected.id, expected.account):
        raise Readdressed
    if expected.call is not None and words.call != expected.call:
        raise Readdressed
    return words


def require_sealed_for(sealed: bytes, readers: int) -> None:
    """What can be told without any key: an age file, with a stanza for each of so many readers."""
    head, found, _ = sealed.partition(b"\n--- ")
    if not found or not head.startswith(b"age-encryption.org/v1\n"):
        raise NotSealed
    if sum(line.startswith(b"-> X25519 ") for line in head.splitlines()) < readers:
        raise NotSealed


def verify(signed: str, signers: Sequence[Signer]) -> Words:
    """Check a JWS against the directory and read it."""
    try:
        header = json.loads(_segment(signed, 0))
        if header != {"alg": ALGORITHM, "kid": header.get("kid"), "typ": TYPE}:
            raise WrongForm
        signer = next((one for one in signers if one.key_id == header["kid"]), None)
        if signer is None:
            raise UnknownSigner
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": signer.sign_public})
        told = json.loads(jws.deserialize_compact(signed, key, algorithms=[ALGORITHM]).payload)
    except (JoseError, ValueError, KeyError, AttributeError):
        raise Altered from None
    return _read(told, signer)


def _read(told: Any, signer: Signer) -> Words:
    if not isinstance(told, dict) or told.get("v") != VERSION:
        raise WrongForm
    try:
        words = Words(
            id=str(told["id"]),
            account=str(told["account"]),
            call=str(told["call"]),
            sender=str(told["from"]),
            created=datetime.fromisoformat(told["created"]),
            type=str(told["type"]),
            to=tuple(told["to"]),
            body=dict(told["body"]),
        )
        claimed = told["rset"]
        if words.created.tzinfo is None:
            raise WrongForm
    except (KeyError, TypeError, ValueError):
        raise WrongForm from None
    if words.to != tuple(sorted(set(words.to))) or rset(words.to) != claimed:
        raise Readdressed
    if words.sender != signer.person_id or not _was_good(signer, words.created):
        raise UnknownSigner
    return words


def _was_good(signer: Signer, at: datetime) -> bool:
    if at < signer.valid_from - SKEW:
        return False
    return signer.retired_at is None or at < signer.retired_at + SKEW


def _segment(signed: str, number: int) -> bytes:
    return unb64url(signed.split(".")[number])
