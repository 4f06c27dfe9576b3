"""The whole service on one machine, as somebody starts and stops it. Real processes."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nightbell.run.serve import KeysMissing, banner, refuse_without_keys
from nightbell.run.settings import Settings
from tests.ground import Database

pytestmark = pytest.mark.timeout(300)  # Five processes start several times on a busy machine.


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """One `nightbell serve` on ports and a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            data=folder / "data",
            port=free_port(socket.SOCK_STREAM),
            sip_port=free_port(socket.SOCK_DGRAM),
            carrier_port=free_port(socket.SOCK_DGRAM),
            demo=False,
        )
        self.running: subprocess.Popen[str] | None = None
        self.out = folder / "out"

    def start(self) -> "subprocess.Popen[str]":
        self.running = self.popen(self.settings, self.out)
        return self.running

    def popen(self, settings: Settings, out: Path) -> "subprocess.Popen[str]":
        with out.open("w") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "nightbell.run.cli", "serve"],
                env={**os.environ, **settings.environment()},
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def refused(self, settings: Settings) -> str:
        """What a second `serve` says when it does not start."""
        out = self.out.with_suffix(".second")
        assert self.popen(settings, out).wait(60) == 2
        return out.read_text()

    def healthy(self, within_s: float = 60) -> bool:
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError):
                url = f"{self.settings.address}/healthz"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    return answer.status == 200
            time.sleep(0.05)
        return False

    def pid(self, part: str) -> int:
        return int((self.settings.run_folder / f"{part}.pid").read_text())

    def processes(self) -> list[int]:
        """Every process that has anything to do with this data folder."""
        mark = f"NIGHTBELL_DATA={self.settings.data}".encode()
        found: list[int] = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                here = str(self.settings.data) in os.readlink(entry / "cwd")
                if here or mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def gone(self, within_s: float = 15) -> bool:
        give_up = time.monotonic() + within_s
        while self.processes() and time.monotonic() < give_up:
            time.sleep(0.05)
        return not self.processes()

    def said(self, line: str, within_s: float) -> bool:
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up and line not in self.out.read_text():
            time.sleep(0.05)
        return line in self.out.read_text()

    def stop(self) -> str:
        """What it said from the start to the end."""
        assert self.running is not None
        self.running.send_signal(signal.SIGINT)
        self.running.wait(60)
        return self.out.read_text()


@pytest.fixture
def here() -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="nightbell serve "))
    folder.chmod(0o711)
    one = Installation(folder)
    yield one
    if one.running is not None and one.running.poll() is None:
        one.running.kill()
        one.running.wait()
    one.gone()
    shutil.rmtree(folder, ignore_errors=True)


def test_it_comes_up_says_where_and_ctrl_c_leaves_nothing_behind(here: Installation):
    started = here.start()
    assert here.said("Nightbell is up.", within_s=90)
    out = here.stop()
    assert started.returncode == 0
    assert here.settings.address in out
    assert out.rstrip().endswith("stopped")
    assert here.gone()


def test_a_second_one_on_the_same_folder_or_port_is_refused_with_a_sentence(here: Installation):
    here.start()
    assert here.healthy()
    other_ports = here.settings.having(port=free_port(socket.SOCK_STREAM))
    assert "already running on this data folder" in here.refused(other_ports)
    other_folder = here.settings.having(data=here.settings.data.parent / "other")
    assert "Another program already uses this port" in here.refused(other_folder)
    here.stop()


def test_every_part_is_killed_and_comes_back(here: Installation):
    here.start()
    assert here.said("Nightbell is up.", within_s=90)
    for part in ("web", "database", "worker", "switch", "carrier"):
        before = here.pid(part)
        os.kill(before, signal.SIGKILL)
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError, ValueError):
                if here.pid(part) != before:
                    break
            time.sleep(0.02)
        assert here.pid(part) != before
        assert here.healthy()
    here.stop()


def test_the_supervisor_itself_is_killed_and_nothing_outlives_it(here: Installation):
    started = here.start()
    assert here.healthy()
    assert here.processes()
    started.kill()
    started.wait()
    assert here.gone()
    here.start()
    assert here.healthy()
    here.stop()


def test_a_socket_folder_that_somebody_else_put_there_is_refused(here: Installation):
    here.settings = here.settings.having(data=here.settings.data / ("long" * 30))
    planted = here.settings.switch_socket.parent
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    try:
        assert str(planted) in here.refused(here.settings)
    finally:
        planted.rmdir()


def test_a_data_folder_restored_without_its_keys_is_refused(database: Database, tmp_path: Path):
    settings = Settings(data=tmp_path, database_url=database.admin)
    refuse_without_keys(settings)  # Nothing was closed yet: a new key is as good.
    with psycopg.connect(database.owner) as link:
        link.execute("insert into data_key values (gen_random_uuid(), 'closed')")
    with pytest.raises(KeysMissing):
        refuse_without_keys(settings)
    settings.keys.mkdir()
    (settings.keys / "master.key").touch()
    refuse_without_keys(settings)


def test_the_banner_says_where_as_whom_and_what_next():
    welcome = {"demo_sign_ins": [{"kind": "agent", "handle": "ana", "passphrase": "river stone"}]}
    lines = "\n".join(banner(Settings(port=8123), welcome))
    assert "http://127.0.0.1:8123/" in lines
    assert "agent" in lines
    assert "river stone" in lines
    assert "demo call" in lines


def test_a_real_service_is_not_told_to_play_a_demonstration():
    lines = "\n".join(banner(Settings(demo=False), {"demo_sign_ins": []}))
    assert "nightbell administrator" in lines
    assert "demo call" not in lines
