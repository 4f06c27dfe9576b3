"""The demonstration service, made once, whole."""

from pathlib import Path

import pytest

from nightbell.access.verifier import matches
from nightbell.accounts import demonstration, queries
from nightbell.accounts.account import Account
from nightbell.oncall.gaps import gaps
from nightbell.oncall.queries import on_call, reach
from nightbell.oncall.resolve import holder
from nightbell.run.seed import seed
from nightbell.sealing.keys import open_share, recipient_of
from nightbell.sealing.passphrase import derive, unwrap
from nightbell.sealing.queries import keys_ready
from nightbell.store.work import SERVICE, Store, Work
from tests.ground import Database


@pytest.mark.anyio
async def test_a_newcomer_finds_a_service_that_could_answer_tonight(
    database: Database, tmp_path: Path
) -> None:
    assert await seed(database.web, tmp_path)
    assert not await seed(database.web, tmp_path), "made twice"
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        found = await queries.accounts(work)
        assert [one.name for one in found] == ["Elm Pediatrics", "Riverside Cardiology"]
        for one in found:
            assert await keys_ready(work, one.account_id)
            assert await _said_missing(work, one) == []
        await _passphrase_opens_the_desk(work)
    await store.close()
    for key in ("riverside", "elm"):
        path = tmp_path / "demo" / f"{key}-recovery-key.txt"
        assert path.stat().st_mode & 0o077 == 0
        assert recipient_of(path.read_text().strip()).startswith("age1")


async def _said_missing(work: Work, one: Account) -> list[str]:
    oncall = await on_call(work, one.account_id)
    assert holder(oncall, "first call", work.at) is not None
    everyone = {each for rotation in oncall.rotations for each in rotation.people}
    people = await reach(work, everyone)
    return gaps(oncall, people, at=work.at, zone=one.time_zone, called=["first call", "backup"])


async def _passphrase_opens_the_desk(work: Work) -> None:
    row = (
        await work.dicts(
            "select s.*, k.closed from sign_in s join key_share k using (person_id)"
            " where s.handle = 'dana@demo'"
        )
    )[0]
    derived = derive(demonstration.PASSPHRASE, row["salt"])
    assert matches(row["verifier_hash"], derived.verifier)
    keys = unwrap(row["wrapped_key"], derived.kek)
    desk = open_share(row["closed"], keys.age_secret)
    assert desk.age_recipient == await work.value(
        "select age_recipient from key_entry where holder = 'desk'"
    )
