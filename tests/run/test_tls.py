"""The web's certificate: none on loopback, one beyond it, and a sentence when there is none."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from nightbell.run import tls
from nightbell.run.settings import Settings
from nightbell.run.tls import Certificate, CertificateMissing, PlainBeyondLoopback, files


def settings(tmp_path: Path, **changed: object) -> Settings:
    return Settings(data=tmp_path).having(**changed)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.53"])
def test_loopback_needs_no_certificate(tmp_path: Path, host: str):
    assert files(settings(tmp_path, host=host)) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "floor.example"])
def test_beyond_loopback_plain_http_is_refused_with_what_to_do(tmp_path: Path, host: str):
    with pytest.raises(PlainBeyondLoopback, match="--tls self-signed"):
        files(settings(tmp_path, host=host))


def test_our_own_certificate_is_made_once_and_kept_from_others(tmp_path: Path):
    beyond = settings(tmp_path, host="192.0.2.7", tls="self-signed")
    made = files(beyond)
    assert made is not None
    first = made.certificate.read_bytes()
    assert files(beyond) == made
    assert made.certificate.read_bytes() == first
    assert made.key.stat().st_mode & 0o077 == 0
    names = x509.load_pem_x509_certificate(first).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "192.0.2.7" in [str(at) for at in names.value.get_values_for_type(x509.IPAddress)]


def test_another_address_or_an_old_age_makes_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = files(settings(tmp_path, host="192.0.2.7", tls="self-signed"))
    assert made is not None
    first = made.certificate.read_bytes()
    files(settings(tmp_path, host="192.0.2.8", tls="self-signed"))
    second = made.certificate.read_bytes()
    assert second != first
    monkeypatch.setattr(tls, "RENEW_BEFORE", tls.LIFE)
    files(settings(tmp_path, host="192.0.2.8", tls="self-signed"))
    assert made.certificate.read_bytes() != second


def test_a_browser_that_trusts_it_can_shake_hands(tmp_path: Path):
    made = files(settings(tmp_path, host="0.0.0.0", tls="self-signed"))
    assert made is not None
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(made.certificate, made.key)
    near, far = socket.socketpair()

    def answer() -> None:
        with far, ours.wrap_socket(far, server_side=True) as served:
            served.sendall(b"here")

    serving = threading.Thread(target=answer)
    serving.start()
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    with near, trusting.wrap_socket(near, server_hostname="localhost") as browser:
        assert browser.recv(4) == b"here"
    serving.join()


def test_a_certificate_of_ones_own_must_be_there(tmp_path: Path):
    with pytest.raises(CertificateMissing):
        files(settings(tmp_path, host="0.0.0.0", tls="own"))
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).touch()
    own = {"tls_certificate": tmp_path / "c.pem", "tls_key": tmp_path / "k.pem"}
    found = files(settings(tmp_path, host="0.0.0.0", tls="own", **own))
    assert found == Certificate(tmp_path / "c.pem", tmp_path / "k.pem")
    (tmp_path / "k.pem").unlink()
    with pytest.raises(CertificateMissing):
        files(settings(tmp_path, host="0.0.0.0", tls="own", **own))
