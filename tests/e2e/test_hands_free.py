"""One call from its ring to its proof, hands-free: every process real, every step seen."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightbell.run.hands_free import STEPS
from nightbell.run.settings import Settings

pytestmark = [pytest.mark.timeout(300)]
UP_WITHIN_S = 90.0


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(settings: Settings, *words: str) -> tuple[list[str], dict[str, str]]:
    line = [sys.executable, "-m", "nightbell.run.cli", *words]
    return line, {**os.environ, **settings.environment()}


@pytest.fixture(scope="module")
def service() -> Iterator[Settings]:
    """`nightbell serve`, fresh, with its demonstration service."""
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


def played(settings: Settings, scenario: str) -> subprocess.CompletedProcess[str]:
    line, environment = command(settings, "demo", "call", "--hands-free", "--scenario", scenario)
    return subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=150, check=False
    )


def test_a_chest_pain_at_the_cardiologist_from_ring_to_proof(service: Settings):
    """Twice: what the first night left behind must not stand in the way of the second."""
    for scenario in ("chest_pain", "infant_fever"):
        night = played(service, scenario)
        told = night.stdout + night.stderr
        assert night.returncode == 0, told
        assert "All nine steps were seen." in told
        seen = re.findall(r"^ *[\d.]+ s  (\w+)", night.stdout, re.MULTILINE)
        assert list(dict.fromkeys(word for word in seen if word in STEPS)) == list(STEPS)
    words = ("Luis", "Ruiz", "Theo", "Pressure in the chest", "Metoprolol")
    for log in (service.data / "logs").iterdir():
        assert not [word for word in words if word in log.read_text(errors="replace")], log.name


def test_a_night_that_is_not_seen_fails(service: Settings):
    """The demonstration can fail: no switch, no carrier, no nine steps."""
    stopped = [pid(service, part) for part in ("carrier", "worker")]
    try:
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        assert played(service, "chest_pain").returncode == 1
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)


def pid(settings: Settings, part: str) -> int:
    return int((settings.run_folder / f"{part}.pid").read_text())


def test_a_demonstration_without_a_service_says_what_to_start(tmp_path: Path):
    nowhere = Settings(data=tmp_path, port=free_port(socket.SOCK_STREAM))
    night = played(nowhere, "chest_pain")
    assert night.returncode == 2
    assert "nightbell serve" in night.stderr
