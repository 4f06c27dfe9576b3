"""On call: roles, rotas, overrides and policies, and who holds what at an instant."""

from datetime import date, datetime, time
from typing import Literal

from fastapi import APIRouter

from nightbell.web.asker import Asking, TheStore, only
from nightbell.web.calls import Holder
from nightbell.web.wire import Wire, WireId

router = APIRouter(prefix="/api", tags=["oncall"])


class StepEdit(Wire):
    role: str
    pages: int
    wait_s: int


class PolicyEdit(Wire):
    tier: Literal["T1", "T2", "T3"]
    steps: list[StepEdit]


class RotaEdit(Wire):
    role: str
    every: Literal["day", "week"]
    handoff_at: time
    starts_on: date
    people: list[WireId]


class OverrideEdit(Wire):
    role: str
    person_id: WireId
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


class OverrideView(OverrideEdit):
    override_id: WireId
    who: str


class OnCallView(Wire):
    account_id: WireId
    at: datetime
    roles: list[str]
    holders: list[Holder]
    rotas: list[RotaEdit]
    overrides: list[OverrideView]
    policies: list[PolicyEdit]
    gaps: list[str]


class OnCallEdit(Wire):
    """Roles, rotas and policies of an account, kept together or not at all."""

    roles: list[str]
    rotas: list[RotaEdit]
    policies: list[PolicyEdit]


