"""Sends a page's hint to its person's devices: sealed for each of them (RFC 8291), telling nothing.

The words on a lock screen are fixed. What travels is the page's id and its one-use token.
"""

import ipaddress
import json
import os
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import http_ece  # pyright: ignore[reportMissingTypeStubs]
import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from nightbell.core.errors import NotFound, Refused, Unreachable
from nightbell.core.ids import unwire, wire
from nightbell.edges.push.keys import PushKeys, token_hash, unb64url
from nightbell.paging import queries
from nightbell.paging.page import Fact
from nightbell.store.outbox import Order
from nightbell.store.work import SERVICE, Store, Work

TITLE = "Urgent page. Open to read."
TTL_S = 600  # A hint older than this is of no use: the telephone has long rung.
TIMEOUT_S = 10
GONE = (404, 410)


class PushRefused(Refused):
    """A push subscription names an https address of the browser's own push service."""


class PushOff(Refused):
    """Web Push may not leave this machine. Set NIGHTBELL_PUSH=on to allow it."""


class PushUnreachable(Unreachable):
    """No push service took this page. The telephone rings all the same."""


@dataclass(frozen=True, slots=True)
class Subscription:
    push_subscription_id: UUID
    endpoint: str
    p256dh: str
    auth: str


def may_push_to(endpoint: str, *, everywhere: bool) -> None:
    """Refuse what is no push service's address, and anything beyond this machine unless allowed."""
    try:
        where = urlsplit(endpoint)
        host, _ = where.hostname or "", where.port
    except ValueError:
        raise PushRefused from None
    if _loopback(host):
        return
    if where.scheme != "https" or "." not in host or where.username:
        raise PushRefused
    if not everywhere:
        raise PushOff


def sealed(plain: bytes, subscription: Subscription) -> bytes:
    """`plain` for this one device: aes128gcm under its key and a fresh one of ours."""
    return http_ece.encrypt(
        plain,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unb64url(subscription.p256dh),
        auth_secret=unb64url(subscription.auth),
        version="aes128gcm",
    )


class PushSender:
    """Carries out `push.send`, outside the database: leased, repeatable, the page's id its key."""

    def __init__(self, store: Store, keys: PushKeys, *, everywhere: bool, contact: str) -> None:
        self._store = store
        self._keys = keys
        self._everywhere = everywhere
        self._contact = contact

    async def send(self, order: Order) -> None:
        page_id = unwire("page", str(order.payload["page"]))
        token = self._keys.page_token(page_id)
        async with self._store.work(SERVICE) as work:
            try:
                page = await queries.page(work, page_id)
            except NotFound:
                return
            if page.state.over or page.person_id is None:
                return  # Taken meanwhile: nobody is to be woken for it.
            await queries.give_token(work, page_id, token_hash(token))
            to = await _devices(work, page.person_id)
        hint = {"kind": "page", "title": TITLE, "page": wire("page", page_id), "token": token}
        plain = json.dumps(hint).encode()
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as http:
            took = [await self._push(http, one, page_id, plain) for one in to]
        if any(took):
            async with self._store.work(SERVICE) as work:
                await queries.note_once(work, page, Fact.HANDED_OVER)
        elif to:
            raise PushUnreachable(page=wire("page", page_id))

    async def _push(
        self, http: httpx.AsyncClient, to: Subscription, page_id: UUID, plain: bytes
    ) -> bool:
        """Whether its push service took it; a device that is gone is marked as such."""
        try:
            may_push_to(to.endpoint, everywhere=self._everywhere)
            answer = await http.post(
                to.endpoint,
                content=sealed(plain, to),
                headers={
                    "Authorization": self._keys.authorization(to.endpoint, self._contact),
                    "Content-Encoding": "aes128gcm",
                    "Content-Type": "application/octet-stream",
                    "TTL": str(TTL_S),
                    "Urgency": "high",
                    "Topic": page_id.hex,
                },
            )
        except (httpx.HTTPError, Refused, ValueError):
            return False
        if answer.status_code in GONE:
            async with self._store.work(SERVICE) as work:
                await work.run(
                    "update push_subscription set gone_at = %s where push_subscription_id = %s",
                    (work.at, to.push_subscription_id),
                )
        return answer.is_success


async def _devices(work: Work, person_id: UUID) -> list[Subscription]:
    return await work.rows(
        Subscription,
        "select push_subscription_id, endpoint, p256dh, auth from push_subscription"
        " where person_id = %s and gone_at is null order by made_at desc limit 10",
        (person_id,),
    )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
