"""Sign-in, session and self: the server never sees what unlocks a private key."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response

from nightbell.access import commands, queries
from nightbell.access.lockout import WrongPassphrase
from nightbell.access.session import token_hash
from nightbell.access.verifier import NOBODYS, false_salt, hash_verifier, matches, tidy_handle
from nightbell.core.errors import Refused
from nightbell.core.ids import PersonId, wire
from nightbell.store.work import SERVICE, Scope, Work
from nightbell.web.asker import Asking, TheStore, TheVault, cookie_name, same_origin
from nightbell.web.wire import AccountName, Base64, Wire, WireId, raw, text

router = APIRouter(prefix="/api", tags=["access"])


class NoKeysYet(Refused):
    """This sign-in has no keys yet. Ask an administrator to make the sign-in anew."""


class Kdf(Wire):
    name: Literal["argon2id"] = "argon2id"
    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1


class SignInBegin(Wire):
    handle: str


class SignInBegun(Wire):
    salt: Base64
    kdf: Kdf


class SignIn(Wire):
    handle: str
    verifier: Base64  # HKDF(Argon2id(passphrase), "nightbell/verifier"), 32 bytes


class Me(Wire):
    person_id: WireId
    name: str
    kind: Literal["agent", "supervisor", "administrator", "clinician", "office"]
    accounts: list[AccountName]  # a clinician's or office person's; empty for the service's own
    csrf: str  # send as X-CSRF with every POST, PUT, DELETE
    salt: Base64
    kdf: Kdf
    wrapped_key: Base64  # AES-256-GCM under HKDF(..., "nightbell/kek"): {"age":..., "sign":...}
    key_id: WireId
    age_recipient: str
    sign_public: str
    service_name: str
    is_demo: bool


class NewPassphrase(Wire):
    verifier_now: Base64
    salt: Base64
    kdf: Kdf
    verifier: Base64
    wrapped_key: Base64


@router.post("/sign-in/begin")
async def begin(body: SignInBegin, store: TheStore, vault: TheVault) -> SignInBegun:
    """The salt for a handle; an unknown handle gets a steady false one."""
    handle = tidy_handle(body.handle)
    async with store.work(SERVICE) as work:
        row = await queries.sign_in_row(work, handle)
    if row is None:
        return SignInBegun(salt=text(false_salt(vault.derive("false-salt"), handle)), kdf=Kdf())
    return SignInBegun(salt=text(row.salt), kdf=Kdf.model_validate(row.kdf))


@router.post("/sign-in")
async def sign_in(body: SignIn, request: Request, response: Response, store: TheStore) -> Me:
    same_origin(request)
    async with store.work(SERVICE) as work:
        row = await commands.charge_try(work, handle=tidy_handle(body.handle))
    # Both answers take one hash, off the event loop and outside any transaction.
    proved = await asyncio.to_thread(
        matches, row.verifier_hash if row else NOBODYS, raw(body.verifier)
    )
    if row is None or not proved or not row.active:
        if row is not None:
            async with store.work(SERVICE) as work:
                await commands.note_refusal(work, row.person_id)
        raise WrongPassphrase
    scope = Scope(wire("person", row.person_id), service=True)
    async with store.work(scope) as work:
        made = await commands.begin_session(work, row.person_id)
        view = await me_view(work, row.person_id, made.csrf)
    tls = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request), made.token, httponly=True, secure=tls, samesite="lax", path="/"
    )
    return view


@router.post("/sign-out", status_code=204)
async def sign_out(who: Asking, request: Request, response: Response, store: TheStore) -> None:
    async with store.work(who.scope) as work:
        await commands.end_session(work, this_session(request), who.person_id)
    response.delete_cookie(
        cookie_name(request), httponly=True, secure=request.url.scheme == "https", samesite="lax"
    )


@router.get("/me")
async def me(who: Asking, store: TheStore) -> Me:
    async with store.work(who.scope) as work:
        return await me_view(work, who.person_id, who.csrf)


@router.put("/me/passphrase", status_code=204)
async def change_passphrase(
    body: NewPassphrase, who: Asking, request: Request, store: TheStore
) -> None:
    """The passphrase now is asked again: an unlocked desk must not be enough."""
    async with store.work(who.scope) as work:
        row = await commands.charge_try(work, person_id=who.person_id)
    if row is None:
        raise NoKeysYet
    if not await asyncio.to_thread(matches, row.verifier_hash, raw(body.verifier_now)):
        raise WrongPassphrase
    hashed = await asyncio.to_thread(hash_verifier, raw(body.verifier))
    async with store.work(who.scope) as work:
        await commands.change_passphrase(
            work,
            who.person_id,
            salt=raw(body.salt),
            kdf=body.kdf.model_dump(),
            verifier_hash=hashed,
            wrapped_key=raw(body.wrapped_key),
            but=this_session(request),
        )


def this_session(request: Request) -> bytes:
    return token_hash(request.cookies[cookie_name(request)])


async def me_view(work: Work, person_id: PersonId, csrf: str) -> Me:
    """Everything a signed-in browser needs to know of its person, secret keys still closed."""
    mine = await queries.myself(work, person_id)
    if mine is None:
        raise NoKeysYet
    accounts: list[queries.Belongs] = []
    if mine.kind in ("clinician", "office"):
        accounts = await queries.belongs_to(work, person_id)
    return Me(
        person_id=wire("person", person_id),
        name=mine.name,
        kind=mine.kind,
        accounts=[
            AccountName(account_id=wire("account", one.account_id), name=one.name)
            for one in accounts
        ],
        csrf=csrf,
        salt=text(mine.salt),
        kdf=Kdf.model_validate(mine.kdf),
        wrapped_key=text(mine.wrapped_key),
        key_id=wire("key", mine.key_id),
        age_recipient=mine.age_recipient,
        sign_public=mine.sign_public,
        service_name=mine.service_name,
        is_demo=mine.is_demo,
    )
