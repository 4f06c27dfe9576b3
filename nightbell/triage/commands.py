"""Keeping a protocol's run: what was answered, closed at rest, and what the server found."""

import json
from collections.abc import Collection
from uuid import UUID

from nightbell.audit.commands import record
from nightbell.core.ids import PersonId, wire
from nightbell.store.vault import Vault
from nightbell.store.work import Work
from nightbell.triage.compile import Compiled
from nightbell.triage.run import Answers, Finding


async def keep_run(
    work: Work,
    vault: Vault,
    *,
    call_id: UUID,
    account_id: UUID | None,
    by: PersonId,
    table: Compiled,
    console_hash: str,
    answers: Answers,
    modifiers: Collection[str],
    finding: Finding,
) -> bool:
    """Keep the run as it now stands; whether its finding is news. The call is locked by this work.

    The log names the table by its hash: a protocol's name would say what ails the patient.
    """
    before = await work.dicts(
        "select tier, rule, raised_by from triage_run where call_id = %s and protocol = %s",
        (call_id, table["id"]),
    )
    told = {"answers": dict(answers), "modifiers": sorted(modifiers), "said": list(finding.say)}
    tier = finding.tier.value if finding.tier else None
    found = {"tier": tier, "rule": finding.rule, "raised_by": " ".join(finding.raised_by)}
    await work.run(
        "insert into triage_run (call_id, protocol, account_id, version, hash, answers_at_rest,"
        " tier, rule, raised_by, changed_at, changed_by) values (%(call)s, %(protocol)s,"
        " %(account)s, %(version)s, %(hash)s, %(closed)s, %(tier)s, %(rule)s, %(raised_by)s,"
        " %(at)s, %(by)s) on conflict (call_id, protocol) do update set"
        " version = excluded.version, hash = excluded.hash, tier = excluded.tier,"
        " answers_at_rest = excluded.answers_at_rest, rule = excluded.rule,"
        " raised_by = excluded.raised_by, changed_at = excluded.changed_at,"
        " changed_by = excluded.changed_by",
        {
            **found, "call": call_id, "protocol": table["id"], "account": account_id,
            "version": table["version"], "hash": table["hash"], "at": work.at, "by": by,
            "closed": await vault.close(work, account_id, json.dumps(told)),
        },
    )  # fmt: skip
    if before == [found] or (not before and tier is None):
        return False
    await record(
        work,
        "triage.found",
        wire("call", call_id),
        account_id=account_id,
        facts={"tier": tier, "hash": table["hash"], "console_hash": console_hash},
    )
    return True
