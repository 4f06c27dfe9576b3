"""What a leg hears: prompts that are never silence, and a mix of everybody but oneself."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightbell.edges.sip.mixer import Mixer, Seat, mixed
from nightbell.edges.sip.sound import SHIPPED, Library, Player, read_wav, write_wav
from nightbell.telephony.line import FRAME_BYTES, Backlog

SAMPLES = FRAME_BYTES // 2


def frame(level: int) -> bytes:
    return np.full(SAMPLES, level, np.int16).tobytes()


class Tape:
    """A line that says one level for ever and keeps what it hears."""

    def __init__(self, says: int | None) -> None:
        self.says = says
        self.heard: list[int] = []

    def pull(self) -> bytes | None:
        return None if self.says is None else frame(self.says)

    def push(self, frame: bytes) -> None:
        self.heard.append(int(np.frombuffer(frame, np.int16)[0]))


def mixer_of(**says: int | None) -> tuple[Mixer, dict[str, Tape]]:
    mixer = Mixer(lambda _leg, _number: None)
    tapes = {leg: Tape(level) for leg, level in says.items()}
    for leg, tape in tapes.items():
        seat = mixer.seats[leg] = Seat()
        seat.line, seat.room = tape, "room"
    return mixer, tapes


def test_three_in_a_room_each_hear_the_other_two():
    mixer, tapes = mixer_of(a=100, b=1000, c=10000)
    mixer.tick()
    assert {leg: tape.heard for leg, tape in tapes.items()} == {
        "a": [11000], "b": [10100], "c": [1100],
    }  # fmt: skip


def test_shouting_together_is_cut_off_and_does_not_wrap_round():
    mixer, tapes = mixer_of(a=30000, b=30000, c=None)
    mixer.tick()
    assert tapes["c"].heard == [32767]


def test_who_is_muted_hears_and_is_not_heard():
    mixer, tapes = mixer_of(a=100, b=1000)
    mixer.seats["a"].heard = False
    mixer.tick()
    assert tapes["a"].heard == [1000]
    assert abs(tapes["b"].heard[0]) < 60, "comfort noise"


def test_nobody_hears_another_room():
    mixer, tapes = mixer_of(a=100, b=1000, c=10000)
    mixer.seats["c"].room = "another"
    mixer.tick()
    assert tapes["a"].heard == [1000]
    assert tapes["b"].heard == [100]
    assert abs(tapes["c"].heard[0]) < 60


def test_a_greeting_waits_for_the_line():
    mixer, tapes = mixer_of(a=None)
    seat = mixer.seats["a"]
    seat.line, seat.player = None, Player(1, [frame(5), frame(6)], loop=False)
    mixer.tick()
    seat.line = tapes["a"]
    mixer.tick()
    assert tapes["a"].heard == [5]


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=20))
def test_a_mix_is_the_sum_or_as_loud_as_can_be(levels: list[int]):
    heard = mixed([frame(level) for level in levels])
    assert heard is not None
    assert np.frombuffer(heard, np.int16)[0] == max(-32768, min(32767, sum(levels)))


def test_the_last_prompt_repeats_and_the_first_does_not():
    player = Player(1, [frame(1), frame(2)], loop=True)
    levels = [np.frombuffer(player.frame() or b"", np.int16)[0] for _ in range(5)]
    assert levels == [1, 2, 2, 2, 2]


def test_a_prompt_that_does_not_repeat_ends():
    player = Player(1, [frame(1)], loop=False)
    assert [player.frame() is None for _ in range(3)] == [False, True, True]


@pytest.mark.parametrize(
    "name", ["say:no_such", "no_such", "/no/such.wav", "../../etc/passwd", "say:../x", ""]
)
def test_a_missing_prompt_is_a_neutral_voice_and_never_silence(tmp_path: Path, name: str):
    assert Library(tmp_path).sound(name) == read_wav(SHIPPED / "neutral_greeting.wav")


def test_a_practices_own_recording_is_heard_and_recorded_anew_heard_anew(tmp_path: Path):
    library = Library(tmp_path)
    write_wav(tmp_path / "mine.wav", frame(7))
    assert library.sound("mine") == frame(7)
    write_wav(tmp_path / "mine.wav", frame(8) * 2)
    assert library.sound("mine") == frame(8) * 2


def test_a_file_that_is_no_telephone_wav_is_not_played_as_noise(tmp_path: Path):
    (tmp_path / "mine.wav").write_bytes(b"RIFF rubbish")
    assert Library(tmp_path).sound("mine") == read_wav(SHIPPED / "neutral_greeting.wav")


def test_every_shipped_prompt_is_spoken_and_its_words_are_written_down():
    written = (SHIPPED / "words.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition(": ")[0] for line in written}
    assert names == {path.stem for path in SHIPPED.glob("*.wav")}
    for name in names:
        pcm = read_wav(SHIPPED / f"{name}.wav")
        assert pcm is not None, name
        loudest = int(np.abs(np.frombuffer(pcm, np.int16).astype(int)).max())
        assert 8000 < loudest <= 16000, name


@given(st.lists(st.integers(0, 7), max_size=200))
def test_a_backlog_never_grows_and_never_cuts_a_frame(arrivals: list[int]):
    """Whatever comes, however late: whole frames, and at most a tenth of a second behind."""
    backlog = Backlog()
    for count in arrivals:
        taken = backlog.take(frame(1) * count)
        assert taken is None or taken == frame(1)
        assert len(backlog) <= 5


def test_one_late_packet_is_a_gap_of_its_own_length_and_no_more():
    backlog = Backlog()
    arrivals = [2, 1, 1, 0, 0, 2, 1, 1]
    gaps = [backlog.take(frame(1) * count) is None for count in arrivals]
    assert gaps == [False, False, False, False, True, False, False, False]
