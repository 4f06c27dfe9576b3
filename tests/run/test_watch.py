"""The supervisor, told as parts that die."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.core.errors import Broken
from nightbell.run import watch
from nightbell.run.watch import REST_S_MAX, Process, Watch, rest_s, rotate


@dataclass
class Dummy:
    """A part that lives and dies as the test says."""

    name: str = "worker"
    running: bool = False
    starts: int = 0
    refuses: bool = False
    ends: list[str] = field(default_factory=list[str])

    @property
    def pid(self) -> int | None:
        return 4242 if self.running else None

    def start(self) -> None:
        self.starts += 1
        if self.refuses:
            raise Broken
        self.running = True

    def ask_to_stop(self) -> None:
        self.ends.append("asked")

    def end(self, patience_s: float) -> None:
        self.running = False
        self.ends.append("ended")


@dataclass
class Moment:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def until(true: Callable[[], bool], within_s: float) -> bool:
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        if true():
            return True
        time.sleep(0.01)
    return true()


@pytest.fixture
def at() -> Moment:
    return Moment()


@pytest.fixture
def floor(tmp_path: Path, at: Moment) -> Watch:
    return Watch(tmp_path, clock=at)


def test_a_part_that_lived_long_is_back_at_the_next_look(floor: Watch, at: Moment):
    part = Dummy()
    floor.add(part)
    at.now += 3600
    part.running = False
    floor.look()
    assert part.running


def test_the_first_quick_death_is_answered_at_once_and_the_third_is_given_a_rest(
    floor: Watch, at: Moment
):
    part = Dummy()
    floor.add(part)
    for _ in range(3):
        part.running = False
        floor.look()
        at.now += rest_s(2)
        floor.look()
    assert part.starts == 3
    at.now += rest_s(3)
    floor.look()
    assert part.starts == 4


def test_a_part_that_cannot_even_start_is_tried_for_ever(floor: Watch, at: Moment):
    part = Dummy(refuses=True)
    floor.add(part)
    for _ in range(1000):
        at.now += REST_S_MAX
        floor.look()
    assert part.starts == 1001
    part.refuses = False
    at.now += REST_S_MAX
    floor.look()
    assert part.running


@given(st.integers(0, 2000))
def test_no_rest_is_longer_than_ten_seconds_or_shorter_than_the_one_before(deaths: int):
    assert 0 <= rest_s(deaths) <= rest_s(deaths + 1) <= REST_S_MAX


def test_the_pid_file_names_who_lives_and_goes_with_the_dead(
    floor: Watch, tmp_path: Path, at: Moment
):
    part = Dummy()
    floor.add(part)
    assert (tmp_path / "worker.pid").read_text() == "4242\n"
    for _ in range(4):  # The fourth quick death waits, and so leaves no pid behind.
        part.running = False
        floor.look()
    assert not (tmp_path / "worker.pid").exists()
    at.now += REST_S_MAX
    floor.look()
    assert (tmp_path / "worker.pid").exists()


def test_the_database_is_ended_after_everyone_was_asked(floor: Watch):
    story: list[str] = []
    database, worker = Dummy("database", ends=story), Dummy("worker", ends=story)
    floor.add(database)
    floor.add(worker)
    floor.stop()
    assert story == ["asked", "asked", "ended", "ended"]
    assert not database.running


def process(folder: Path, program: str) -> Process:
    return Process(
        "worker", [sys.executable, "-c", program], dict(os.environ), folder / "worker.log"
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    part = process(tmp_path, "import time; print('up', flush=True); time.sleep(600)")
    yield part
    part.end(0)


def test_a_killed_process_is_back_within_a_fifth_of_a_second(sleeper: Process, tmp_path: Path):
    floor = Watch(tmp_path)
    floor.add(sleeper)
    first = sleeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    died = time.monotonic()
    while sleeper.pid == first and time.monotonic() < died + 5:
        time.sleep(watch.LOOK_EVERY_S)
        floor.look()
    assert time.monotonic() - died < 0.2
    assert sleeper.running
    floor.stop()


def test_a_part_that_will_not_stop_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watch, "STOP_WITHIN_S", 0.3)
    stubborn = process(
        tmp_path,
        "import signal,subprocess,sys,time;signal.signal(signal.SIGTERM,signal.SIG_IGN);"
        "print(subprocess.Popen(['sleep','600']).pid,flush=True);time.sleep(600)",
    )
    floor = Watch(tmp_path)
    floor.add(stubborn)
    assert until(lambda: stubborn.log_file.read_text().strip().isdigit(), 10)
    grandchild = int(stubborn.log_file.read_text())
    floor.stop()
    assert until(lambda: not alive(grandchild), 5)


def test_when_the_watcher_is_killed_its_children_go_too(tmp_path: Path):
    program = (
        "import os,sys,time;from pathlib import Path;from nightbell.run.watch import *;"
        "p=Process('worker',['sleep','600'],dict(os.environ),Path(sys.argv[1])/'worker.log');"
        "p.start();print(p.pid,flush=True);time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    assert until(lambda: not alive(child), 5)


def test_a_log_that_has_grown_is_moved_aside_and_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watch, "LOG_BYTES_MAX", 10)
    log = tmp_path / "web.log"
    with log.open("a") as writer:
        for line in ("the first night\n", "the second night\n"):
            writer.write(line)
            writer.flush()
            rotate(tmp_path)
        writer.write("new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").read_text() == "the second night\n"
    assert (tmp_path / "web.log.2").read_text() == "the first night\n"


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False
