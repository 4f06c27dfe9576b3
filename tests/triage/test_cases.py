"""Every red flag, told as a call; and every flag broken on purpose, which some call must notice."""

import pytest

from nightbell.triage.library import compiled, load_library
from nightbell.triage.mutate import Mutant, mutate
from tests.triage.told import Case, cases, told

LIBRARY = load_library()
CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.protocol}: {case.title}")
def test_the_call_ends_where_the_facts_say(case: Case):
    assert told(LIBRARY.table(case.protocol), case) == case.tier


def test_every_protocol_has_cases_of_its_own():
    assert {case.protocol for case in CASES} == set(LIBRARY.compiled)


@pytest.mark.parametrize("protocol", sorted(LIBRARY.authored))
def test_no_flag_can_be_deleted_weakened_or_inverted_unnoticed(protocol: str):
    mutants = mutate(LIBRARY.authored[protocol])
    assert len(mutants) >= 2 * len(LIBRARY.authored[protocol].questions)
    assert [mutant.what for mutant in mutants if not _caught(mutant)] == []


def _caught(mutant: Mutant) -> bool:
    table = compiled(mutant.protocol, LIBRARY.bank)
    mine = [case for case in CASES if case.protocol == mutant.protocol.id]
    return any(told(table, case) != case.tier for case in mine)
