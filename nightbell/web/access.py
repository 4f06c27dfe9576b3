"""Sign-in, session and self: the server never sees what unlocks a private key."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from nightbell.web.asker import Asker, Asking, TheStore
from nightbell.web.wire import AccountName, Base64, Wire, WireId

router = APIRouter(prefix="/api", tags=["access"])


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


async def find_asker(request: Request) -> Asker:
    raise NotImplementedError


@router.post("/sign-in/begin")
async def begin(body: SignInBegin, store: TheStore) -> SignInBegun:
    """The salt for a handle; an unknown handle gets a steady false one."""
    raise NotImplementedError


@router.post("/sign-in")
async def sign_in(body: SignIn, request: Request, response: Response, store: TheStore) -> Me:
    raise NotImplementedError


@router.post("/sign-out", status_code=204)
async def sign_out(who: Asking, request: Request, response: Response, store: TheStore) -> None:
    raise NotImplementedError


@router.get("/me")
async def me(who: Asking, store: TheStore) -> Me:
    raise NotImplementedError


@router.put("/me/passphrase", status_code=204)
async def change_passphrase(body: NewPassphrase, who: Asking, store: TheStore) -> None:
    raise NotImplementedError
