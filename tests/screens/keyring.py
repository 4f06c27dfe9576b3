"""Real keys for the screens' tests: a clinician, an agent, an office; messages truly sealed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nightbell.sealing.envelope import Words, seal
from nightbell.sealing.keys import (
    PersonKeys,
    SharedKey,
    close_share,
    make_person_keys,
    make_shared_key,
)
from nightbell.sealing.passphrase import STANDARD, derive, fresh_salt, wrap
from tests.screens.night import CALL, MESSAGE, RIVERSIDE, wire

PASSPHRASE = "a lamp beside the door"
DANA = wire("person", 1)
DANA_KEY = wire("key", 1)
INBOX_KEY = wire("key", 9)


def base64_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@dataclass(frozen=True)
class Reader:
    """Somebody who reads at a screen: what /api/me and /api/keys/mine say of them."""

    me: dict[str, Any]
    mine: dict[str, Any]
    recipient: str


class Ring:
    """One practice's keys for one test run; deriving is slow, so make it once."""

    def __init__(self) -> None:
        self._dana = make_person_keys()
        self._inbox: SharedKey = make_shared_key()
        salt = fresh_salt()
        kek = derive(PASSPHRASE, salt).kek
        self.okafor = self._reader(
            make_person_keys(), salt, kek, number=7, name="Dr Okafor", kind="clinician"
        )
        self.olive = self._reader(
            make_person_keys(), salt, kek, number=8, name="Olive Park", kind="office"
        )
        self.signers = [
            {
                "key_id": DANA_KEY, "person_id": DANA, "name": "Dana", "retired_at": None,
                "sign_public": self._dana.sign_public, "valid_from": "2030-01-01T00:00:00+00:00",
            }
        ]  # fmt: skip

    def _reader(
        self, keys: PersonKeys, salt: bytes, kek: bytes, *, number: int, name: str, kind: str
    ) -> Reader:
        me = {
            "person_id": wire("person", number), "name": name, "kind": kind, "csrf": "c" * 32,
            "accounts": [{"account_id": RIVERSIDE, "name": "Riverside Cardiology"}],
            "salt": base64_of(salt), "kdf": STANDARD.wire(),
            "wrapped_key": base64_of(wrap(keys, kek)),
            "key_id": wire("key", number), "age_recipient": keys.age_recipient,
            "sign_public": keys.sign_public, "service_name": "Nightbell", "is_demo": False,
        }  # fmt: skip
        share = {
            "key_id": INBOX_KEY, "holder": "inbox", "account_id": RIVERSIDE,
            "age_recipient": self._inbox.age_recipient,
            "closed": base64_of(close_share(self._inbox, keys.age_recipient)),
        }  # fmt: skip
        mine = {"shares": [share] if kind == "office" else [], "mark_keys": []}
        return Reader(me, mine, keys.age_recipient)

    def seal(
        self,
        body: Mapping[str, Any],
        created: datetime,
        *,
        message_id: str = MESSAGE,
        call_id: str = CALL,
    ) -> str:
        to = tuple(sorted({self.okafor.recipient, self._inbox.age_recipient}))
        words = Words(message_id, RIVERSIDE, call_id, DANA, created, "breathing", to, body)
        return base64_of(seal(words, DANA_KEY, self._dana.sign_seed, self._dana.sign_public))

    def recipients(self) -> list[dict[str, Any]]:
        """Whom a note is sealed for, as /api/keys/recipients says."""
        reached = [
            (wire("key", 7), "person", "Dr Okafor", self.okafor.recipient),
            (INBOX_KEY, "inbox", "Front office", self._inbox.age_recipient),
        ]
        names = ("key_id", "holder", "label", "age_recipient")
        return [dict(zip(names, one, strict=True)) for one in reached]
