"""The last step of the demonstration: the log is whole, and a message opens without Nightbell."""

import asyncio
import io
import json
import os
import shutil
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from nightbell.core.errors import Broken
from nightbell.run import message
from nightbell.run.settings import Settings
from nightbell.sealing.keys import open_with


class AgeFailed(Broken):
    """Debian's `age` did not open the message with the practice's recovery key."""


@dataclass(frozen=True, slots=True)
class Opened:
    by: str
    words: dict[str, Any]


async def log_is_intact(settings: Settings) -> str | None:
    """What `nightbell audit verify` says when every row is as signed and placed; else None."""
    told = await _command(settings, "audit", "verify")
    if told is None or "wait for their place" in told:
        return None
    return ", ".join(line for line in told.splitlines() if line)


async def open_without_us(
    settings: Settings, message_id: str, practice: str, folder: Path, sign_public: str
) -> Opened:
    """Export the message, open it with the recovery key, verify it by a standard JOSE library."""
    file = folder / "message.age"
    with redirect_stdout(io.StringIO()):
        await asyncio.to_thread(message.export, settings, message=message_id, output=file)
    recovery = settings.data / "demo" / f"{practice}-recovery-key.txt"
    by, signed = await _age(file, recovery)
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": sign_public})
    told = jws.deserialize_compact(signed, key, algorithms=["Ed25519"])
    return Opened(by, json.loads(told.payload))


async def _age(file: Path, recovery: Path) -> tuple[str, bytes]:
    """By Debian's command where there is one; else by the library."""
    if shutil.which("age") is None:
        secret = (await asyncio.to_thread(recovery.read_text)).strip()
        return "pyrage", open_with(await asyncio.to_thread(file.read_bytes), [secret])
    pipe = asyncio.subprocess.PIPE
    command = await asyncio.create_subprocess_exec(
        "age", "-d", "-i", str(recovery), str(file), stdout=pipe
    )
    out, _ = await command.communicate()
    if command.returncode:
        raise AgeFailed
    return "age", out


async def _command(settings: Settings, *words: str) -> str | None:
    """A `nightbell` command's output when it went well."""
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nightbell.run.cli", *words,
        env={**os.environ, **settings.environment()},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await command.communicate()
    return out.decode() if command.returncode == 0 else None
