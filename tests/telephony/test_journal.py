"""The event journal: what was told survives the teller."""

import asyncio
from pathlib import Path

from nightbell.edges.sip.journal import Journal
from nightbell.telephony.port import BEGINNING, Kind

FACTS = {"leg": "a" * 32}


def test_killed_in_the_middle_and_everything_is_there_again(tmp_path: Path):
    first = Journal(tmp_path)
    first.write(Kind.LEG_OFFERED, FACTS)
    first.write(Kind.LEG_ANSWERED, FACTS)
    told = first.after(BEGINNING)
    # Not closed: as after `kill -9`.
    second = Journal(tmp_path)
    second.write(Kind.SWITCH_STARTED, {})
    assert second.after(BEGINNING)[:2] == told
    assert [(one.epoch, one.seq) for one in second.after(BEGINNING)] == [(1, 1), (1, 2), (2, 1)]
    assert second.switch == first.switch
    first.close()
    second.close()


def test_what_is_kept_elsewhere_is_forgotten_here_even_over_a_restart(tmp_path: Path):
    first = Journal(tmp_path)
    for _ in range(3):
        first.write(Kind.LEG_OFFERED, FACTS)
    first.acknowledge((1, 2))
    assert [one.seq for one in first.after(BEGINNING)] == [3]
    first.close()
    second = Journal(tmp_path)
    assert [(one.epoch, one.seq) for one in second.after(BEGINNING)] == [(1, 3)]
    second.acknowledge((1, 3))
    assert not (tmp_path / "events-00000001.jsonl").exists()
    second.close()


def test_an_old_acknowledgement_brings_nothing_back(tmp_path: Path):
    journal = Journal(tmp_path)
    for _ in range(3):
        journal.write(Kind.LEG_OFFERED, FACTS)
    journal.acknowledge((1, 3))
    journal.acknowledge((1, 1))
    assert journal.after(BEGINNING) == []
    journal.close()


def test_the_power_failed_in_the_middle_of_a_line_and_the_others_are_kept(tmp_path: Path):
    first = Journal(tmp_path)
    first.write(Kind.LEG_OFFERED, FACTS)
    first.close()
    with (tmp_path / "events-00000001.jsonl").open("a") as file:
        file.write('{"switch": "x", "epo')
    second = Journal(tmp_path)
    assert [one.kind for one in second.after(BEGINNING)] == [Kind.LEG_OFFERED]
    second.close()


def test_a_full_disk_silences_the_journal_and_not_the_calls(tmp_path: Path):
    journal = Journal(tmp_path)
    journal._file.close()  # pyright: ignore[reportPrivateUsage]
    journal._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115 # pyright: ignore
    journal.write(Kind.LEG_OFFERED, FACTS)
    assert [one.kind for one in journal.after(BEGINNING)] == [Kind.LEG_OFFERED]
    journal.close()


def test_a_dial_is_remembered_by_the_next_epoch_and_its_own_repeats_are_not_refused(
    tmp_path: Path,
):
    first = Journal(tmp_path)
    first.note_dial("order")
    assert not first.was_dialled_before("order")
    first.close()
    second = Journal(tmp_path)
    assert second.was_dialled_before("order")
    second.close()


def test_a_listener_is_woken(tmp_path: Path):
    async def story() -> None:
        journal = Journal(tmp_path)
        news = asyncio.Event()
        journal.watch(news)
        journal.write(Kind.LEG_OFFERED, FACTS)
        await asyncio.wait_for(news.wait(), 1)
        journal.close()

    asyncio.run(story())
