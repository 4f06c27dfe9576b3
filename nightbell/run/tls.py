"""The web's certificate: the owner's, or one we sign. Beyond loopback there must be one."""

import contextlib
import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nightbell.core.clock import process_now
from nightbell.core.errors import Refused
from nightbell.run.settings import Settings

LIFE = timedelta(days=397)  # The longest that browsers accept.
RENEW_BEFORE = timedelta(days=30)


class PlainBeyondLoopback(Refused):
    """Beyond this machine the web needs encryption: browsers give a page without it neither
    microphone nor keys. Add `--tls self-signed`, or name your certificate with
    NIGHTBELL_TLS_CERTIFICATE and NIGHTBELL_TLS_KEY and set NIGHTBELL_TLS=own."""


class CertificateMissing(Refused):
    """NIGHTBELL_TLS=own needs NIGHTBELL_TLS_CERTIFICATE and NIGHTBELL_TLS_KEY to name two files
    that can be read."""


@dataclass(frozen=True, slots=True)
class Certificate:
    certificate: Path
    key: Path


def files(settings: Settings) -> Certificate | None:
    """The certificate to serve with; None for plain HTTP on loopback."""
    match settings.tls:
        case "own":
            certificate, key = settings.tls_certificate, settings.tls_key
            if certificate is None or key is None:
                raise CertificateMissing
            if not (os.access(certificate, os.R_OK) and os.access(key, os.R_OK)):
                raise CertificateMissing
            return Certificate(certificate, key)
        case "self-signed":
            return _self_signed(settings)
        case _:
            if not settings.on_loopback:
                raise PlainBeyondLoopback(host=settings.host)
            return None


def _self_signed(settings: Settings) -> Certificate:
    folder = settings.keys / "tls"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    if made.key.exists() and _still_good(made.certificate, settings.host):
        return made
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nightbell")])
    now = process_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(_names(settings.host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    with os.fdopen(os.open(made.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made


def _still_good(file: Path, host: str) -> bool:
    try:
        seen = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return False
    names = seen.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    fits = all(name in names for name in _names(host))
    return fits and seen.not_valid_after_utc - process_now() > RENEW_BEFORE


def _names(host: str) -> list[x509.GeneralName]:
    """What a browser on this network may call this machine."""
    names = {"localhost", "127.0.0.1", "::1", socket.gethostname()}
    if host not in ("0.0.0.0", "::"):
        names.add(host)
    else:
        with contextlib.suppress(OSError):
            names |= {str(at[4][0]) for at in socket.getaddrinfo(socket.gethostname(), None)}
    return [_general(name) for name in sorted(names)]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
