"""A checkpoint: the tree's size and root at an instant, signed with Ed25519.

The private key stays in the data folder; the public keys beside it are what a verifier trusts. The
latest checkpoint is also kept there, outside the database, so that a log cut short is noticed.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nightbell.core.errors import Refused

PRIVATE, PUBLIC, LATEST = "audit.key", "audit.pub", "audit.latest"


class KeyRefused(Refused):
    """This is not a file of audit keys. It has a line a key: `ed25519`, the key's id, the public
    key in base64; `keys/audit.pub` in the data folder is one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    tree_size: int
    root: bytes
    at: datetime
    key_id: str
    signature: bytes

    def signed_text(self, previous: int) -> bytes:
        """What the signature is over: also the size before, so that none can be taken out."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        root = base64.b64encode(self.root).decode()
        return f"nightbell audit checkpoint 1\n{previous} {self.tree_size}\n{root}\n{at}\n".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Holds the private key; nothing else ever sees it."""

    private: Ed25519PrivateKey
    folder: Path

    @classmethod
    def at(cls, keys: Path) -> "Signer":
        """The data folder's key, made on the first use."""
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = keys / PRIVATE
        if not file.exists():
            private = Ed25519PrivateKey.generate()
            public = private.public_key().public_bytes_raw()
            # The public half first: a key that signs is always one that can be checked.
            with (keys / PUBLIC).open("a") as known:
                known.write(f"ed25519 {key_id(public)} {base64.b64encode(public).decode()}\n")
            half = file.with_suffix(".half")
            with os.fdopen(
                os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as out:
                out.write(private.private_bytes_raw())
                out.flush()
                os.fsync(out.fileno())
            half.replace(file)
        return cls(Ed25519PrivateKey.from_private_bytes(file.read_bytes()), keys)

    def sign(self, tree_size: int, root: bytes, at: datetime, previous: int) -> Checkpoint:
        name = key_id(self.private.public_key().public_bytes_raw())
        blank = Checkpoint(tree_size, root, at, name, b"")
        return Checkpoint(tree_size, root, at, name, self.private.sign(blank.signed_text(previous)))

    def remember(self, checkpoint: Checkpoint) -> None:
        """Keep the newest checkpoint outside the database."""
        half = self.folder / f"{LATEST}.half"
        half.write_text(json.dumps(to_json(checkpoint)) + "\n")
        half.replace(self.folder / LATEST)


PublicKeys = Mapping[str, Ed25519PublicKey]


def key_id(public: bytes) -> str:
    return sha256(public).hexdigest()[:16]


def read_keys(file: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys in a file, by id; an id that does not fit its key is refused."""
    found: dict[str, Ed25519PublicKey] = {}
    try:
        for line in file.read_text().splitlines():
            kind, name, text = line.split()
            raw = base64.b64decode(text, validate=True)
            if kind != "ed25519" or key_id(raw) != name:
                raise KeyRefused(file=str(file))
            found[name] = Ed25519PublicKey.from_public_bytes(raw)
    except (OSError, ValueError):
        raise KeyRefused(file=str(file)) from None
    if not found:
        raise KeyRefused(file=str(file))
    return found


def is_signed(checkpoint: Checkpoint, previous: int, keys: PublicKeys) -> bool:
    """Whether one of our keys signed this checkpoint as the next after one of size `previous`."""
    key = keys.get(checkpoint.key_id)
    if key is None:
        return False
    try:
        key.verify(checkpoint.signature, checkpoint.signed_text(previous))
    except InvalidSignature:
        return False
    return True


def latest(keys: Path) -> Checkpoint | None:
    """The newest checkpoint that the data folder remembers."""
    try:
        return from_json(json.loads((keys / LATEST).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def to_json(checkpoint: Checkpoint) -> dict[str, str | int]:
    return {
        "tree_size": checkpoint.tree_size,
        "root": checkpoint.root.hex(),
        "at": checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "key_id": checkpoint.key_id,
        "signature": checkpoint.signature.hex(),
    }


def from_json(row: Mapping[str, object]) -> Checkpoint:
    return Checkpoint(
        int(str(row["tree_size"])),
        bytes.fromhex(str(row["root"])),
        datetime.fromisoformat(str(row["at"])),
        str(row["key_id"]),
        bytes.fromhex(str(row["signature"])),
    )
