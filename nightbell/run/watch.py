"""Watches the parts of a running service and brings each back when it dies, always.

A part is brought back at once; one that keeps dying is given longer and longer rests, and is never
given up. Nothing outlives the watcher: the kernel ends the children when it is killed itself.
"""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nightbell.core.errors import NightbellError
from nightbell.store.lifeline import die_with_parent
from nightbell.store.postgres import Postgres

log = logging.getLogger(__name__)

QUICK_S = 5.0  # A part that lived less than this died quickly.
SETTLED_S = 2.0
REST_S_MAX = 10.0
LOOK_EVERY_S = 0.05
STOP_WITHIN_S = 8.0
LOG_BYTES_MAX = 10 * 1024 * 1024
LOGS_KEPT = 5


def rest_s(quick_deaths: int) -> float:
    """How long to wait before bringing a part back after so many quick deaths in a row."""
    return 0.0 if quick_deaths <= 1 else min(0.1 * 2.0 ** min(quick_deaths - 1, 9), REST_S_MAX)


class Part(Protocol):
    """Something that runs and can be brought back."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def running(self) -> bool: ...
    def start(self) -> None: ...
    def ask_to_stop(self) -> None: ...
    def end(self, patience_s: float) -> None: ...


@dataclass(slots=True)
class Process:
    """One child process, its output in a log of its own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    _popen: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        with self.log_file.open("ab") as out:
            self._popen = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Its own session: a Ctrl-C is ours to pass on, in our order.
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 (made to be safe)
            )

    def ask_to_stop(self) -> None:
        self._send(signal.SIGTERM)

    def end(self, patience_s: float) -> None:
        """Wait so long for it to finish, then kill it and whatever it started."""
        if self._popen is None:
            return
        try:
            self._popen.wait(max(patience_s, 0))
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop when asked, and was ended", self.name)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._popen = None

    def _send(self, order: signal.Signals) -> None:
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(order)


@dataclass(slots=True)
class Database:
    """The embedded server as a part."""

    server: Postgres
    name: str = "database"

    @property
    def pid(self) -> int | None:
        return self.server.pid

    @property
    def running(self) -> bool:
        return self.server.running

    def start(self) -> None:
        self.server.begin()

    def ask_to_stop(self) -> None:
        """Nothing yet: the others may still have something to keep."""

    def end(self, patience_s: float) -> None:
        self.server.stop()


@dataclass(slots=True)
class Life:
    """How a part has been doing."""

    part: Part
    started_at: float = 0.0
    quick_deaths: int = 0
    due_at: float | None = None  # When it is to be brought back; None while it runs.


@dataclass(slots=True)
class Watch:
    """The parts in the order they are started; they are ended in the opposite one."""

    run_folder: Path
    clock: Callable[[], float] = time.monotonic
    _lives: list[Life] = field(default_factory=list[Life])

    def add(self, part: Part) -> None:
        """Watch a part from now on, starting it unless it already runs."""
        life = Life(part)
        self._lives.append(life)
        if part.running:
            self._began(life)
        else:
            self._start(life)

    def look(self) -> None:
        """Notice every death since the last look; bring back whoever is due."""
        for life in self._lives:
            if life.due_at is None and not life.part.running:
                self._died(life)
            if life.due_at is not None and self.clock() >= life.due_at:
                self._start(life)

    @property
    def unsettled(self) -> list[str]:
        """The parts that are down, or came up so lately after dying that nobody can tell yet."""
        return [
            life.part.name
            for life in self._lives
            if life.due_at is not None
            or (life.quick_deaths and self.clock() - life.started_at < SETTLED_S)
        ]

    def stop(self) -> None:
        """End every part, the last started first, and leave none."""
        for life in reversed(self._lives):
            life.part.ask_to_stop()
        give_up = self.clock() + STOP_WITHIN_S
        for life in reversed(self._lives):
            life.part.end(give_up - self.clock())
            self._pid_file(life.part).unlink(missing_ok=True)
        self._lives.clear()

    def _died(self, life: Life) -> None:
        lived = self.clock() - life.started_at
        life.quick_deaths = life.quick_deaths + 1 if lived < QUICK_S else 0
        rest = rest_s(life.quick_deaths)
        life.due_at = self.clock() + rest
        self._pid_file(life.part).unlink(missing_ok=True)
        log.warning("%s died after %.1f s; back in %.1f s", life.part.name, lived, rest)

    def _start(self, life: Life) -> None:
        try:
            life.part.start()
        except (NightbellError, OSError) as fault:
            life.quick_deaths += 1
            life.due_at = self.clock() + rest_s(max(life.quick_deaths, 2))
            log.warning("%s did not start: %s", life.part.name, fault)
        else:
            self._began(life)

    def _began(self, life: Life) -> None:
        life.started_at, life.due_at = self.clock(), None
        # Renamed into place: whoever reads it never finds half a number.
        half = self._pid_file(life.part).with_suffix(".half")
        half.write_text(f"{life.part.pid}\n")
        half.replace(self._pid_file(life.part))

    def _pid_file(self, part: Part) -> Path:
        return self.run_folder / f"{part.name}.pid"


def rotate(logs: Path) -> None:
    """Move every log that has grown too long aside; the writers keep writing to the same file."""
    for file in logs.glob("*.log"):
        if file.stat().st_size < LOG_BYTES_MAX:
            continue
        for number in range(LOGS_KEPT - 1, 0, -1):
            older = file.with_name(f"{file.name}.{number}")
            if older.exists():
                older.replace(file.with_name(f"{file.name}.{number + 1}"))
        shutil.copyfile(file, file.with_name(f"{file.name}.1"))
        os.truncate(file, 0)
