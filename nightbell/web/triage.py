"""Triage: the compiled library, and the server's own run of what the console ran."""

from typing import Any

from fastapi import APIRouter

from nightbell.core.tier import Tier
from nightbell.web.asker import Asking, TheStore, TheVault
from nightbell.web.wire import EscalationView, Wire, WireId

router = APIRouter(prefix="/api", tags=["triage"])


class Library(Wire):
    """Compiled tables as `triage.compile` documents them, and the phrase bank."""

    first_look: dict[str, Any]
    protocols: list[dict[str, Any]]
    phrases: dict[str, dict[str, str]]
    modifiers: list[dict[str, Any]]
    call_types: list[dict[str, Any]]


class Answers(Wire):
    protocol: str
    hash: str  # of the compiled version the console runs
    answers: dict[str, str]
    modifiers: list[str] = []
    client_tier: Tier | None = None  # what the console found; the server keeps the more urgent
    raise_to: Tier | None = None  # an agent's instinct; needs no reason, never lowers


class Triaged(Wire):
    """The server's own finding. `tier` is never lower than any found before on this call."""

    next_question: str | None
    tier: Tier | None
    rule: str
    say: list[str]
    disposition: str
    call_tier: Tier | None
    escalation: EscalationView | None  # at T1 and T2 it has begun: "being taken"


@router.get("/triage/library")
async def library(who: Asking) -> Library:
    raise NotImplementedError


@router.post("/calls/{call_id}/triage")
async def run(
    call_id: WireId, body: Answers, who: Asking, store: TheStore, vault: TheVault
) -> Triaged:
    raise NotImplementedError
