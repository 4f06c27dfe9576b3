"""Whose rows a role may see: every table is listed, every one of an account's tried to cross."""

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from nightbell.store.work import NOBODY, SERVICE, Scope, Store
from tests.ground import Database
from tests.practice import make_account, make_person

# Tables without an account's rows, each with its reason. Everything else must be guarded.
SERVICE_WIDE = {
    "service": "the answering company itself",
    "outbox": "orders: ids and our own words",
    "news": "hints by id; the screen asks again in its own scope",
    "beat": "which part is alive",
    "audit_leaf": "the whole log is one tree",
    "audit_node": "hashes",
    "audit_checkpoint": "signed roots",
    "person": "names of those who sign in or are reached",
    "contact_method": "how a person is reached, in every practice they work for",
    "push_subscription": "a person's browsers",
    "data_key": "keys closed by the master key",
    "sign_in": "a person's way in",
    "session": "a person's open sessions",
    "key_entry": "public keys",
    "key_share": "shared keys closed to one person",
    "switch_event": "what the switch said, by leg",
    "switch_command": "what the switch was asked; numbers are closed at rest",
    "desk_state": "an agent on the floor",
    "alembic_version": "which migrations have run",
}


def _tables(database: Database) -> dict[str, tuple[bool, bool, bool]]:
    """Every table of ours: guarded, forced, and whether it has an account."""
    with psycopg.connect(database.owner) as link:
        rows = link.execute(
            "select c.relname, c.relrowsecurity, c.relforcerowsecurity,"
            " exists (select from pg_attribute a where a.attrelid = c.oid"
            "  and a.attname = 'account_id' and not a.attisdropped)"
            " from pg_class c where c.relkind in ('r', 'p')"
            " and c.relnamespace = 'public'::regnamespace"
        ).fetchall()
    return {name: (guarded, forced, owned) for name, guarded, forced, owned in rows}


def test_no_table_was_forgotten(database: Database) -> None:
    tables = _tables(database)
    guarded = {name for name, (on, forced, _) in tables.items() if on and forced}
    assert set(tables) - guarded == set(SERVICE_WIDE), "guard it, or say why it needs no guard"
    assert all(tables[name][2] for name in guarded), "a guarded table has an account_id"


def _put_a_row_of(link: psycopg.Connection[tuple[object, ...]], name: str, account: UUID) -> None:
    """A row of `account`; what else the table wants is put out of the way."""
    link.execute("set session_replication_role = replica")  # no foreign keys in this session
    checks = link.execute(
        "select conname from pg_constraint where conrelid = %s::regclass and contype in ('c', 'x')",
        (name,),
    ).fetchall()
    for (check,) in checks:
        link.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                sql.Identifier(name), sql.Identifier(str(check))
            )
        )
    columns = link.execute(
        "select attname, format_type(atttypid, null) from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attnotnull and attidentity = '' and attgenerated = '' and attname <> 'account_id'",
        (name,),
    ).fetchall()
    values = [_some(str(kind)) for _, kind in columns]
    link.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(name),
            sql.SQL(", ").join(
                sql.Identifier(str(one)) for one, _ in [*columns, ("account_id", "")]
            ),
            sql.SQL(", ").join([sql.Placeholder()] * (len(columns) + 1)),
        ),
        [*values, account],
    )


def _some(kind: str) -> object:
    known: dict[str, object] = {
        "uuid": uuid4(),
        "text": uuid4().hex,
        "boolean": True,
        "bytea": b"x",
        "jsonb": "{}",
        "date": "2026-11-23",
        "time without time zone": "08:00",
        "timestamp with time zone": "2026-11-23T08:00Z",
        "tstzrange": "[2026-11-23T08:00Z,2026-11-23T09:00Z)",
        "uuid[]": [uuid4()],
        "text[]": ["x"],
    }
    return known.get(kind, 1)


def test_nobody_crosses_from_one_practice_to_another(database: Database) -> None:
    mine, theirs = uuid4(), uuid4()
    guarded = [name for name, (on, _, _) in _tables(database).items() if on]
    with psycopg.connect(database.admin, autocommit=True) as link:
        for name in guarded:
            _put_a_row_of(link, name, theirs)
    with psycopg.connect(database.web) as link:
        link.execute("select set_config('nightbell.accounts', %s, true)", (f"{{{mine}}}",))
        for name in guarded:
            table = sql.Identifier(name)
            seen = link.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
            assert seen == (0,), f"{name} shows another practice's rows"
            _is_untouched(link, sql.SQL("update {} set account_id = account_id").format(table))
            _is_untouched(link, sql.SQL("delete from {}").format(table))
            _is_refused(link, name, theirs)
    with psycopg.connect(database.backup) as link:
        for name in guarded:
            table = sql.Identifier(name)
            assert link.execute(sql.SQL("select count(*) from {}").format(table)).fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
                link.execute(sql.SQL("delete from {}").format(table))


def _is_untouched(link: psycopg.Connection[tuple[object, ...]], statement: sql.Composed) -> None:
    try:
        with link.transaction():
            assert link.execute(statement).rowcount == 0
    except psycopg.errors.InsufficientPrivilege:
        return


def _is_refused(link: psycopg.Connection[tuple[object, ...]], name: str, account: UUID) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
        link.execute(
            sql.SQL("insert into {} (account_id) values (%s)").format(sql.Identifier(name)),
            (account,),
        )


@pytest.mark.anyio
async def test_an_empty_scope_sees_nothing_and_raises_nothing(database: Database) -> None:
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        account_id = await make_account(work)
        await make_person(work, "Dr Okafor", "clinician", account_id=account_id)
    async with store.work(NOBODY) as work:
        assert await work.value("select count(*) from account") == 0
        assert await work.value("select count(*) from membership") == 0
    async with store.work(Scope("person_x", accounts=frozenset({account_id}))) as work:
        assert await work.value("select count(*) from account") == 1
    await store.close()


@pytest.mark.anyio
async def test_a_scope_never_outlives_its_transaction(database: Database) -> None:
    """One connection, two askers in turn: the second does not inherit the first one's sight."""
    store = await Store(database.web, connections=1).open()
    async with store.work(SERVICE) as work:
        await make_account(work)
    async with store.work(NOBODY) as work:
        assert await work.value("select count(*) from account") == 0
    await store.close()


@pytest.mark.parametrize("role", ["web", "worker", "backup"])
def test_only_the_owner_may_move_the_clock(database: Database, role: str) -> None:
    with psycopg.connect(getattr(database, role)) as link, pytest.raises(psycopg.Error):
        link.execute(
            "create or replace function floor_now() returns timestamptz language sql stable"
            " as 'select now() + interval ''1 hour'''"
        )


def test_the_log_cannot_be_changed_by_those_who_write_it(database: Database) -> None:
    for role in ("web", "worker"):
        with psycopg.connect(getattr(database, role)) as link:
            for statement in (
                "update audit_leaf set act = 'nothing'",
                "delete from audit_leaf",
                "delete from audit_checkpoint",
                "update audit_checkpoint set root = ''",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
                    link.execute(statement)
