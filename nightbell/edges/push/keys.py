"""The installation's Web Push identity (VAPID, RFC 8292) and the one-use tokens of pages.

A token is made from the page's id under a key that only the worker and web processes can read, so
a push that is repeated carries the same token and the database keeps only its hash.
"""

import base64
import hashlib
import hmac
import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from nightbell.core.clock import process_now

FILE = "vapid.pem"
LASTS = timedelta(hours=12)  # RFC 8292 allows 24.


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class PushKeys:
    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._signer = ECKey.import_key(self._pem)
        self._secret = private.private_numbers().private_value.to_bytes(32, "big")
        self.public = b64url(
            private.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        )

    @classmethod
    def at(cls, folder: Path) -> "PushKeys":
        """The key in `folder`, made with mode 0600 when missing."""
        path = folder / FILE
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_once(path, cls(ec.generate_private_key(ec.SECP256R1()))._pem)
        private = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return cls(private)

    def page_token(self, page_id: UUID) -> str:
        """The page's one-use token."""
        words = b"nightbell/page-token" + page_id.bytes
        return b64url(hmac.digest(self._secret, words, "sha256"))

    def authorization(self, endpoint: str, contact: str) -> str:
        """The header that tells a push service who we are."""
        where = urlsplit(endpoint)
        claims = {
            "aud": f"{where.scheme}://{where.netloc}",
            "exp": int((process_now() + LASTS).timestamp()),
            "sub": contact,
        }
        return f"vapid t={jwt.encode({'alg': 'ES256'}, claims, self._signer)}, k={self.public}"


def _write_once(path: Path, octets: bytes) -> None:
    """Two processes starting at once: the first one's key stays."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
