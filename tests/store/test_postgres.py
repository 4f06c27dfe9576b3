"""The embedded server, told as things that happen to a machine in the cupboard."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from nightbell.store import binaries, postgres
from nightbell.store.binaries import Account, ClusterVersionRefused, PostgresMissing
from nightbell.store.postgres import (
    DiskFull,
    FolderLocked,
    Places,
    Postgres,
    ServerDidNotStart,
    living_in,
    running_at,
    url_as,
)
from tests.ground import sweep

STRANGER = Account(65534, 65534, is_other=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's tmp_path: as root that cannot be entered by the account the server runs as.
    here = Path(f"/tmp/nightbell tests {os.getpid()}-{time.monotonic_ns()}")  # A path with spaces.
    here.mkdir(mode=0o711)
    yield here
    shutil.rmtree(here, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    one = Postgres(folder / "data", durable=False)
    yield one
    one.stop()


def ask(url: str, sql: str) -> object:
    with psycopg.connect(url) as link:
        row = link.execute(sql.encode()).fetchone()
    return row and row[0]


def test_the_data_is_still_there_after_a_restart(server: Postgres):
    url = server.start()
    with psycopg.connect(url) as link:
        link.execute("create table kept as select 7 as n")
    server.stop()
    assert ask(server.start(), "select n from kept") == 7


def test_somebody_kills_the_database_and_what_was_committed_is_there(server: Postgres):
    url = server.start()
    with psycopg.connect(url) as link:
        link.execute("create table kept as select 7 as n")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert ask(server.start(), "select n from kept") == 7


def test_a_backend_that_outlives_the_killed_server_is_ended(server: Postgres):
    url = server.start()
    with psycopg.connect(url) as link:
        backend = link.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # It cannot notice that its server is gone.
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert ask(server.start(), "select 1") == 1
    assert backend not in living_in(server.places.cluster)


def test_a_stale_pid_file_that_names_a_living_stranger_stops_nothing(server: Postgres):
    server.start()
    server.stop()
    stale = server.places.cluster / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{server.places.cluster}\n{int(time.time())}\n5432\n\n\n\n")
    assert ask(server.start(), "select 1") == 1


def test_when_its_parent_is_killed_the_server_goes_too(folder: Path):
    program = (
        "import os,sys;from pathlib import Path;from nightbell.store.postgres import Postgres;"
        "Postgres(Path(sys.argv[1]),durable=False).start();os.kill(os.getpid(),9)"
    )
    subprocess.run([sys.executable, "-c", program, str(folder / "data")], check=False)
    give_up = time.monotonic() + 10
    cluster = Postgres(folder / "data").places.cluster
    while any(living_in(cluster)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert list(living_in(cluster)) == []


def test_two_servers_cannot_share_a_data_folder(server: Postgres, folder: Path):
    server.start()
    with pytest.raises(FolderLocked):
        Postgres(folder / "data").start()
    assert running_at(folder / "data") == server.url


def test_nothing_listens_on_the_network(server: Postgres):
    assert ask(server.start(), "select current_setting('listen_addresses')") == ""
    assert server.places.socket.stat().st_mode & 0o077 == 0


def test_a_very_long_data_path_works_through_a_short_socket_folder(folder: Path):
    one = Postgres(folder / ("long" * 30) / "data", durable=False)
    assert ask(one.start(), "select 1") == 1
    assert one.places.socket.stat().st_mode & 0o077 == 0
    one.stop()
    shutil.rmtree(one.places.socket)


def test_the_log_never_holds_what_a_caller_said(server: Postgres):
    url = server.start()
    with psycopg.connect(url, autocommit=True) as link:
        for sql in (b"select 'chest pain'::int", b"select pg_catalog.nothing('chest pain')"):
            with pytest.raises(psycopg.Error):
                link.execute(sql)
    assert "chest pain" not in server.places.log.read_text()


def test_a_full_disk_is_said_before_anything_is_made(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
):
    def nearly_full(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=10_000)

    monkeypatch.setattr(postgres.shutil, "disk_usage", nearly_full)
    with pytest.raises(DiskFull):
        server.start()
    assert not server.places.cluster.exists()


def test_a_disk_that_filled_up_is_named_as_the_reason_when_the_server_cannot_start(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
):
    server.start()
    server.stop()
    (server.places.cluster / "global" / "pg_control").unlink()  # Anything that stops a start.

    def full(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=0)

    monkeypatch.setattr(postgres.shutil, "disk_usage", full)
    with pytest.raises(DiskFull):
        server.start()


def test_a_data_folder_of_another_major_version_is_refused_and_left_alone(server: Postgres):
    server.start()
    server.stop()
    version = server.places.cluster / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(ClusterVersionRefused, match="NIGHTBELL_POSTGRES_BIN"):
        Postgres(server.places.home.parent).start()
    assert version.read_text() == "12\n"


def test_the_server_that_made_the_folder_is_chosen_over_a_better_one(folder: Path):
    for name, version in (("new", "18.6"), ("old", "15.3")):
        program = folder / name / "postgres"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    both = [folder / "new", folder / "old"]
    assert binaries.choose(None, both).name == "new"
    assert binaries.choose(15, both).name == "old"
    with pytest.raises(PostgresMissing):
        binaries.choose(None, [folder])


def test_a_server_that_cannot_start_names_its_log(server: Postgres):
    server.start()
    server.stop()
    (server.places.cluster / "global" / "pg_control").unlink()
    with pytest.raises(ServerDidNotStart) as told:
        server.start()
    assert told.value.facts == {"log": str(server.places.log)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_a_data_folder_under_roots_home_goes_where_the_server_can_reach_it(folder: Path):
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    one = Postgres(closed / "data", durable=False, say=said.append)
    assert ask(one.start(), "select 1") == 1
    assert one.places.home.parent == Path("/var/lib/nightbell")
    assert any(str(one.places.home) in line for line in said)
    assert closed.stat().st_mode & 0o777 == 0o700, "a parent folder was opened up"
    one.stop()
    shutil.rmtree(one.places.home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_programs_that_the_account_cannot_reach_are_copied_whole(folder: Path):
    closed = folder / "site-packages"
    found = binaries.choose(None, binaries.candidates())
    if found.parent.name != "pginstall":
        pytest.skip("the system's server is always within reach")
    package = found.parent.parent
    shutil.copytree(package, closed / package.name, symlinks=True)
    shutil.copytree(package.with_name(package.name + ".libs"), closed / f"{package.name}.libs")
    closed.chmod(0o700)
    copied = binaries.runnable(closed / package.name / "pginstall" / "bin", STRANGER, folder)
    assert binaries.version_of(copied, STRANGER) == binaries.version_of(found)


def test_a_role_signs_in_itself_on_our_socket_and_is_put_on_elsewhere():
    ours = Places(Path("/d/postgres"), Path("/d/postgres/socket")).url()
    assert "//nightbell_web@/" in url_as(ours, "nightbell_web")
    theirs = url_as("postgresql://app@db.example/nightbell?sslmode=require", "nightbell_web")
    assert theirs.endswith("sslmode=require&options=-crole%3Dnightbell_web")


def test_a_killed_test_run_leaves_nothing_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch):
    old = folder / "nightbell-tests-old" / "data" / "postgres"
    old.mkdir(parents=True)
    os.utime(old.parent.parent, (0, 0))
    monkeypatch.setattr("tests.ground.TEMPORARY", folder)
    sweep()
    assert not old.exists()
