"""Each house rule finds the offence it is for, and lets the honest case pass."""

import pytest

from tests.tidy import house
from tests.tidy.test_tidy import RULES, Rule

LONG = "def f():\n" + "    x = 1\n" * 70
PLANTED: list[tuple[Rule, str, str, str]] = [
    # rule, path, an offence, the same thing done well
    (house.long_functions, "a.py", LONG, "def f():\n" + "    x = 1\n" * 69),
    (house.long_file, "a.ts", "x\n" * 501, "x\n" * 500),
    (house.first_sentence, "a.py", "import os\n", '"""What it is."""\n'),
    (house.strange_clocks, "nightbell/a.py", "datetime.now()", "process_now()"),
    (house.strange_clocks, "nightbell/a.py", "datetime.datetime.now(UTC)", "time.monotonic()"),
    (house.strange_clocks, "nightbell/a.py", "time.time()", "time.sleep(1)"),
    (house.sql_clocks_in_python, "a.py", "x = 'at < now()'", "x = 'at < floor_now()'"),
    (house.sql_clocks_in_python, "a.py", "x = 'CURRENT_TIMESTAMP'", '"""Not now()."""'),
    (house.sql_clocks_in_python, "a.py", "x = 'clock_timestamp()'", "x = 'clock'"),
    (
        house.sql_clocks,
        "a.sql",
        "due_at <= now()",
        "due_at <= floor_now() -- not now()",
    ),
    (
        house.sql_clocks,
        "a.sql",
        "default clock_timestamp()",
        "create function floor_now() returns timestamptz as 'select now()';",
    ),
    (
        house.nameless_room,
        "nightbell/calls/__init__.py",
        '"""Calls."""',
        '"""Calls.\n\nOwns: a call.\nDoes not own: a page.\n"""',
    ),
    (
        house.wordless_errors,
        "a.py",
        "class CallRefused(Refused):\n    pass",
        'class CallRefused(Refused):\n    """It is over. Ring back."""',
    ),
    (house.registry_addresses, "a.json", "https://registry." + "npmjs" + ".org/a", "a"),
    (house.machine_paths, "a.md", "see /ho" + "me/ana/notes", "see docs/notes"),
    (house.reminders, "a.py", "# TO" + "DO: later", "# Later is now."),
    (house.real_numbers, "a.py", "+1212" + "5551234", "+12125550142"),
]


@pytest.mark.parametrize(
    ("rule", "path", "bad", "good"), PLANTED, ids=[one[0].__name__ for one in PLANTED]
)
def test_an_offence_is_found_and_the_honest_case_passes(rule: Rule, path: str, bad: str, good: str):
    assert list(rule(path, bad)) != []
    assert list(rule(path, good)) == []


def test_a_drawer_is_known_by_its_name():
    assert list(house.drawer("nightbell/calls/utils.py", "")) != []
    assert list(house.drawer("nightbell/calls/timeline.py", "")) == []


def test_every_rule_was_seen_to_find_something():
    assert {rule for _, rule in RULES} == {one[0] for one in PLANTED} | {house.drawer}
