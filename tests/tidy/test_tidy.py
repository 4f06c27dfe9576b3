"""Reads the whole source against the house rules."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tidy import house

ROOT = Path(__file__).parents[2]
SHIPPED, PYTHON, SQL, ALL = r"nightbell/.*\.py", r".*\.py", r"nightbell/.*\.sql", r".*"
# Written by machines, or another's words: their lines are not ours to count.
NOT_OURS = re.compile(r"LICENSE|.*\.lock|.*/package-lock\.json|docs/openapi\.json|.*/schema\.d\.ts")

Rule = Callable[[str, str], Iterator[str]]
RULES: list[tuple[str, Rule]] = [
    (PYTHON, house.long_functions),
    (ALL, house.long_file),
    (PYTHON, house.drawer),
    (PYTHON, house.first_sentence),
    (SHIPPED, house.strange_clocks),
    (SHIPPED, house.sql_clocks_in_python),
    (SQL, house.sql_clocks),
    (SHIPPED, house.nameless_room),
    (SHIPPED, house.wordless_errors),
    (ALL, house.registry_addresses),
    (ALL, house.machine_paths),
    (ALL, house.reminders),
    (ALL, house.real_numbers),
]


@cache
def tracked() -> dict[str, str]:
    """Every file of ours that git knows or would add, with its text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    found: dict[str, str] = {}
    for name in filter(None, listed):
        file = ROOT / name
        if file.is_file() and not file.is_symlink():
            try:
                found[name] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # A sound or a picture.
    return found


def offences(pattern: str, rule: Rule) -> list[str]:
    # Registry addresses hide in lock files above all.
    everything = rule is house.registry_addresses
    return [
        offence
        for path, text in tracked().items()
        if re.fullmatch(pattern, path) and (everything or not NOT_OURS.fullmatch(path))
        for offence in rule(path, text)
    ]


@pytest.mark.parametrize(("pattern", "rule"), RULES, ids=[rule.__name__ for _, rule in RULES])
def test_the_house_is_tidy(pattern: str, rule: Rule):
    assert offences(pattern, rule) == []


def test_every_setting_is_documented_and_every_documented_one_is_used():
    used = {
        name
        for path, text in tracked().items()
        if re.fullmatch(r"nightbell/.*\.py|dev\.py", path)
        for name in re.findall(r"\b(?:NIGHTBELL_[A-Z_]+[A-Z]|DATABASE_URL)\b", text)
    }
    told = set(re.findall(r"^\| `(\w+)`", tracked()["docs/settings.md"], re.MULTILINE))
    assert used == told


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        # A worker that has just been killed must be back before anybody notices.
        ("nightbell.run.worker", {"fastapi", "uvicorn", "sqlalchemy", "alembic", "baresip"}),
        # The switch owns no truth and must not be slowed by who does.
        ("nightbell.run.switch", {"fastapi", "uvicorn", "psycopg", "sqlalchemy", "pydantic"}),
        # The tool picks a process; what that one does not need must not slow its start.
        ("nightbell.run.cli", {"fastapi", "psycopg", "sqlalchemy", "cryptography"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, forbidden: set[str]):
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(loaded.stdout.split()) & forbidden == set()
