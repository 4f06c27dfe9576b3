"""`nightbell serve` as a test starts it: real processes, ports and a data folder of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nightbell.run.settings import Settings

UP_WITHIN_S = 90.0


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(settings: Settings, *words: str) -> tuple[list[str], dict[str, str]]:
    line = [sys.executable, "-m", "nightbell.run.cli", *words]
    return line, {**os.environ, **settings.environment()}


@contextmanager
def installation() -> Generator[Settings]:
    """`nightbell serve` on ports and a data folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="nightbell-e2e-"))
    folder.chmod(0o711)  # As root, the database runs as another account and must get in.
    settings = Settings(
        data=folder / "data",
        port=free_port(socket.SOCK_STREAM),
        sip_port=free_port(socket.SOCK_DGRAM),
        carrier_port=free_port(socket.SOCK_DGRAM),
    )
    line, environment = command(settings, "serve")
    with (folder / "serve.log").open("w") as out:
        running = subprocess.Popen(line, env=environment, stdout=out, stderr=out)
    try:
        until_up(settings, running)
        yield settings
    finally:
        running.terminate()
        running.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def until_up(settings: Settings, running: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < give_up:
        assert running.poll() is None, "serve has ended; its log says why"
        try:
            with urllib.request.urlopen(f"{settings.address}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("serve did not come up")
