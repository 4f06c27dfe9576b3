"""Who is asking: the session behind a request, its scope, and the guards routers depend on."""

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from nightbell.access import commands, queries
from nightbell.access.scope import require
from nightbell.access.session import Session, is_alive, token_hash
from nightbell.core.errors import NotAllowed
from nightbell.core.ids import AccountId, PersonId, wire
from nightbell.store.vault import Vault
from nightbell.store.work import SERVICE, Scope, Store

SERVICE_KINDS = frozenset({"agent", "supervisor", "administrator"})


class NotSignedIn(NotAllowed):
    """Sign in to go on. Your session has ended or was never begun."""


class Forged(NotAllowed):
    """This request did not come from Nightbell's own page. Reload the page and try again."""


@dataclass(frozen=True, slots=True)
class Asker:
    person_id: PersonId
    name: str
    kind: str  # agent | supervisor | administrator | clinician | office
    accounts: frozenset[AccountId]  # a clinician's or office person's; empty for the service's own
    csrf: str

    @property
    def scope(self) -> Scope:
        return Scope(
            wire("person", self.person_id),
            service=self.kind in SERVICE_KINDS,
            accounts=self.accounts,
        )


def the_store(request: Request) -> Store:
    return request.app.state.store


def the_vault(request: Request) -> Vault:
    return request.app.state.vault


async def find_session(request: Request) -> tuple[bytes, Session, Asker]:
    """The session behind the cookie, noted as alive; refuses when there is none."""
    token = request.cookies.get(cookie_name(request))
    if not token:
        raise NotSignedIn
    hashed = token_hash(token)
    async with the_store(request).work(SERVICE) as work:
        session = await queries.session_of(work, hashed)
        if session is None or not is_alive(session, at=work.at):
            raise NotSignedIn
        await commands.note_seen(work, hashed, session)
        mine: list[queries.Belongs] = []
        if session.kind not in SERVICE_KINDS:
            mine = await queries.belongs_to(work, session.person_id)
    accounts = frozenset(one.account_id for one in mine)
    who = Asker(session.person_id, session.name, session.kind, accounts, session.csrf)
    return hashed, session, who


async def asker(request: Request) -> Asker:
    """The person behind the session cookie; for a command also the right X-CSRF and Origin."""
    _, _, who = await find_session(request)
    if request.method not in ("GET", "HEAD"):
        same_origin(request)
        given = request.headers.get("x-csrf", "")
        if not secrets.compare_digest(given.encode(), who.csrf.encode()):
            raise Forged
    endpoint = request.scope["endpoint"]
    require(who.kind, endpoint.__module__.rpartition(".")[2], endpoint.__name__)
    return who


def same_origin(request: Request) -> None:
    """Refuse a command that another site's page sent. A program without a browser has no Origin."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}":
        raise Forged


def cookie_name(request: Request) -> str:
    """Over TLS the `__Host-` prefix binds it to this host; plain loopback cannot have that."""
    return "__Host-nightbell" if request.url.scheme == "https" else "nightbell"


TheStore = Annotated[Store, Depends(the_store)]
TheVault = Annotated[Vault, Depends(the_vault)]
Asking = Annotated[Asker, Depends(asker)]
