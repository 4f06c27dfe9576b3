"""A message leaves by the command line, and opens without Nightbell."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from nightbell.core.ids import PersonId, wire
from nightbell.messages import commands
from nightbell.run import message
from nightbell.run.settings import Settings
from tests.floor import DANA, RIVERSIDE, Floor, floor
from tests.ground import Database

pytestmark = pytest.mark.anyio


async def exported(night: Floor, folder: Path) -> Path:
    one = await night.finished(night.call())
    async with night.store.work(night.scope(DANA)) as work:
        await commands.file(work, night.vault, one, PersonId(night.id_of(DANA)))
    settings = Settings().having(data=folder, database_url=night.cast.database.admin)
    file = folder / "message.age"
    done = await asyncio.to_thread(
        message.export, settings, message=wire("message", one.message_id), output=file
    )
    assert done == 0
    return file


def verified(signed: bytes, night: Floor) -> dict[str, Any]:
    x = night.keys[DANA].sign_public
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    return json.loads(jws.deserialize_compact(signed, key, algorithms=["Ed25519"]).payload)


@pytest.mark.age
@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")
async def test_age_opens_an_exported_message_with_the_practices_recovery_key(
    database: Database, tmp_path: Path
):
    async with floor(database, tmp_path) as night:
        file = await exported(night, tmp_path)
        key = tmp_path / "recovery.txt"
        key.write_text(night.practices[RIVERSIDE].recovery.age_secret + "\n")
        opened = await asyncio.to_thread(
            subprocess.run, ["age", "-d", "-i", key, file], check=True, capture_output=True
        )
        assert verified(opened.stdout, night)["body"]["patient"] == "Luis Ruiz"


async def test_taking_a_copy_is_kept_in_the_log(database: Database, tmp_path: Path):
    async with floor(database, tmp_path) as night:
        file = await exported(night, tmp_path)
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"Luis" not in file.read_bytes()
        leaves = night.cast.sql("select actor from audit_leaf where act = 'message.exported'")
        assert leaves == [("operator",)]
