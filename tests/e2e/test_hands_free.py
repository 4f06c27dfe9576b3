"""One call from its ring to its proof, hands-free: every process real, every step seen."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from nightbell.run.hands_free import STEPS
from nightbell.run.settings import Settings
from tests.e2e.installation import command, free_port

pytestmark = pytest.mark.timeout(300)


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
