"""What one of the three tools seals, the others open: pyrage, age-encryption, Debian's age."""

import base64
import json
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from nightbell.sealing import envelope, keys, mark, passphrase
from tests.sealing import vectors

NAMES = ("from-python", "from-node")


@pytest.fixture(params=NAMES)
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads((vectors.FOLDER / f"{request.param}.json").read_text())


def raw(text: str) -> bytes:
    return base64.b64decode(text)


def signer(vector: dict[str, Any]) -> envelope.Signer:
    told = vector["signer"]
    return envelope.Signer(
        told["key_id"],
        told["person_id"],
        told["sign_public"],
        datetime.fromisoformat(told["valid_from"]),
    )


def test_the_message_opens_for_clinician_inbox_and_recovery(vector: dict[str, Any]):
    expected = envelope.Expected(**vector["expected"])
    for key in (vector["reader"]["age"], vector["inbox"], vector["recovery"]):
        words = envelope.unseal(raw(vector["sealed"]), [key], [signer(vector)], expected)
        assert words.body == vectors.BODY
        assert envelope.rset(words.to) == vector["rset"]


def test_the_passphrase_opens_the_readers_keys(vector: dict[str, Any]):
    derived = passphrase.derive(vector["passphrase"], raw(vector["salt"]))
    assert base64.b64encode(derived.verifier).decode() == vector["verifier"]
    opened = passphrase.unwrap(raw(vector["wrapped_key"]), derived.kek)
    assert (opened.age_secret, opened.sign_seed_text) == (
        vector["reader"]["age"],
        vector["reader"]["sign"],
    )
    assert opened.sign_public == vector["reader"]["sign_public"]


def test_the_share_and_the_mark_key_open(vector: dict[str, Any]):
    share = keys.open_share(raw(vector["share"]), vector["reader"]["age"])
    assert share.age_secret == vector["desk"]
    mark_key = keys.open_mark_key(raw(vector["mark_closed"]), share.age_secret)
    assert mark_key == raw(vector["mark_key"])
    born = date.fromisoformat(vector["mark_born"])
    assert mark.patient_mark(mark_key, vector["mark_name"], born) == vector["mark"]


@pytest.mark.age
@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")
def test_debians_age_opens_it_and_a_standard_library_verifies_it(
    vector: dict[str, Any], tmp_path: Path
):
    (tmp_path / "message.age").write_bytes(raw(vector["sealed"]))
    (tmp_path / "recovery.txt").write_text(vector["recovery"] + "\n")
    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "recovery.txt", tmp_path / "message.age"],
        check=True,
        capture_output=True,
    ).stdout
    public = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": vector["signer"]["sign_public"]}
    )
    told = json.loads(jws.deserialize_compact(opened, public, algorithms=["Ed25519"]).payload)
    assert told["body"] == vectors.BODY


@pytest.mark.age
@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")
def test_what_debians_age_seals_we_open(vector: dict[str, Any]):
    sealed = subprocess.run(
        ["age", "-r", vector["reader"]["recipient"]],
        check=True,
        capture_output=True,
        input=b"from the command line",
    ).stdout
    assert keys.open_with(sealed, [vector["reader"]["age"]]) == b"from the command line"
