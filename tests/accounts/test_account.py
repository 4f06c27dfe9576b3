"""Practices as an administrator edits them."""

import io
import math
import wave
from dataclasses import replace
from datetime import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.accounts import commands, queries
from nightbell.accounts.account import (
    DidTaken,
    HoursRefused,
    OpenHours,
    TimeZoneRefused,
    check_hours,
    check_zone,
)
from nightbell.accounts.missing import missing
from nightbell.accounts.recording import RATE, RecordingRefused, keep
from nightbell.core.ids import AccountId, new_id
from nightbell.store.work import SERVICE, Scope, Store
from tests.ground import Database
from tests.practice import RIVERSIDE_DID, make_account, riverside

minutes = st.integers(0, 24 * 60 - 1).map(lambda one: time(one // 60, one % 60))
any_hours = st.builds(OpenHours, st.integers(0, 6), minutes, minutes)


@given(st.lists(any_hours, max_size=12))
def test_hours_kept_never_overlap(hours: list[OpenHours]) -> None:
    try:
        kept = check_hours(hours)
    except HoursRefused:
        return
    for minute in range(0, 24 * 60, 30):
        at = time(minute // 60, minute % 60)
        for day in range(7):
            open_then = [
                one for one in kept if one.weekday == day and one.opens_at <= at < one.closes_at
            ]
            assert len(open_then) <= 1


def test_a_lunch_break_is_two_stretches_of_one_day() -> None:
    morning, evening = OpenHours(0, time(8), time(12)), OpenHours(0, time(13), time(17))
    assert check_hours([evening, morning]) == [morning, evening]


def test_a_zone_is_a_place() -> None:
    with pytest.raises(TimeZoneRefused):
        check_zone("Eastern")
    assert check_zone("America/New_York") == "America/New_York"


def test_everything_missing_is_said_and_nothing_when_whole() -> None:
    one = riverside(AccountId(new_id())).account
    bare = missing(one, has_did=False, has_hours=False, has_greeting=False, keys_ready=False)
    assert len(bare) == 4
    assert not missing(one, has_did=True, has_hours=True, has_greeting=True, keys_ready=True)


def _tone(rate: int, hertz: float, seconds: float, channels: int = 1) -> bytes:
    wave_of = np.sin(2 * math.pi * hertz * np.arange(int(rate * seconds)) / rate) * 12000
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(wave_of.astype("<i2"), channels).tobytes())
    return out.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44100, 2), (48000, 1)])
def test_a_greeting_recorded_in_a_browser_is_kept_as_the_telephone_plays_it(
    tmp_path: Path, rate: int, channels: int
) -> None:
    assert keep(tmp_path, "our_greeting", _tone(rate, 440, 1.5, channels)) == pytest.approx(1.5)
    with wave.open(str(tmp_path / "our_greeting.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        samples = np.frombuffer(file.readframes(RATE), dtype="<i2")
    loudest = int(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples)
    assert loudest == pytest.approx(440, abs=2)


@pytest.mark.parametrize("body", [b"", b"not a recording", _tone(8000, 440, 61)])
def test_a_recording_that_cannot_be_one_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(RecordingRefused):
        keep(tmp_path, "greeting", body)
    with pytest.raises(RecordingRefused):
        keep(tmp_path, "../greeting", _tone(8000, 440, 1))
    assert not list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_the_dialled_number_picks_the_account_and_no_number_picks_two(
    database: Database,
) -> None:
    store = await Store(database.web).open()
    async with store.work(SERVICE) as work:
        account_id = await make_account(work)
        assert await queries.account_by_did(work, "+12125550199") is None
        found = await queries.account_by_did(work, RIVERSIDE_DID)
        assert found is not None
        assert found.account_id == account_id
        assert found.phrase_for("Dana Reyes").endswith("this is Dana.")
    elm = riverside(AccountId(new_id()))
    elm = replace(elm, account=replace(elm.account, name="Elm Pediatrics"))
    async with store.work(SERVICE) as work:
        with pytest.raises(DidTaken):
            await commands.keep(work, elm)
    async with store.work(Scope("person_x", accounts=frozenset())) as work:
        assert await queries.accounts(work) == []
    await store.close()
