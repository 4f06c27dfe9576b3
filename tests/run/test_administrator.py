"""A real service begins with one person and no database prompt."""

from collections.abc import Iterator

import pytest

from nightbell.accounts import answering_service
from nightbell.core.phone import PhoneRefused
from nightbell.run.administrator import AlreadyFounded, ask, found
from nightbell.run.founding import enrol
from nightbell.store.work import SERVICE, Store
from tests.ground import Database

TYPED = ["Night Line", "212 555 0100", "Robin Ashe", "(212) 555-0190", "robin@night.example"]


def answering(words: list[str]) -> Iterator[str]:
    yield from words


@pytest.mark.anyio
async def test_the_first_administrator_founds_the_service_once(database: Database) -> None:
    typed = answering(TYPED)
    answers = ask(lambda _: next(typed))
    enrolment = enrol("a long enough passphrase")
    await found(database.web, answers, enrolment)
    with pytest.raises(AlreadyFounded):
        await found(database.web, answers, enrolment)
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        service = await answering_service.service(work)
        assert (service.name, service.is_demo) == ("Night Line", False)
        assert list(service.emergency_numbers) == ["+12125550190"]
        assert await answering_service.numbers_of_nobody(work) == []
        assert await work.value("select count(*) from key_share") == 1
        await work.run("update contact_method set verified_at = null")
        assert await answering_service.numbers_of_nobody(work) == ["+12125550190"]
    await store.close()


def test_a_number_that_is_none_stops_before_anything_is_kept() -> None:
    typed = answering(["Night Line", "call us"])
    with pytest.raises(PhoneRefused):
        ask(lambda _: next(typed))
