"""How a measurement is named, run and printed."""

import json
import sys
from types import ModuleType

import pytest

from bench import __main__ as bench

ROW = {"metric": "late_ms_p99", "value": 8.25, "unit": "ms", "floor": 4.0, "ratio": 2.0625}


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("bench.pretend")
    module.__dict__["rows"] = lambda: [
        {**ROW, "goal": "at most 100"},
        {"metric": "x", "value": 28143.7},
    ]
    monkeypatch.setitem(sys.modules, "bench.pretend", module)
    monkeypatch.setattr(bench, "names", lambda: ["pretend"])


def test_only_files_that_measure_are_offered():
    assert "timers" in bench.names()
    assert not {"cluster", "soak", "__main__", "__init__"} & set(bench.names())


@pytest.mark.usefixtures("pretend")
def test_json_is_one_object_with_the_machine_and_the_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["bench", "pretend", "--json"])
    assert bench.main() == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"bench", "machine", "rows"}
    assert told["bench"] == "pretend"
    assert told["machine"]["cores"] > 0
    assert told["rows"][0] == {**ROW, "goal": "at most 100"}


@pytest.mark.usefixtures("pretend")
def test_a_table_shows_a_dash_where_nothing_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["bench", "pretend"])
    assert bench.main() == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["metric", "value", "unit", "floor", "ratio", "goal"]
    assert lines[1][:5] == ["late_ms_p99", "8.25", "ms", "4", "2.06"]
    assert lines[2] == ["x", "28,144", "–", "–", "–", "–"]


@pytest.mark.usefixtures("pretend")
def test_a_measurement_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["bench", "nothing"])
    with pytest.raises(SystemExit):
        bench.main()
    assert "pretend" in capsys.readouterr().err
