"""Overrides by several hands at once."""

import asyncio
from datetime import timedelta

import pytest

from nightbell.core.ids import AccountId, PersonId
from nightbell.oncall.planning import (
    OverrideRefused,
    OverrideTaken,
    add_override,
    keep_rotas,
    overrides,
)
from nightbell.store.work import SERVICE, Store, Work
from tests.ground import Database
from tests.practice import make_account, make_person

HOURS = timedelta(hours=8)


@pytest.mark.anyio
async def test_eight_people_override_one_shift_and_exactly_one_has_it(database: Database) -> None:
    store = await Store(database.web, connections=8).open()
    async with store.work(SERVICE) as work:
        account_id = await make_account(work)
        clinicians = [
            await make_person(work, f"Dr {n}", "clinician", account_id=account_id) for n in range(8)
        ]
        await keep_rotas(work, account_id, "America/New_York", ["first call"], [])

    async def take(person_id: PersonId) -> str:
        try:
            async with store.work(SERVICE) as work:
                await _override(work, account_id, person_id)
            return "kept"
        except OverrideTaken:
            return "told why"

    told = await asyncio.gather(*(take(one) for one in clinicians))
    assert sorted(told) == ["kept"] + ["told why"] * 7
    async with store.work(SERVICE) as work:
        assert len(await overrides(work, account_id)) == 1
    await store.close()


@pytest.mark.anyio
async def test_somebody_of_another_practice_cannot_be_put_on_call(database: Database) -> None:
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        account_id = await make_account(work)
        stranger = await make_person(work, "Dr Elsewhere", "agent")
        await keep_rotas(work, account_id, "America/New_York", ["first call"], [])
        with pytest.raises(OverrideRefused):
            await _override(work, account_id, stranger)
    await store.close()


async def _override(work: Work, account_id: AccountId, person_id: PersonId) -> None:
    await add_override(
        work,
        account_id,
        role="first call",
        person_id=person_id,
        starts_at=work.at,
        ends_at=work.at + HOURS,
        reason="swap",
        made_by=person_id,
    )
