"""A finished message, from the agent's browser to whoever has it, on a real database."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from nightbell.calls.call import NotYourCall
from nightbell.core.errors import NotFound
from nightbell.core.ids import PersonId, new_id, wire
from nightbell.escalation.filed import message_filed
from nightbell.messages import commands, queries
from nightbell.messages.accepted import escalation_taken
from nightbell.messages.commands import IdTaken, OneOfAKind
from nightbell.messages.message import HoldRefused, Message, MessageTaken
from nightbell.sealing import envelope
from nightbell.sealing.directory import KeysMissing, NoPractice, WrongRecipients
from nightbell.sealing.envelope import NotSealed
from nightbell.sealing.keys import close_to
from nightbell.store.outbox import Order
from nightbell.store.work import SERVICE
from tests.floor import (
    DANA,
    ELM,
    LINDT,
    NINE_PM,
    OKAFOR,
    OLIVE,
    RIVERSIDE,
    SAM,
    Floor,
    floor,
    minutes,
)
from tests.ground import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def night(database: Database, tmp_path: Path) -> AsyncGenerator[Floor]:
    async with floor(database, tmp_path) as one:
        yield one


async def file(night: Floor, finished: commands.Finished, *, by: str = DANA) -> Message:
    async with night.store.work(night.scope(by)) as work:
        return await commands.file(work, night.vault, finished, PersonId(night.id_of(by)))


def orders(night: Floor, topic: str) -> list[Order]:
    rows = night.cast.sql(
        "select outbox_id, topic, key, payload, tries from outbox where topic = %s order by 1",
        topic,
    )
    return [Order(*row) for row in rows]  # type: ignore[arg-type]


async def test_a_page_begins_an_escalation_that_has_its_message(night: Floor):
    filed = await file(night, await night.finished(night.call()))
    assert (filed.state, filed.due_at) == ("paging", NINE_PM + minutes(30))
    async with night.store.work(SERVICE) as work:
        await message_filed(work, orders(night, "message.filed"))
        await message_filed(work, orders(night, "message.filed"))
    assert night.cast.sql("select message_id, tier, state from escalation") == [
        (filed.message_id, "T3", "open")
    ]
    assert night.cast.sql("select disposition from call") == [("page",)]


async def test_asked_twice_it_is_kept_once(night: Floor):
    finished = await night.finished(night.call())
    first, again = await asyncio.gather(file(night, finished), file(night, finished))
    assert first == again
    assert night.cast.sql("select count(*) from message") == [(1,)]
    assert len(orders(night, "message.filed")) == 1
    assert night.cast.sql("select count(*) from audit_leaf where act = 'message.filed'") == [(1,)]


async def test_another_message_cannot_wear_its_id(night: Floor):
    finished = await night.finished(night.call())
    await file(night, finished)
    other = replace(await night.finished(night.call()), message_id=finished.message_id)
    with pytest.raises(IdTaken):
        await file(night, other)


async def test_a_refill_waits_for_the_office_until_its_limit(night: Floor):
    held = await file(
        night, await night.finished(night.call(), call_type="refill", disposition="hold_for_office")
    )
    assert held.due_at == NINE_PM.replace(hour=16)  # 8:00 in New York, and four open hours
    async with night.store.work(SERVICE) as work:
        await message_filed(work, orders(night, "message.filed"))
    assert night.cast.sql("select count(*) from escalation") == [(0,)]


async def test_a_caller_whose_answers_page_is_never_held(night: Floor):
    finished = await night.finished(
        night.call(tier="T2"), call_type="refill", disposition="hold_for_office"
    )
    with pytest.raises(HoldRefused):
        await file(night, finished)
    assert night.cast.sql("select count(*) from message") == [(0,)]


async def test_two_of_a_kind_on_one_call_are_refused_in_words(night: Floor):
    call_id = night.call()
    await file(night, await night.finished(call_id))
    with pytest.raises(OneOfAKind):
        await file(night, await night.finished(call_id))
    await file(night, await night.finished(call_id, call_type="refill", disposition="page"))


async def test_nobody_files_for_anothers_call(night: Floor):
    with pytest.raises(NotYourCall):
        await file(night, await night.finished(night.call(), by=SAM), by=SAM)


async def test_a_forgotten_recipient_is_refused(night: Floor):
    finished = await night.finished(night.call())
    with pytest.raises(WrongRecipients):
        await file(night, replace(finished, recipients=finished.recipients[:-1]))


async def test_words_sealed_for_fewer_than_promised_are_refused(night: Floor):
    finished = await night.finished(night.call())
    one_reader = close_to(b"words", [night.desk.age_recipient])
    for sealed in (one_reader, b"in the clear", b""):
        with pytest.raises(NotSealed):
            await file(night, replace(finished, sealed=sealed))


async def test_a_message_for_anothers_practice_is_refused(night: Floor):
    finished = await night.finished(night.call(of=ELM), of=RIVERSIDE)
    with pytest.raises(WrongRecipients):
        await file(night, finished)


async def test_a_practice_without_keys_is_told_so(database: Database, tmp_path: Path):
    async with floor(database, tmp_path) as night:
        night.cast.sql("update key_entry set retired_at = floor_now() where holder = 'recovery'")
        with pytest.raises(KeysMissing):
            await file(night, await night.finished(night.call()))


async def test_another_practices_clinician_cannot_see_it(night: Floor):
    filed = await file(night, await night.finished(night.call()))
    async with night.store.work(night.scope(LINDT)) as work:
        with pytest.raises(NotFound):
            await commands.read(work, filed.message_id, PersonId(night.id_of(LINDT)))
        assert await queries.open_ones(work) == []
    async with night.store.work(night.scope(OKAFOR)) as work:
        assert await queries.open_ones(work) == [filed]


async def test_accepting_the_page_makes_it_hers(night: Floor):
    filed = await file(night, await night.finished(night.call()))
    told = {
        "message": wire("message", filed.message_id),
        "person": wire("person", night.id_of(OKAFOR)),
    }
    taken = Order(1, "escalation.taken", "k", told, 0)
    for _ in range(2):
        async with night.store.work(SERVICE) as work:
            await escalation_taken(work, [taken])
    async with night.store.work(SERVICE) as work:
        hers = await queries.message(work, filed.message_id)
        facts = await queries.facts(work, [filed.message_id])
    assert (hers.state, hers.owner_id) == ("taken", night.id_of(OKAFOR))
    assert [fact.kind for fact in facts] == ["taken", "accepted"]


async def test_an_acceptance_before_the_message_is_finished_waits_for_it(night: Floor):
    early = Order(
        1, "escalation.taken", "k", {"message": None, "person": wire("person", new_id())}, 0
    )
    async with night.store.work(SERVICE) as work:
        await escalation_taken(work, [early])


async def test_twenty_office_browsers_one_owner(night: Floor):
    filed = await file(
        night, await night.finished(night.call(), call_type="refill", disposition="hold_for_office")
    )

    async def one(name: str) -> str:
        try:
            async with night.store.work(night.scope(name)) as work:
                await commands.take(work, filed.message_id, PersonId(night.id_of(name)))
            return name
        except MessageTaken:
            return ""

    got = await asyncio.gather(*(one(name) for name in [OLIVE, OKAFOR] * 10))
    assert len({name for name in got if name}) == 1
    assert len([name for name in got if name]) == 10


async def test_read_is_said_once_and_accepts_nothing(night: Floor):
    filed = await file(night, await night.finished(night.call()))
    for _ in range(3):
        async with night.store.work(night.scope(OKAFOR)) as work:
            await commands.read(work, filed.message_id, PersonId(night.id_of(OKAFOR)))
    async with night.store.work(SERVICE) as work:
        assert (await queries.message(work, filed.message_id)) == filed
        kinds = [one.kind for one in await queries.facts(work, [filed.message_id])]
    assert kinds == ["taken", "read"]


async def test_every_reader_opens_what_the_database_gives_back(night: Floor):
    filed = await file(night, await night.finished(night.call()))
    async with night.store.work(night.scope(OKAFOR)) as work:
        kept = (await queries.envelopes(work, [filed.message_id]))[filed.message_id]
    signer = envelope.Signer(
        wire("key", night.key_ids[DANA]), wire("person", night.id_of(DANA)),
        night.keys[DANA].sign_public, NINE_PM,
    )  # fmt: skip
    expected = envelope.Expected(
        wire("message", filed.message_id), wire("account", filed.account_id)
    )
    practice = night.practices[RIVERSIDE]
    for secret in (
        night.keys[OKAFOR].age_secret, night.desk.age_secret, practice.inbox.age_secret,
        practice.recovery.age_secret,
    ):  # fmt: skip
        words = envelope.unseal(kept.sealed, [secret], [signer], expected)
        assert words.body["patient"] == "Luis Ruiz"


async def test_unknown_numbers_have_no_practice_to_seal_for(night: Floor):
    call_id = night.call()
    night.cast.sql("update call set account_id = null where call_id = %s", call_id)
    with pytest.raises(NoPractice):
        await file(night, await night.finished(call_id))
