"""What is closed at rest: a caller's number, protocol answers; one key an account.

AES-256-GCM (NIST SP 800-38D) under a random key per account, itself wrapped by the installation's
master key, a file that never enters the database. Destroying an account's row in `data_key` makes
everything it closed unreadable.
"""

import os
import secrets
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nightbell.core.errors import Broken
from nightbell.store.work import Work

NONCE_BYTES = 12
SERVICE_KEY = UUID(int=0)  # for calls no account claims


class Unreadable(Broken):
    """A value closed at rest cannot be opened with the keys here. Check the master key file."""


class Vault:
    """Closes and opens short texts. Keys are kept in memory once unwrapped."""

    def __init__(self, master: bytes) -> None:
        self._master = AESGCM(master)
        self._seed = master
        self._keys: dict[UUID, AESGCM] = {}

    @classmethod
    def at(cls, path: Path) -> "Vault":
        """The vault whose master key is the file at `path`, made with mode 0600 when missing."""
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)  # Two processes starting at once: the first one's key stays.
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return cls(path.read_bytes())

    def derive(self, label: str) -> bytes:
        """A 32-byte secret for one purpose, the same in every process that holds the master key."""
        return HKDF(SHA256(), 32, None, label.encode()).derive(self._seed)

    async def close(self, work: Work, account_id: UUID | None, text: str) -> bytes:
        """`text`, closed under the account's key (the service's own when there is no account)."""
        owner = account_id or SERVICE_KEY
        key = await self._key(work, owner)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + key.encrypt(nonce, text.encode(), owner.bytes)

    async def open(self, work: Work, account_id: UUID | None, closed: bytes) -> str:
        owner = account_id or SERVICE_KEY
        key = await self._key(work, owner)
        try:
            return key.decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], owner.bytes).decode()
        except InvalidTag:
            raise Unreadable(account=str(owner)) from None

    async def _key(self, work: Work, owner: UUID) -> AESGCM:
        if owner in self._keys:
            return self._keys[owner]
        nonce = secrets.token_bytes(NONCE_BYTES)
        fresh = nonce + self._master.encrypt(nonce, secrets.token_bytes(32), owner.bytes)
        await work.run(
            "insert into data_key (account_id, wrapped, made_at) values (%s, %s, %s)"
            " on conflict do nothing",
            (owner, fresh, work.at),
        )
        wrapped = await work.value("select wrapped from data_key where account_id = %s", (owner,))
        try:
            raw = self._master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.bytes)
        except InvalidTag:
            raise Unreadable(account=str(owner)) from None
        # Kept only when it was there before this work: a rolled-back insert leaves no key behind.
        if wrapped != fresh:
            self._keys[owner] = AESGCM(raw)
        return AESGCM(raw)
