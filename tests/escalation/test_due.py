"""Timers: found by the index, moved once by many workers, alive after kill -9, racing a doctor."""

import asyncio
import multiprocessing
import os
import signal
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from nightbell.calls.rows import find_leg
from nightbell.core.errors import Stale
from nightbell.core.ids import new_id
from nightbell.core.tier import Tier
from nightbell.escalation import alarm, queries
from nightbell.escalation import commands as escalation
from nightbell.escalation.policy import Escalation, Moved
from nightbell.escalation.policy import Event as PolicyEvent
from nightbell.paging import queries as paging_queries
from nightbell.store.work import SERVICE, Store
from nightbell.telephony.port import Event, Kind
from tests.escalation.floor import TEN_PM, Night

pytestmark = pytest.mark.anyio


async def many(night: Night, count: int) -> None:
    """So many calls, each with an escalation that has waited long enough."""
    await night.sql(
        "insert into call (call_id, account_id, did, coverage, state, switch, epoch, leg_id,"
        " rang_at) select md5(n::text)::uuid, %(account)s, '', 'open', 'talking', '', 1,"
        " md5('leg' || n)::uuid, floor_now() from generate_series(1, %(count)s) n",
        {"account": night.account, "count": count},
    )
    await night.sql(
        "insert into escalation (escalation_id, account_id, call_id, tier, policy, step, sent,"
        " state, due_at, made_at) select md5('e' || n)::uuid, %(account)s, md5(n::text)::uuid,"
        " 'T2', %(policy)s, 0, 1, 'open', floor_now() + (n - %(due)s) * interval '1 second',"
        " floor_now() from generate_series(1, %(count)s) n",
        {
            "account": night.account,
            "count": count,
            "due": count // 2,
            "policy": '{"schema": 1, "untaken_s": 60, "steps":'
            ' [{"role": "backup", "pages": 5, "wait_s": 300}]}',
        },
    )


async def test_a_claim_is_served_by_its_index(night: Night):
    """With a volatile clock it would read every pending row, each time."""
    await many(night, 2000)
    await night.sql("analyze escalation")
    async with night.store.work(SERVICE) as work:
        rows = await work.dicts(f"explain {queries.DUE}", (100,))
    plan = "\n".join(str(row["QUERY PLAN"]) for row in rows)
    assert "Index Scan using escalation_due_index" in plan
    assert "Index Cond: (due_at <= floor_now())" in plan.replace("'", "")


async def test_two_workers_move_each_escalation_once(night: Night):
    await many(night, 600)
    other = await Store(night.database.worker).open()
    moved = 0
    while batch := sum(await asyncio.gather(alarm.end_due(night.store), alarm.end_due(other))):
        moved += batch
    await other.close()
    assert moved == 300
    async with night.store.work(SERVICE) as work:
        assert (
            await work.value("select count(*) from outbox where topic = 'escalation.page'") == 300
        )
        assert await work.value("select count(*) from audit_leaf") == 300


async def test_one_that_cannot_be_moved_goes_to_a_person_and_holds_up_nobody(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    await many(night, 20)
    broken = UUID(await _hashed(night, "e3"))
    true_advance = escalation.advance

    def advance(one: object, event: object, *, at: object) -> object:
        if getattr(one, "wake_at", None) == TEN_PM - timedelta(seconds=7):  # the third
            raise KeyError  # A fault of ours that no room foresaw.
        return true_advance(one, event, at=at)  # type: ignore[arg-type]

    monkeypatch.setattr(escalation, "advance", advance)
    assert await alarm.end_due(night.store) == 10
    async with night.store.work(SERVICE) as work:
        told = await work.dicts("select payload from outbox where topic = 'escalation.supervisor'")
        left = await work.value(
            "select count(*) from escalation where due_at <= floor_now() and state = 'open'"
        )
    assert [one["payload"]["escalation"] for one in told] == [f"escalation_{broken.hex}"]
    assert left == 0


async def test_the_alarm_sleeps_to_the_instant_and_wakes_for_a_new_one(night: Night):
    night.clock.run()
    begun = await night.begin()
    await night.sql(
        "update escalation set due_at = floor_now() + interval '0.3 s' where escalation_id = %s",
        (begun,),
    )
    ringing = asyncio.create_task(alarm.ring_when_due(night.store, asyncio.Event()))
    for _ in range(40):
        await asyncio.sleep(0.05)
        if (await night.state(begun))["step"] == 1:
            break
    ringing.cancel()
    async with night.store.work(SERVICE) as work:
        late = await work.value(
            "select a.at - (select min(at) from audit_leaf where act = 'escalation.begun')"
            " from audit_leaf a where a.act = 'escalation.moved_on'"
        )
    assert (await night.state(begun))["step"] == 1
    assert late < timedelta(seconds=3)


def _claim_and_die(url: str) -> None:
    async def claim() -> None:
        store = await Store(url).open()
        async with store.work(SERVICE) as work:
            await escalation.end_waits(work, at=work.at)
            os.kill(os.getpid(), signal.SIGKILL)  # Moved, ordered, recorded; not committed.

    asyncio.run(claim())


async def test_a_worker_killed_between_claim_and_commit_loses_and_doubles_nothing(night: Night):
    begun = await night.begin()
    night.clock.forward(timedelta(minutes=5))
    worker = multiprocessing.get_context("spawn").Process(
        target=_claim_and_die, args=(night.database.worker,)
    )
    worker.start()
    await asyncio.to_thread(worker.join, 30)
    assert worker.exitcode == -signal.SIGKILL
    assert (await night.state(begun))["step"] == 0
    for _ in range(100):  # The server notices the dead connection and lets the row go.
        if await alarm.end_due(night.store):
            break
        await asyncio.sleep(0.05)
    await night.settle()
    assert await alarm.end_due(night.store) == 0
    assert [who for who, channel, _ in await night.pages(begun) if channel == "phone"] == [
        "okafor",
        "sharma",
    ]


async def _hashed(night: Night, text: str) -> str:
    async with night.store.work(SERVICE) as work:
        return await work.value("select md5(%s)", (text,))


RACES = 60


async def test_accepted_at_the_last_millisecond(night: Night):
    """By screen, by key and by timeout at once: never both, never neither, and one holder."""
    stores = [night.store, *[await Store(night.database.worker).open() for _ in range(3)]]
    in_time = 0
    for race in range(RACES):
        begun = await night.begin(Tier.T2)
        app, phone = await night.all_pages(begun)
        await night.line(phone, Kind.LEG_ANSWERED)
        night.clock.forward(timedelta(minutes=5))
        await _race(night, stores, race, app.page_id, phone.page_id)
        await night.settle()
        state, pages = await night.state(begun), await night.pages(begun)
        woken = [page for page in pages if page[0] == "sharma"]
        # Never neither: she has it. Never both: what she took in time woke nobody.
        assert (state["state"], state["held_by"]) == ("held", night.people["okafor"])
        assert sum(1 for _, _, page in pages if page == "accepted") == 1
        assert all(page in ("withdrawn", "accepted", "failed") for _, _, page in pages)
        if state["step"] == 0:
            assert not woken
        in_time += state["step"] == 0
    for store in stores[1:]:
        await store.close()
    assert 0 < in_time < RACES  # Both sides won races, or this was no race.


async def _race(night: Night, stores: list[Store], race: int, app: UUID, phone: UUID) -> None:
    async def by_screen() -> None:
        async with stores[0].work(SERVICE) as work:
            await escalation.accept(work, app, by=night.people["okafor"], how="app")

    async def by_key() -> None:
        async with stores[1].work(SERVICE) as work:
            page = await paging_queries.page(work, phone)
            assert page.leg_id is not None
            leg = await find_leg(work, page.leg_id)
            assert leg is not None
            facts = {"leg": page.leg_id.hex, "digit": "1"}
            event = Event("switch", 1, race, Kind.GATE_PASSED, work.at, facts)
            await escalation.heard(work, event, leg)

    async def by_timeout(store: Store) -> None:
        await alarm.end_due(store)

    racers = [by_screen(), by_key(), by_timeout(stores[2]), by_timeout(stores[3])]
    order = racers[race % 4 :] + racers[: race % 4]
    await asyncio.gather(*order)


async def test_screens_of_many_people_pressing_at_once_have_one_holder(night: Night):
    begun = await night.begin()
    await night.minutes_pass(5)
    pages = [page for page in await night.all_pages(begun) if page.channel == "app"]

    async def press(number: int) -> str:
        page = pages[number % len(pages)]
        assert page.person_id is not None
        try:
            async with night.store.work(SERVICE) as work:
                await escalation.accept(work, page.page_id, by=page.person_id, how="app")
        except Stale:
            return "stale"
        return page.person_id.hex

    answers = await asyncio.gather(*(press(number) for number in range(24)))
    assert answers.count("stale") == 12
    assert len(set(answers)) == 2
    await night.settle()
    assert len(night.taken) == 1


@pytest.mark.parametrize("held_by", [None, "okafor"])
async def test_the_database_itself_refuses_an_escalation_that_could_be_forgotten(
    night: Night, held_by: str | None
):
    begun = await night.begin()
    person = night.people[held_by] if held_by else None
    with pytest.raises(psycopg.errors.CheckViolation):
        await night.sql(
            "update escalation set due_at = null, held_by = %s where escalation_id = %s",
            (person, begun),
        )


async def test_a_leftover_id_is_not_an_escalation(night: Night):
    async with night.store.work(SERVICE) as work:
        assert await escalation.attach(work, new_id(), new_id()) is None


async def test_one_that_not_even_the_supervisor_can_be_given_holds_back_no_other(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    await many(night, 4)  # Two are due.
    rules = escalation.advance
    seen = list[object]()

    def advance(one: Escalation, event: PolicyEvent, *, at: datetime) -> Moved:
        seen.append(one)
        if len(seen) <= 2:  # The batch, and then the first of it alone.
            raise ValueError
        return rules(one, event, at=at)

    async def nobody(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(escalation, "advance", advance)
    monkeypatch.setattr(alarm, "give_to_supervisor", nobody)
    assert await alarm.end_due(night.store) == 2
    async with night.store.work(SERVICE) as work:
        moved = await work.dicts("select sent from escalation order by sent")
    assert [row["sent"] for row in moved] != [1, 1]


async def test_given_to_the_supervisor_twice_the_telephones_do_not_fall_silent(night: Night):
    await many(night, 1)
    async with night.store.work(SERVICE) as work:
        escalation_id = await work.value("select escalation_id from escalation")
        await work.run("update escalation set step = 8, sent = 4")
        await escalation.give_to_supervisor(work, escalation_id)
        # Told four times before: the next telling is the fifth, whose key nobody has used.
        assert await work.value("select sent from escalation") == 4
