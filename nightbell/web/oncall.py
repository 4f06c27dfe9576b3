"""On call: roles, rotas, overrides and policies, and who holds what at an instant."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Literal

from fastapi import APIRouter

from nightbell.accounts import queries as accounts
from nightbell.core.ids import AccountId, PersonId, unwire, wire
from nightbell.core.tier import Tier
from nightbell.escalation.agreement import keep_policy, policies
from nightbell.oncall import planning
from nightbell.oncall.gaps import gaps
from nightbell.oncall.queries import on_call as load
from nightbell.oncall.queries import reach
from nightbell.store.work import Work
from nightbell.web.asker import Asking, TheStore
from nightbell.web.call_views import holder_view
from nightbell.web.call_wire import Holder
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


@router.get("/accounts/{account_id}/on-call")
async def on_call(
    account_id: WireId, who: Asking, store: TheStore, at: datetime | None = None
) -> OnCallView:
    """Roles, rotas, policies, and who holds what at `at` (default now)."""
    async with store.work(who.scope) as work:
        return await _view(work, AccountId(unwire("account", account_id)), at or work.at)


@router.put("/accounts/{account_id}/on-call")
async def edit_on_call(
    account_id: WireId, body: OnCallEdit, who: Asking, store: TheStore
) -> OnCallView:
    async with store.work(who.scope) as work:
        account = await accounts.account(work, unwire("account", account_id))
        rotas = [
            planning.RotaForm(
                one.role, one.every, one.handoff_at, one.starts_on, _people(one.people)
            )
            for one in body.rotas
        ]
        await planning.keep_rotas(work, account.account_id, account.time_zone, body.roles, rotas)
        for policy in body.policies:
            await keep_policy(
                work,
                account.account_id,
                Tier(policy.tier),
                [step.model_dump() for step in policy.steps],
                roles=body.roles,
            )
        return await _view(work, account.account_id, work.at)


@router.post("/accounts/{account_id}/overrides", status_code=201)
async def override(
    account_id: WireId, body: OverrideEdit, who: Asking, store: TheStore
) -> OverrideView:
    """Put one person in a role for a while; the second to ask for the same time is refused."""
    async with store.work(who.scope) as work:
        account = await accounts.account(work, unwire("account", account_id))
        made = await planning.add_override(
            work,
            account.account_id,
            role=body.role,
            person_id=PersonId(unwire("person", body.person_id)),
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            reason=body.reason,
            made_by=who.person_id,
        )
        view = await _view(work, account.account_id, work.at)
        return next(one for one in view.overrides if one.override_id == wire("override", made))


@router.delete("/accounts/{account_id}/overrides/{override_id}", status_code=204)
async def drop_override(
    account_id: WireId, override_id: WireId, who: Asking, store: TheStore
) -> None:
    async with store.work(who.scope) as work:
        await planning.drop_override(
            work, AccountId(unwire("account", account_id)), unwire("override", override_id)
        )


def _people(ids: list[WireId]) -> list[PersonId]:
    return [PersonId(unwire("person", one)) for one in ids]


async def _view(work: Work, account_id: AccountId, at: datetime) -> OnCallView:
    account = await accounts.account(work, account_id)
    oncall = await load(work, account_id)
    agreed = await policies(work, account_id)
    overrides = await planning.overrides(work, account_id)
    everyone = {one for rotation in oncall.rotations for one in rotation.people}
    people = await reach(work, everyone | {one.person_id for one in overrides})
    called = [str(step["role"]) for policy in agreed for step in policy.steps]
    return OnCallView(
        account_id=wire("account", account_id),
        at=at,
        roles=list(oncall.roles),
        holders=[holder_view(oncall, people, role, at) for role in oncall.roles],
        rotas=[
            RotaEdit(
                role=one.role,
                every=one.every,
                handoff_at=one.handoff_at,
                starts_on=one.starts_on,
                people=[wire("person", each) for each in one.people],
            )
            for one in oncall.rotations
        ],
        overrides=[
            OverrideView(
                override_id=wire("override", one.override_id),
                role=one.role,
                person_id=wire("person", one.person_id),
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                reason=one.reason,
                who=people[PersonId(one.person_id)].name,
            )
            for one in overrides
        ],
        policies=[
            PolicyEdit.model_validate(
                {"tier": one.tier, "steps": [_step(step) for step in one.steps]}
            )
            for one in agreed
        ],
        gaps=gaps(oncall, people, at=work.at, zone=account.time_zone, called=called),
    )


def _step(stored: Mapping[str, Any]) -> StepEdit:
    return StepEdit(role=stored["role"], pages=stored["pages"], wait_s=stored["wait_s"])
