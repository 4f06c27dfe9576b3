"""Starts, stops and recovers the embedded PostgreSQL server; says where it listens.

The server listens on a Unix socket in a folder only we can enter, never on TCP. The operating
system vouches for who connects (peer authentication), so there is no password to lose. Its log
holds no statement, no parameter and no failing value: those could be a patient's words.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from nightbell.core.errors import Broken, Refused
from nightbell.core.sockets import socket_folder
from nightbell.store import binaries
from nightbell.store.binaries import Account
from nightbell.store.lifeline import die_with_parent

DATABASE = "nightbell"
SUPERUSER = "postgres"
ROLES = ("nightbell_owner", "nightbell_web", "nightbell_worker", "nightbell_backup")
SOCKET_NAME = ".s.PGSQL.5432"
FREE_BYTES_MIN = 500 * 1024 * 1024
FREE_BYTES_TO_GO_ON = 32 * 1024 * 1024  # Two files of the write-ahead log.
CONNECTIONS_MAX = 400
START_SECONDS_MAX = 600  # Recovery after a crash replays the log; a big one takes minutes.
LOG_BYTES_MAX = 20 * 1024 * 1024
Say = Callable[[str], None]


class FolderLocked(Refused):
    """Another Nightbell is running on this data folder. Stop it first, or give this one a data
    folder of its own with NIGHTBELL_DATA."""


class DiskFull(Refused):
    """There is not enough disk space for the database: 500 MB must be free to make one, and some
    to go on with it. Free some, or put the data elsewhere with NIGHTBELL_DATA."""


class FolderRefused(Refused):
    """This folder belongs to another account, is open to others, or cannot be written. Start
    Nightbell as the account that started it first, or choose another folder with NIGHTBELL_DATA."""


class ServerDidNotStart(Broken):
    """PostgreSQL did not start. Its last words are in the log file named here."""


def url_as(url: str, role: str) -> str:
    """`url`, entered as one of Nightbell's roles.

    On our own socket the role signs in itself. On a server reached by DATABASE_URL the given
    account signs in and puts the role on.
    """
    if f"//{SUPERUSER}@/" in url:
        return url.replace(f"//{SUPERUSER}@/", f"//{role}@/", 1)
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options=-crole%3D{role}"


@dataclass(frozen=True, slots=True)
class Places:
    """Where one cluster keeps its things."""

    home: Path
    socket: Path

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def access(self) -> Path:
        return self.home / "pg_hba.conf"

    @property
    def accounts(self) -> Path:
        return self.home / "pg_ident.conf"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket), safe='')}"


def places(data: Path, who: Account) -> Places:
    """The cluster's folder: in `data`, unless the account that must run it cannot get there."""
    data = data.resolve()
    home = data / "postgres"
    if who.is_other and not can_enter(data, who):
        home = Path("/var/lib/nightbell") / f"{data.parent.name or 'data'}-{_mark(data)}"
    return Places(home, socket_folder(home / "socket", SOCKET_NAME))


def can_enter(folder: Path, who: Account) -> bool:
    """Whether every folder down to this one lets `who` pass."""
    for step in (folder, *folder.parents):
        seen = step.stat()
        bit = 0o100 if seen.st_uid == who.uid else 0o010 if seen.st_gid == who.gid else 0o001
        if not seen.st_mode & bit:
            return False
    return True


class Postgres:
    """One embedded server, from `start` to `stop`; `start` again after it was killed."""

    def __init__(self, data: Path, *, durable: bool = True, say: Say = lambda _: None) -> None:
        self._say = say
        self._durable = durable
        self._data = data
        self._who = binaries.account()
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._bin: Path | None = None
        data.mkdir(parents=True, exist_ok=True, mode=0o711 if self._who.is_other else 0o700)
        self.places = places(data, self._who)

    @property
    def url(self) -> str:
        return self.places.url()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Bring the server up, making or recovering the cluster first; gives the admin URL."""
        self.begin()
        try:
            self._wait_until_up()
            _make_database(self.places.url(SUPERUSER))
        except BaseException:
            self.stop()
            raise
        return self.url

    def begin(self) -> None:
        """Start it and do not wait: it recovers while others go on. Used to bring it back."""
        self._reap()
        self._take_folder()
        try:
            if self._bin is None:
                self._bin = self._choose_programs()
            if not self.places.cluster.exists():
                self._make_cluster(self._bin)
            self._clear_the_dead()
            self._write_access()
            self._launch(self._bin)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection, write everything down, leave no process behind."""
        process = self._process
        if process is not None:
            for order, patience in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(order)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(patience)
                    break
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _reap(self) -> None:
        """Let go of a server that was killed; refuse to start a second one beside a live one."""
        if self._process is not None:
            try:
                self._process.wait(1)  # Killed a moment ago, it may not be gone yet.
            except subprocess.TimeoutExpired:
                raise FolderLocked(folder=str(self.places.home)) from None
        self._process = None

    def _take_folder(self) -> None:
        home, shared = self.places.home, self._who.is_other
        if not home.is_relative_to(self._data.resolve()) and not home.exists():
            self._say(f"PostgreSQL runs as {binaries.UNPRIVILEGED}; its files are in {home}")
        try:
            home.mkdir(parents=True, exist_ok=True)
            # As root, the folder stays root's and the account owns only what it must write in,
            # so nothing it could plant there is ever written through by root.
            home.chmod(0o711 if shared else 0o700)
            self._own(self.places.socket)
            self._take_lock(home / "lock")
        except PermissionError:
            raise FolderRefused(folder=str(home)) from None

    def _take_lock(self, file: Path) -> None:
        if self._lock is not None:
            return
        lock = file.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderLocked(folder=str(file.parent)) from None
        self._lock = lock

    def _own(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.is_symlink() or folder.lstat().st_uid not in (self._who.uid, os.geteuid()):
            raise FolderRefused(folder=str(folder))
        os.chown(folder, self._who.uid, self._who.gid)
        folder.chmod(0o700)

    def _choose_programs(self) -> Path:
        try:
            made_by = int((self.places.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            made_by = None
        found = binaries.choose(made_by, binaries.candidates())
        return binaries.runnable(found, self._who, self.places.home)

    def _make_cluster(self, bin_folder: Path) -> None:
        if shutil.disk_usage(self.places.home).free < FREE_BYTES_MIN:
            raise DiskFull(folder=str(self.places.home))
        self._say("making the database")
        half = self.places.home / "cluster.half"  # Renamed when whole: a crash leaves no half.
        shutil.rmtree(half, ignore_errors=True)
        self._own(half)
        made = subprocess.run(
            [
                *(str(bin_folder / "initdb"), "-D", str(half), "-U", SUPERUSER, "-A", "peer"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
                *([] if self._durable else ["--no-sync"]),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.places.home,
            user=self._who.user,
            group=self._who.group,
            extra_groups=self._who.extra_groups,
        )
        if made.returncode != 0:
            with self.places.log.open("a") as log:
                log.write(made.stdout + made.stderr)
            shutil.rmtree(half, ignore_errors=True)
            raise self._reason()
        half.rename(self.places.cluster)

    def _clear_the_dead(self) -> None:
        """End what a killed server left behind: orphans hold its memory, a stale pid its name."""
        cluster = self.places.cluster
        pid_file = cluster / "postmaster.pid"
        try:
            server = int(pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            server = 0
        if server in living_in(cluster):
            os.kill(server, signal.SIGINT)  # It lives on: let it finish.
            _wait_until_empty(cluster, 15)
        else:
            _wait_until_empty(cluster, 1)  # Children need but a moment to notice they are alone.
        for pid in living_in(cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _wait_until_empty(cluster, 5)
        # The folder is ours (the lock) and nothing lives in it: whatever holds that number now
        # is some other program, which would make the new server refuse to start. Where there is
        # no /proc to be sure by, PostgreSQL's own, more careful, judgement stands.
        if Path("/proc/self").exists() and not any(living_in(cluster)):
            pid_file.unlink(missing_ok=True)

    def _write_access(self) -> None:
        """Who may connect: the account that runs Nightbell, as any of our roles."""
        me = pwd.getpwuid(os.geteuid()).pw_name
        rows = [f'nightbell "{me}" {role}\n' for role in (SUPERUSER, *ROLES)]
        for file, text in (
            (self.places.accounts, "".join(rows)),
            (self.places.access, "local all all peer map=nightbell\n"),
        ):
            file.write_text(text)
            file.chmod(0o644)

    def _launch(self, bin_folder: Path) -> None:
        options = {
            "hba_file": str(self.places.access),
            "ident_file": str(self.places.accounts),
            "unix_socket_permissions": "0700",
            "max_connections": str(CONNECTIONS_MAX),
            "shared_buffers": "128MB",
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on",
            # After a crash one call for the file system instead of one for each of a thousand
            # files: back a second sooner, with the same promise. Only Linux has it.
            **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
            # FATAL and worse, and the server's own news; never a statement that failed.
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_checkpoints": "off",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self.places.log
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [
                    *(str(bin_folder / "postgres"), "-D", str(self.places.cluster), "-h", ""),
                    *("-k", str(self.places.socket), *settings),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.places.home,
                user=self._who.user,
                group=self._who.group,
                extra_groups=self._who.extra_groups,
                # Its own session, so a Ctrl-C meant for us does not stop it first.
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 (made to be safe)
            )

    def _wait_until_up(self) -> None:
        give_up = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < give_up:
            if not self.running:
                raise self._reason()
            try:
                psycopg.connect(self.places.url(SUPERUSER), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.02)
        raise self._reason()

    def _reason(self) -> Refused | Broken:
        try:
            last_words = self.places.log.read_bytes()[-4000:]
        except OSError:
            last_words = b""
        # A log on a full disk cannot even say so.
        full = shutil.disk_usage(self.places.home).free < FREE_BYTES_TO_GO_ON
        if full or b"No space left on device" in last_words:
            return DiskFull(folder=str(self.places.home))
        return ServerDidNotStart(log=str(self.places.log))


def living_in(cluster: Path) -> Iterator[int]:
    """The processes whose working folder is the cluster: its server and the server's children."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")) == cluster and int(entry.name) != os.getpid():
                yield int(entry.name)


def _wait_until_empty(cluster: Path, patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while any(living_in(cluster)) and time.monotonic() < give_up:
        time.sleep(0.02)


def running_at(data: Path) -> str | None:
    """The admin URL of the server that already runs on this data folder, if one does."""
    if not data.exists():
        return None
    url = places(data, binaries.account()).url()
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    return url


def _make_database(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as link:
        known = link.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if known is None:
            link.execute(f'create database "{DATABASE}"')  # pyright: ignore[reportArgumentType]


def _mark(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
