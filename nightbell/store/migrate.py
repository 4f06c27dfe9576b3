"""Brings a database to the newest schema, as the role that owns it.

A migration is one SQL file in `migrations/sql/`, named `NNNN_what.sql` and run in the order of
the names, each in its own transaction. Alembic keeps the place; nobody writes Python for it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, LiteralString, cast

import psycopg
import sqlalchemy
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from psycopg import sql

from nightbell.core.errors import Refused
from nightbell.store.postgres import ROLES

FOLDER = Path(__file__).parent / "migrations"
OWNER = "nightbell_owner"
# Any number, always this one: two that start at once migrate one after the other.
LOCK = 0x6E69676874


class RolesRefused(Refused):
    """The database account may not create the roles Nightbell needs. Ask whoever runs the database
    for an account with CREATEROLE that owns this database, or to create the roles nightbell_owner,
    nightbell_web, nightbell_worker and nightbell_backup and grant them to this account."""


class NewerSchema(Refused):
    """The database was used by a newer Nightbell. Install that version or a later one; an older one
    must not write to it."""


def files(folder: Path = FOLDER) -> list[Path]:
    """Every migration, in order."""
    return sorted((folder / "sql").glob("[0-9]*_*.sql"))


def migrate(url: str, folder: Path = FOLDER) -> None:
    """Make the roles that are missing and run every migration that this database has not had."""
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("select pg_advisory_lock(%s)", [LOCK])
        _make_roles(link)
        _run(url, folder)
        _let_backup_read(link)


def template_database(url: str, folder: Path = FOLDER) -> str:
    """The name of a migrated, empty database to clone with `clone`; made once for these files."""
    mark = hashlib.sha256(b"\0".join(one.read_bytes() for one in files(folder))).hexdigest()[:12]
    name = f"nightbell_template_{mark}"
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("select pg_advisory_lock(%s)", [LOCK + 1])
        if not link.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            half = f"{name}_half"
            _database(link, "drop database if exists {} with (force)", half)
            _database(link, "create database {}", half)
            migrate(database_url(url, half), folder)
            _database(link, "alter database {} rename to {}", half, name)
    return name


def clone(url: str, template: str, name: str) -> str:
    """A fresh database like `template`; its URL."""
    with psycopg.connect(url, autocommit=True) as link:
        _database(link, "create database {} template {}", name, template)
    return database_url(url, name)


def drop(url: str, name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with psycopg.connect(url, autocommit=True) as link:
        _database(link, "drop database if exists {} with (force)", name)


def database_url(url: str, name: str) -> str:
    """The same server and account, another database."""
    head, mark, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{mark}{query}"


def _database(link: psycopg.Connection[Any], words: LiteralString, *names: str) -> None:
    link.execute(sql.SQL(words).format(*(sql.Identifier(name) for name in names)))


def _make_roles(link: psycopg.Connection[Any]) -> None:
    try:
        for role in ROLES:
            if not link.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                _database(link, "create role {} login", role)
            member = link.execute(
                "select pg_has_role(current_user, %s, 'usage')", [role]
            ).fetchone()
            if member and not member[0]:
                _database(link, "grant {} to current_user", role)
        _database(link, "grant create, usage on schema public to {}", OWNER)
    except psycopg.errors.InsufficientPrivilege:
        raise RolesRefused from None


def _let_backup_read(link: psycopg.Connection[Any]) -> None:
    """pg_dump reads the sequences and Alembic's own table too, which no migration of ours names."""
    _database(link, "set role {}", OWNER)
    for what in (sql.SQL("tables"), sql.SQL("sequences")):
        grant = sql.SQL("grant select on all {} in schema public to nightbell_backup")
        link.execute(grant.format(what))
    link.execute("reset role")


def _run(url: str, folder: Path) -> None:
    scripts = _scripts(folder)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"set role {OWNER}"))
        connection.commit()

        def steps(now: Any, _: object) -> Any:
            return _steps(scripts, now)

        with EnvironmentContext(Config(), scripts, fn=steps) as environment:
            environment.configure(connection=connection, transaction_per_migration=True)
            environment.run_migrations()


def _steps(scripts: ScriptDirectory, now: Any) -> Any:
    known = {script.revision for script in scripts.walk_revisions()}
    if any(revision not in known for revision in now):
        raise NewerSchema
    return scripts._upgrade_revs("head", now)  # pyright: ignore[reportPrivateUsage]


def _scripts(folder: Path) -> ScriptDirectory:
    scripts = ScriptDirectory(str(folder))
    scripts.revision_map = RevisionMap(lambda: _links(folder, scripts))
    return scripts


def _links(folder: Path, scripts: ScriptDirectory) -> Iterator[Script]:
    """The files as a chain of Alembic revisions, each after the one before it in name order."""
    before = None
    for file in files(folder):
        module = ModuleType(file.stem)
        module.__dict__.update(
            revision=file.stem, down_revision=before, upgrade=_runner(file, scripts)
        )
        yield Script(module, file.stem, str(file))
        before = file.stem


def _runner(file: Path, scripts: ScriptDirectory) -> Any:
    def upgrade() -> None:
        from alembic import op

        raw = cast("psycopg.Connection[Any]", op.get_bind().connection.dbapi_connection)
        raw.execute(cast("LiteralString", file.read_text(encoding="utf-8")))

    return upgrade
