"""Migrations: from nothing, from half way, by an account with few rights, by two at once."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from nightbell.store.migrate import (
    NewerSchema,
    RolesRefused,
    clone,
    database_url,
    drop,
    files,
    migrate,
)
from nightbell.store.postgres import url_as
from tests.ground import Clock, Database

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)


@pytest.fixture
def blank(cluster_url: str):
    """A database with nothing in it."""
    name = f"blank_{os.getpid()}"  # Two workers share one server.
    yield clone(cluster_url, "template0", name)
    drop(cluster_url, name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    write(tmp_path, "0001_one.sql", "create table first (n int); create table second (n int);")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / "sql" / name).write_text(text)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as link:
        rows = link.execute("select tablename from pg_tables where schemaname = 'public'")
        return {name for (name,) in rows.fetchall()} - {"alembic_version"}


def test_each_file_runs_once_and_in_order(blank: str, folder: Path):
    migrate(blank, folder)
    write(folder, "0002_two.sql", "alter table first rename to renamed;")
    migrate(blank, folder)
    migrate(blank, folder)
    assert tables(blank) == {"renamed", "second"}


def test_a_migration_that_fails_half_way_changes_nothing(blank: str, folder: Path):
    write(folder, "0002_two.sql", "create table third (n int); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(blank, folder)
    assert tables(blank) == {"first", "second"}


def test_an_older_nightbell_does_not_touch_a_newer_database(blank: str, folder: Path):
    write(folder, "0002_two.sql", "create table third (n int);")
    migrate(blank, folder)
    (folder / "sql" / "0002_two.sql").unlink()
    with pytest.raises(NewerSchema):
        migrate(blank, folder)


def test_two_that_start_at_once_migrate_one_after_the_other(blank: str, folder: Path):
    write(folder, "0002_two.sql", "select pg_sleep(0.2); create table third (n int);")
    faults: list[Exception] = []

    def run() -> None:
        try:
            migrate(blank, folder)
        except Exception as fault:
            faults.append(fault)

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert faults == []
    assert tables(blank) == {"first", "second", "third"}


def test_everything_belongs_to_the_owner_and_the_owner_is_not_all_powerful(database: Database):
    with psycopg.connect(database.admin) as link:
        owners = link.execute(
            "select distinct tableowner from pg_tables where schemaname = 'public'"
        ).fetchall()
        powers = link.execute(
            "select count(*) from pg_roles where rolname like 'nightbell_%'"
            " and (rolsuper or rolbypassrls or rolcreaterole)"
        ).fetchone()
    assert owners == [("nightbell_owner",)]
    assert powers == (0,)


def test_a_backup_may_read_all_that_there_is(blank: str):
    migrate(blank)
    with psycopg.connect(url_as(blank, "nightbell_backup")) as link:
        unread = link.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and case"
            " relkind when 'r' then not has_table_privilege(oid, 'select')"
            " when 'S' then not has_sequence_privilege(oid, 'select') else false end"
        ).fetchall()
    assert unread == []


def test_an_account_that_may_not_make_roles_is_told_what_to_ask_for(blank: str, folder: Path):
    with psycopg.connect(blank, autocommit=True) as link:
        link.execute("create role nightbell_test_weak")
    try:
        with pytest.raises(RolesRefused):
            migrate(f"{blank}&options=-crole%3Dnightbell_test_weak", folder)
    finally:
        with psycopg.connect(blank, autocommit=True) as link:
            link.execute("drop role nightbell_test_weak")


def test_no_two_migrations_share_a_number():
    numbers = [file.name[:4] for file in files()]
    assert len(numbers) == len(set(numbers)) > 0


def test_the_name_is_changed_and_the_server_is_not():
    assert database_url("postgresql://a@/x?host=%2Fs", "y") == "postgresql://a@/y?host=%2Fs"
    assert database_url("postgresql://a:b@h:1/x", "y") == "postgresql://a:b@h:1/y"


def test_the_clock_stands_where_it_is_set_and_runs_when_it_is_let(clock: Clock):
    clock.set(NINE_PM)
    clock.forward(timedelta(minutes=5))
    assert clock.now() == NINE_PM + timedelta(minutes=5)
    clock.run()
    assert timedelta(0) < clock.now() - NINE_PM - timedelta(minutes=5) < timedelta(minutes=1)


def test_only_the_owner_may_move_the_clock(database: Database):
    for role in ("nightbell_web", "nightbell_worker", "nightbell_backup"):
        for sql in (
            b"update moved.clock set ahead = '1 hour'",
            b"create or replace function floor_now() returns timestamptz language sql stable"
            b" as 'select now()'",
        ):
            with (
                psycopg.connect(url_as(database.admin, role)) as link,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                link.execute(sql)


async def test_a_test_may_await(database: Database):
    async with await psycopg.AsyncConnection.connect(database.web) as link:
        row = await (await link.execute("select current_user")).fetchone()
    assert row == ("nightbell_web",)


def test_a_database_still_in_use_is_dropped_all_the_same(cluster_url: str):
    link = psycopg.connect(clone(cluster_url, "template0", "in_use"))
    drop(cluster_url, "in_use")
    with pytest.raises(psycopg.OperationalError):
        link.execute("select 1")
    link.close()
