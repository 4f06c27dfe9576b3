"""The log on a real database: many writers, two sequencers, a forger with the owner's password."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nightbell.audit import evidence, queries, sequencer
from nightbell.audit.checkpoint import PUBLIC, Signer, read_keys
from nightbell.audit.commands import record
from nightbell.audit.sequencer import TreeBroken, place, place_all
from nightbell.audit.tree import includes
from nightbell.audit.verify import Report, verify
from nightbell.core.errors import NotFound
from nightbell.run import audit as command
from nightbell.run.settings import Settings
from nightbell.store.work import SERVICE, Store
from tests.ground import Database

NINE_PM = datetime(2031, 3, 9, 21, 0, tzinfo=UTC)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    one = await Store(database.worker).open()
    yield one
    await one.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def signer(keys: Path) -> Signer:
    return Signer.at(keys)


async def write(store: Store, count: int, **facts: Any) -> None:
    for number in range(count):
        async with store.work(SERVICE) as work:
            await record(work, "call.answered", f"call_{number}", facts={"n": number, **facts})


def report(database: Database, keys: Path) -> Report:
    return verify(evidence.from_database(database.backup, keys), read_keys(keys / PUBLIC))


def forge(database: Database, sql: str) -> None:
    with psycopg.connect(database.owner) as link:
        assert link.execute(sql.encode()).rowcount > 0


async def test_many_writers_and_two_sequencers_place_every_leaf_once(
    store: Store, signer: Signer, database: Database, keys: Path
):
    writing = asyncio.gather(*(write(store, 25) for _ in range(8)))
    while not writing.done():
        await asyncio.gather(place_all(store, signer), place_all(store, signer))
        await asyncio.sleep(0.01)
    await writing
    await place_all(store, signer)
    found = report(database, keys)
    assert found.faults == ()
    assert (found.leaves, found.waiting) == (200, 0)
    async with store.work(SERVICE) as work:
        assert await work.value("select count(*) > 1 from audit_checkpoint")


async def test_an_act_that_failed_leaves_no_leaf(
    store: Store, signer: Signer, database: Database, keys: Path
):
    async def fail() -> None:
        async with store.work(SERVICE) as work:
            await record(work, "call.answered", "call_1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await place_all(store, signer) == 0
    assert report(database, keys).leaves == 0


async def test_no_writer_waits_for_the_sequencer(store: Store, signer: Signer):
    await write(store, 3)
    async with store.work(SERVICE) as placing:
        assert await place(placing, signer) is not None  # Not committed yet.
        await asyncio.wait_for(write(store, 3), 5)
        async with store.work(SERVICE) as other:
            assert await place(other, signer) is None


async def test_waiting_leaves_are_counted_and_aged(
    store: Store, signer: Signer, database: Database
):
    database.clock.set(NINE_PM)
    await write(store, 2)
    async with store.work(SERVICE) as work:
        assert await queries.waiting(work) == queries.Waiting(2, NINE_PM)
    await place_all(store, signer)
    async with store.work(SERVICE) as work:
        assert await queries.waiting(work) == queries.Waiting(0, None)


async def test_facts_of_every_shape_keep_their_hash_in_the_database(
    store: Store, signer: Signer, database: Database, keys: Path
):
    await write(store, 1, big=2**70, small=1e-7, huge=1e22, half=0.5, none=None, yes=True)
    await write(store, 1, list=[1, 2.0, {"z": 1, "a": "é\u2028"}], empty={}, float=-0.0, long=0.1)
    await place_all(store, signer)
    assert report(database, keys).faults == ()


async def test_a_leaf_is_proved_to_be_in_the_log(store: Store, signer: Signer):
    await write(store, 13)
    await place_all(store, signer)
    await write(store, 6)
    async with store.work(SERVICE) as work:
        acts = await queries.positions(work, "call_12")
        shown = await queries.inclusion_of(work, acts[0]["leaf_id"])
        late = await queries.positions(work, "call_0")
        with pytest.raises(NotFound):
            await queries.inclusion_of(work, late[-1]["leaf_id"])
    assert includes(
        shown.hash, shown.position, shown.checkpoint.tree_size, shown.proof, shown.checkpoint.root
    )


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("update audit_leaf set actor = 'nobody' where position = 5", "position 5 was altered"),
        ("update audit_leaf set facts = '{}' where position = 5", "position 5 was altered"),
        ("update audit_leaf set at = at + interval '1 s' where position = 5", "5 was altered"),
        ("update audit_leaf set hash = '\\x00' where position = 5", "position 5 was altered"),
        ("delete from audit_leaf where position = 5", "the leaf at position 5 was removed"),
        ("update audit_leaf set position = 99 where position = 5", "belongs at 5"),
        ("update audit_leaf set position = null where position = 5", "position 5 was removed"),
        ("update audit_node set hash = '\\x00' where level = 2 and number = 1", "2/1 was altered"),
        ("delete from audit_node where level = 1 and number = 2", "tree node 1/2 was removed"),
        ("update audit_checkpoint set root = '\\x00' where tree_size = 7", "7 was altered"),
        ("delete from audit_checkpoint where tree_size = 7", "checkpoint 7 was removed"),
        ("delete from audit_checkpoint where tree_size = 13", "checkpoint 13 was removed"),
    ],
)
async def test_a_forger_with_the_owners_password_is_found(
    store: Store, signer: Signer, database: Database, keys: Path, sql: str, named: str
):
    for count in (7, 6):
        await write(store, count)
        await place_all(store, signer)
    assert report(database, keys).faults == ()
    forge(database, sql)
    assert named in "\n".join(report(database, keys).faults)


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "sql",
    [
        "update audit_leaf set facts = '{}'",
        "delete from audit_leaf",
        "update audit_node set hash = '\\x00'",
        "delete from audit_checkpoint",
    ],
)
async def test_no_process_of_ours_may_change_what_was_written(
    store: Store, database: Database, role: str, sql: str
):
    await write(store, 1)
    with (
        psycopg.connect(getattr(database, role)) as link,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        link.execute(sql.encode())


async def test_a_tree_that_lost_a_node_places_nothing_more_and_says_so(
    store: Store, signer: Signer, database: Database
):
    await write(store, 4)
    await place_all(store, signer)
    forge(database, "delete from audit_node where level = 2")
    await write(store, 1)
    with pytest.raises(TreeBroken, match="audit verify"):
        await place_all(store, signer)


async def test_the_sequencer_outlives_a_fault(
    store: Store, signer: Signer, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sequencer, "EVERY_S", 0.05)
    await write(store, 1)
    with psycopg.connect(database.admin, autocommit=True) as link:
        link.execute("revoke select on audit_leaf from nightbell_worker")
        running = asyncio.create_task(sequencer.run(store, signer))
        await asyncio.sleep(0.2)
        link.execute("grant select on audit_leaf to nightbell_worker")
    async with asyncio.timeout(10):
        while True:
            async with store.work(SERVICE) as work:
                if (await queries.waiting(work)).count == 0:
                    break
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=database.admin)


async def test_an_exported_log_is_checked_without_a_database(
    store: Store,
    signer: Signer,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    await write(store, 5, half=0.5)
    await place_all(store, signer)
    await write(store, 1)
    file, key = tmp_path / "log.jsonl", signer.folder / PUBLIC
    assert command.export(settings, file=file) == 0
    nowhere = Settings(data=tmp_path / "nowhere")
    assert command.verify(nowhere, file=file, key=key) == 0
    assert "intact" in capsys.readouterr().out
    lines = file.read_text().splitlines()
    third = json.loads(lines[3])
    lines[3] = json.dumps({**third, "actor": "nobody"})
    file.write_text("\n".join(lines))
    assert command.verify(nowhere, file=file, key=key) == 1
    assert "at position 2 was altered" in capsys.readouterr().out


async def test_the_command_names_the_fault_and_fails(
    store: Store,
    signer: Signer,
    settings: Settings,
    database: Database,
    capsys: pytest.CaptureFixture[str],
):
    await write(store, 5)
    await place_all(store, signer)
    assert command.verify(settings, file=None, key=None) == 0
    assert "5 leaves under root" in capsys.readouterr().out
    forge(database, "delete from audit_leaf where position = 3")
    assert command.verify(settings, file=None, key=None) == 1
    out = capsys.readouterr().out
    assert "the leaf at position 3 was removed" in out
    assert "NOT INTACT" in out


@pytest.mark.parametrize("text", ["", "{}\n", "not json\n", '{"format": "nightbell audit 9"}\n'])
def test_a_file_that_is_no_export_is_refused_with_its_line(tmp_path: Path, text: str):
    file = tmp_path / "log.jsonl"
    file.write_text(text)
    with pytest.raises(evidence.ExportRefused) as told:
        evidence.from_file(file)
    assert told.value.facts["line"] == 1
