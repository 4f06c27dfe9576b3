"""Figures as the office and the floor see them, over the demonstration service."""

from datetime import timedelta
from pathlib import Path

import pytest

from nightbell.accounts import demonstration
from nightbell.reports import queries
from nightbell.reports.night import Night
from nightbell.run.seed import seed
from nightbell.sealing.passphrase import derive
from nightbell.store.work import SERVICE, Store
from tests.ground import Database
from tests.web import Browser, application, browser


async def _signed_in(who: Browser, store: Store, handle: str) -> None:
    async with store.work(SERVICE) as work:
        salt = await work.value("select salt from sign_in where handle = %s", (handle,))
    answer = await who.sign_in(handle, derive(demonstration.PASSPHRASE, salt).verifier)
    assert answer.status_code == 200


@pytest.mark.anyio
async def test_a_night_without_calls_shows_no_answer_time_rather_than_zero(
    database: Database, tmp_path: Path
) -> None:
    await seed(database.web, tmp_path)
    store = await Store(database.web).open()
    async with application(database, tmp_path) as app, browser(app) as olive, browser(app) as sam:
        await _signed_in(olive, store, "olive@demo")
        await _signed_in(sam, store, "sam@demo")
        account = (await olive.get("/api/me")).json()["accounts"][0]
        quiet = (await olive.get(f"/api/office/{account['account_id']}/last-night")).json()
        assert quiet["figures"]["calls"] == 0
        assert quiet["figures"]["answer_ms_p50"] is None
        assert quiet["waiting"] == quiet["handled"] == quiet["calls"] == []
        assert [one["role"] for one in quiet["tonight"]] == ["first call", "backup"]
        assert (await olive.get("/api/floor")).status_code == 403
        floor = (await sam.get("/api/floor")).json()
        assert floor["waiting"] == 0
        assert floor["answered_in_20_s_percent"] is None
        assert floor["parts"] == {"web": True, "database": True, "worker": False, "switch": False}
    await store.close()


@pytest.mark.anyio
async def test_everything_is_up_only_while_worker_and_switch_are_heard(
    database: Database, tmp_path: Path
) -> None:
    store = await Store(database.worker).open()
    async with application(database, tmp_path) as app, browser(app) as anybody:
        silent = await anybody.get("/healthz")
        assert silent.status_code == 503
        assert silent.json()["parts"] == {"database": True, "worker": False, "switch": False}
        async with store.work(SERVICE) as work:
            await work.run(
                "insert into beat (part, at) values ('worker', %s), ('switch', %s)",
                (work.at, work.at),
            )
        assert (await anybody.get("/healthz")).status_code == 200
        database.clock.forward(timedelta(seconds=6))
        assert (await anybody.get("/healthz")).status_code == 503
    await store.close()


@pytest.mark.anyio
async def test_a_caller_who_gave_up_is_counted_and_the_answer_is_timed_from_the_first_ring(
    database: Database, tmp_path: Path
) -> None:
    await seed(database.web, tmp_path)
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        account_id = await work.value(
            "select account_id from account where name = 'Riverside Cardiology'"
        )
        for minutes, answered_s in ((30, 9), (20, 31), (10, None)):
            await work.run(
                "insert into call (call_id, account_id, did, coverage, state, switch, epoch,"
                " leg_id, rang_at, answered_at, ended_at, owner_kind, due_at)"
                " select gen_random_uuid(), %s,"
                " '+12125550142', 'after_hours', 'ended', 's', 1, gen_random_uuid(), rang,"
                " rang + make_interval(secs => %s), floor_now(), 'desk', floor_now()"
                " from (select floor_now() - make_interval(mins => %s) as rang) as first_ring",
                (account_id, answered_s, minutes),
            )
        night = Night(work.at - timedelta(hours=1), work.at)
        counts = await queries.call_counts(work, account_id, night)
        assert (counts.calls, counts.answered, counts.abandoned) == (3, 2, 1)
        assert (counts.answer_ms_p50, counts.answer_ms_max) == (9000, 31000)
        floor = await queries.floor_counts(work)
        assert floor.answered_in_20_s_percent == 50.0
    await store.close()


@pytest.mark.anyio
async def test_the_time_to_a_clinician_is_of_the_pages_somebody_took(
    database: Database, tmp_path: Path
) -> None:
    await seed(database.web, tmp_path)
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        night = Night(work.at - timedelta(hours=1), work.at)
        account_id = await work.value(
            "select account_id from account where name = 'Riverside Cardiology'"
        )
        doctor = await work.value("select person_id from person where name = 'Dr Ada Okafor'")
        assert (await queries.page_counts(work, account_id, night)).accept_ms_p50 is None
        for minutes, taken_s in ((30, 90), (20, 240), (10, None)):
            held = ("open", None) if taken_s is None else ("held", doctor)
            await work.run(
                "with rang as (insert into call (call_id, account_id, did, coverage, state, switch,"
                " epoch, leg_id, rang_at, owner_kind, due_at) values (gen_random_uuid(), %s,"
                " '+12125550142', 'after_hours', 'ended', 's', 1, gen_random_uuid(), floor_now(),"
                " 'desk', floor_now()) returning call_id, account_id)"
                " insert into escalation (escalation_id, account_id, call_id, tier, policy, step,"
                " sent, due_at, state, held_by, held_at, made_at)"
                " select gen_random_uuid(), account_id, call_id, 'T2', '{}', 0, 1, floor_now(),"
                " %s, %s, made_at + make_interval(secs => %s), made_at from rang,"
                " (select floor_now() - make_interval(mins => %s) as made_at) as begun",
                (account_id, *held, taken_s, minutes),
            )
        counts = await queries.page_counts(work, account_id, night)
        assert (counts.paged, counts.accept_ms_p50) == (3, 90_000)
    await store.close()
