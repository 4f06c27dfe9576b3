"""A push service of our own, for tests and the demonstration, which believes nothing it is sent.

It checks VAPID and opens RFC 8291 with code that shares nothing with the sender: the key schedule
and the signature are worked out here from the standards' own formulas.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nightbell.core.clock import process_now

DAY_S = 24 * 3600


class Bad(Exception):
    """What the sender got wrong."""


@dataclass(slots=True)
class Device:
    """A browser's subscription, and what reached it."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = b"sixteen secret b"
    vapid_key: str = ""  # the key the browser subscribed with; empty takes any
    gone: bool = False
    received: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: list[str] = field(default_factory=list[str])

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def p256dh(self) -> str:
        return base64.urlsafe_b64encode(self.public).rstrip(b"=").decode()

    @property
    def auth_text(self) -> str:
        return base64.urlsafe_b64encode(self.auth).rstrip(b"=").decode()


def push_service(devices: dict[str, Device], *, origin: str) -> Starlette:
    """An application that takes pushes at `/push/<name>` for these devices."""

    async def push(request: Request) -> Response:
        device = devices.get(request.path_params["name"])
        if device is None or device.gone:
            return Response(status_code=410)
        try:
            check_vapid(request.headers.get("authorization", ""), origin, device.vapid_key)
            if request.headers.get("content-encoding") != "aes128gcm":
                raise Bad("content-encoding")
            if not request.headers.get("ttl", "").isdigit():
                raise Bad("ttl")
            plain = opened(await request.body(), device)
        except Bad as fault:
            device.refused.append(str(fault))
            return Response(status_code=403)
        device.received.append(json.loads(plain))
        return Response(status_code=201)

    return Starlette(routes=[Route("/push/{name}", push, methods=["POST"])])


def check_vapid(header: str, origin: str, subscribed_with: str) -> None:
    """RFC 8292: an ES256 token for this origin, not expired and not too long, by the key named."""
    scheme, _, rest = header.partition(" ")
    named = (part.strip().partition("=") for part in rest.split(","))
    parts = {name: value for name, _, value in named}
    if scheme != "vapid" or not {"t", "k"} <= parts.keys():
        raise Bad("authorization")
    if subscribed_with and parts["k"] != subscribed_with:
        raise Bad("another key")
    try:
        head, body, signature = parts["t"].split(".")
        raw = _bytes(signature)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(parts["k"])).verify(
            encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
            f"{head}.{body}".encode(),
            ec.ECDSA(hashes.SHA256()),
        )
    except (ValueError, InvalidSignature):
        raise Bad("signature") from None
    claims = json.loads(_bytes(body))
    left_s = claims["exp"] - process_now().timestamp()
    if json.loads(_bytes(head))["alg"] != "ES256" or claims["aud"] != origin:
        raise Bad("audience")
    if not 0 < left_s <= DAY_S or not claims["sub"].startswith(("mailto:", "https:")):
        raise Bad("claims")


def opened(body: bytes, device: Device) -> bytes:
    """RFC 8188 section 2 and RFC 8291 section 3.4, one record."""
    salt, size, id_length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, sealed = body[21 : 21 + id_length], body[21 + id_length :]
    if len(sealed) > size or id_length != 65:
        raise Bad("header")
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    except ValueError:
        raise Bad("key") from None
    shared = device.private.exchange(ec.ECDH(), theirs)
    info = b"WebPush: info\x00" + device.public + sender
    material = _mac(_mac(device.auth, shared), info + b"\x01")
    base = _mac(salt, material)
    key = _mac(base, b"Content-Encoding: aes128gcm\x00\x01")[:16]
    nonce = _mac(base, b"Content-Encoding: nonce\x00\x01")[:12]
    try:
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
    except InvalidTag:
        raise Bad("sealed for another device, or changed") from None
    if padded[-1:] != b"\x02":
        raise Bad("padding")
    return padded[:-1]


def _mac(key: bytes, words: bytes) -> bytes:
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(words)
    return mac.finalize()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
