"""What a test stands on: one cluster a run, a database of its own a test, a clock it may move."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from nightbell.store.migrate import database_url, template_database
from nightbell.store.postgres import Postgres, url_as

TEMPORARY = Path(tempfile.gettempdir())
PREFIX = "nightbell-tests-"

# In a schema of its own, so that the tests which list our tables see only the real ones.
MOVABLE_CLOCK = """
grant usage on schema moved to public;
create table moved.clock (stands_at timestamptz, ahead interval not null default '0');
insert into moved.clock default values;
grant select on moved.clock to public;
create or replace function floor_now() returns timestamptz language sql stable as
  'select coalesce(stands_at, now() + ahead) from moved.clock';
"""


@dataclass(frozen=True, slots=True)
class Clock:
    """The floor's clock. It runs like the world's until `set`; from then on it stands still."""

    owner_url: str

    def set(self, at: datetime) -> None:
        """It is `at`, and stays so."""
        self._write("update moved.clock set stands_at = %s", at)

    def forward(self, by: timedelta) -> None:
        """Later by that much; standing or running as before."""
        self._write("update moved.clock set stands_at = stands_at + %s, ahead = ahead + %s", by, by)

    def run(self) -> None:
        """Let it run on from where it is."""
        self._write(
            "update moved.clock set ahead = floor_now() - now(), stands_at = null"
            " where stands_at is not null"
        )

    def now(self) -> datetime:
        with psycopg.connect(self.owner_url) as link:
            row = link.execute("select floor_now()").fetchone()
        assert row is not None
        return row[0]

    def _write(self, sql: str, *params: object) -> None:
        with psycopg.connect(self.owner_url) as link:
            link.execute(sql.encode(), params or None)


@dataclass(frozen=True, slots=True)
class Database:
    """One test's database, as each role sees it. `admin` is the superuser, for what no role may."""

    admin: str

    @property
    def owner(self) -> str:
        return url_as(self.admin, "nightbell_owner")

    @property
    def web(self) -> str:
        return url_as(self.admin, "nightbell_web")

    @property
    def worker(self) -> str:
        return url_as(self.admin, "nightbell_worker")

    @property
    def backup(self) -> str:
        return url_as(self.admin, "nightbell_backup")

    @property
    def clock(self) -> Clock:
        return Clock(self.owner)


class Cluster:
    """The server of one test run, and the template its databases are cloned from."""

    def __init__(self) -> None:
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._folder.chmod(0o711)  # As root, the server runs as another account and must get in.
        # No fsync: a test may kill the server, but none cuts the power.
        self._server = Postgres(self._folder / "data", durable=False)
        self.url = self._server.start()

    def stop(self) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def template(url: str) -> str:
    """A migrated template with the movable clock; its name."""
    name = template_database(url)
    with psycopg.connect(database_url(url, name)) as link:
        if link.execute("select to_regnamespace('moved')").fetchone() == (None,):
            link.execute("create schema moved authorization nightbell_owner")
            link.execute("set local role nightbell_owner")
            link.execute(MOVABLE_CLOCK.encode())
    return name


def sweep() -> None:
    """Remove what killed runs left behind: old folders whose lock nobody holds."""
    for folder in TEMPORARY.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.geteuid() or time.time() - folder.stat().st_mtime < 3600:
                continue
            with (folder / "data" / "postgres" / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
