"""One person's way in through the public HTTP interface, keys and all, without a browser.

It does what the screens do and nothing more: signs in without sending the passphrase, unlocks the
keys, seals and opens. The hands-free demonstration and the end-to-end tests are people made of it.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from nightbell.core.clock import process_now
from nightbell.core.errors import Refused, Unreachable
from nightbell.core.ids import new_id, wire
from nightbell.run import tls
from nightbell.run.settings import Settings
from nightbell.sealing import envelope, keys, mark
from nightbell.sealing.keys import PersonKeys
from nightbell.sealing.passphrase import Kdf, derive, unwrap

Body = Mapping[str, Any]
Trust = ssl.SSLContext | bool


class ServerRefused(Refused):
    """The server said no. Its code and sentence are in the facts."""


class ServerAway(Unreachable):
    """The server did not answer. See that `nightbell serve` runs, and on which port."""


@dataclass(slots=True)
class Person:
    """Somebody signed in and unlocked."""

    http: httpx.AsyncClient
    me: dict[str, Any] = field(default_factory=dict[str, Any])
    keys: PersonKeys | None = field(default=None, repr=False)
    shares: dict[str, str] = field(default_factory=dict[str, str], repr=False)  # key id: identity
    marks: dict[str, bytes] = field(default_factory=dict[str, bytes], repr=False)

    @classmethod
    async def enter(
        cls, address: str, handle: str, passphrase: str, *, trust: Trust = True
    ) -> "Person":
        """Sign in and unlock. The passphrase never leaves this process."""
        someone = cls(httpx.AsyncClient(base_url=address, timeout=20, verify=trust))
        begun = await someone.post("/api/sign-in/begin", {"handle": handle})
        cost = {name: value for name, value in begun["kdf"].items() if name != "name"}
        derived = await asyncio.to_thread(derive, passphrase, raw(begun["salt"]), Kdf(**cost))
        asked = {"handle": handle, "verifier": text(derived.verifier)}
        someone.me = await someone.post("/api/sign-in", asked)
        someone.keys = unwrap(raw(someone.me["wrapped_key"]), derived.kek)
        await someone.fetch_shares()
        return someone

    async def leave(self) -> None:
        try:
            await self.post("/api/sign-out")
        finally:
            await self.http.aclose()

    # The wire.

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: Body | None = None) -> Any:
        return await self._ask("POST", path, body)

    async def put(self, path: str, body: Body | None = None) -> Any:
        return await self._ask("PUT", path, body)

    async def _ask(self, method: str, path: str, body: Body | None) -> Any:
        headers = {"x-csrf": str(self.me.get("csrf", ""))}
        try:
            answer = await self.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            raise ServerAway from None
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            told = answer.json()
            said = {"code": told["code"], "said": told["sentence"]}
        except (ValueError, KeyError, TypeError):
            said = {"code": "unreadable", "said": ""}
        raise ServerRefused(status=answer.status_code, path=path, **said)

    # Keys.

    async def fetch_shares(self) -> None:
        """Open the shared keys closed to this person, and the mark keys behind them."""
        assert self.keys is not None
        told = await self.get("/api/keys/mine")
        for one in told["shares"]:
            opened = keys.open_share(raw(one["closed"]), self.keys.age_secret)
            self.shares[one["key_id"]] = opened.age_secret
        for one in told["mark_keys"]:
            share = self.shares[one["key_id"]]
            self.marks[one["account_id"]] = keys.open_mark_key(raw(one["closed"]), share)

    async def open(self, card: Body) -> envelope.Words:
        """The words of a message card, with every check made."""
        assert self.keys is not None
        expected = envelope.Expected(card["message_id"], card["account_id"], card["call_id"])
        signers = [
            envelope.Signer(
                one["key_id"],
                one["person_id"],
                one["sign_public"],
                datetime.fromisoformat(one["valid_from"]),
                datetime.fromisoformat(one["retired_at"]) if one["retired_at"] else None,
            )
            for one in await self.get("/api/keys/signers")
        ]
        secrets = [self.keys.age_secret, *self.shares.values()]
        return envelope.unseal(raw(card["sealed"]), secrets, signers, expected)

    async def seal(
        self, call_id: str, account_id: str, call_type: str, body: Body, *, message_id: str
    ) -> dict[str, Any]:
        """What PUT /api/messages wants to know of sealed words: sealed, rset, recipients, mark."""
        assert self.keys is not None
        reached = await self.get(f"/api/keys/recipients?call_id={call_id}")
        to = tuple(sorted({str(one["age_recipient"]) for one in reached}))
        words = envelope.Words(
            id=message_id,
            account=account_id,
            call=call_id,
            sender=self.me["person_id"],
            created=process_now(),
            type=call_type,
            to=to,
            body=body,
        )
        sealed = envelope.seal(words, self.me["key_id"], self.keys.sign_seed, self.keys.sign_public)
        return {
            "sealed": text(sealed),
            "rset": envelope.rset(to),
            "recipients": [one["key_id"] for one in reached],
            "patient_mark": self._mark(account_id, body),
        }

    def seal_draft(self, form: Body) -> str:
        """A form closed to the desk key, of which this person holds a share."""
        desk = next(iter(self.shares.values()))
        return text(keys.close_to(json.dumps(form).encode(), [keys.recipient_of(desk)]))

    def open_draft(self, sealed: str) -> Any:
        return json.loads(keys.open_with(raw(sealed), list(self.shares.values())))

    def _mark(self, account_id: str, body: Body) -> str | None:
        key, born = self.marks.get(account_id), str(body.get("born", ""))
        if key is None or not born:
            return None
        day = datetime.fromisoformat(born).date()
        return mark.patient_mark(key, str(body.get("patient", "")), day)

    # What people do, where it takes more than one request.

    async def file(
        self, call: Body, call_type: str, disposition: str, body: Body, **more: Any
    ) -> dict[str, Any]:
        """Seal a finished message and hand it in; its card."""
        message_id = wire("message", new_id())
        account_id = call["account"]["account_id"]
        sealed = await self.seal(
            call["call_id"], account_id, call_type, body, message_id=message_id
        )
        asked = {
            "call_id": call["call_id"],
            "call_type": call_type,
            "disposition": disposition,
            "callback": str(body.get("callback", "")),
            **sealed,
            **more,
        }
        return await self.put(f"/api/messages/{message_id}", asked)

    async def close(self, card: Body, outcome: str, note: str = "") -> dict[str, Any]:
        """Close a message with its outcome, and a note sealed to its readers."""
        asked: dict[str, Any] = {"outcome": outcome}
        if note:
            sealed = await self.seal(
                card["call_id"], card["account_id"], "note", {"words": note},
                message_id=card["message_id"],
            )  # fmt: skip
            asked["sealed"] = sealed["sealed"]
        return await self.post(f"/api/messages/{card['message_id']}/close", asked)

    async def run_protocol(
        self, call_id: str, table: Body, answers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Answer a protocol question by question; what is not in `answers` is least worrying."""
        given: dict[str, str] = {}
        told: dict[str, Any] = {}
        for _ in range(len(table["questions"]) + 1):
            told = await self.post(
                f"/api/calls/{call_id}/triage",
                {"protocol": table["id"], "hash": table["hash"], "answers": given},
            )
            asked = told["next_question"]
            if asked is None:
                break
            given[asked] = answers.get(asked) or _calmest(table, asked)
        return told


def trust(settings: Settings) -> Trust:
    """Under TLS this installation's own certificate is believed; nothing else is on loopback."""
    files = tls.files(settings)
    if files is None:
        return True
    context = ssl.create_default_context(cafile=str(files.certificate))
    context.check_hostname = False  # The certificate itself is pinned.
    return context


async def must_be_up(settings: Settings) -> None:
    try:
        async with httpx.AsyncClient(verify=trust(settings), timeout=5) as http:
            answer = await http.get(f"{settings.address}/api/welcome")
    except httpx.TransportError:
        raise ServerAway(address=settings.address) from None
    if not answer.is_success:
        raise ServerAway(address=settings.address)


def _calmest(table: Body, question_id: str) -> str:
    question = next(one for one in table["questions"] if one["id"] == question_id)
    return min(question["answers"], key=lambda one: one["worry"])["id"]


def raw(encoded: str) -> bytes:
    return base64.b64decode(encoded)


def text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
