"""The demonstration: place a call, watch the telephones, kill a process. Only on a demo service.

These doors open without a sign-in, so each refuses pages of other sites and any service that is not
a demonstration.
"""

import os
import signal
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request

from nightbell.accounts import demonstration
from nightbell.core.clock import process_now
from nightbell.core.errors import NotFound, Refused, Unreachable
from nightbell.core.ids import wire
from nightbell.edges.sip.carrier_client import CarrierClient
from nightbell.store.work import NOBODY, SERVICE
from nightbell.web.asker import TheStore, same_origin, the_store
from nightbell.web.wire import Wire, WireId

PARTS = ("web", "worker", "switch", "database", "carrier")
CALLS_SHOWN = 20


class ScenarioRefused(Refused):
    """There is no such scenario. GET /api/demo lists them."""


async def demo_only(request: Request) -> None:
    """Refuse everything unless this is a demonstration and the asker is its own page.

    The setting alone is not enough: left on by mistake, a stranger could end a real service's
    database. What was once seen to be a demonstration stays one, also while its database is down.
    """
    state = request.app.state
    if not state.demo_mode:
        raise NotFound
    if not getattr(state, "demo_seen", False):
        async with the_store(request).work(NOBODY) as work:
            state.demo_seen = bool(await work.value("select is_demo from service"))
    if not state.demo_seen:
        raise NotFound
    if request.method != "GET":
        same_origin(request)


router = APIRouter(prefix="/api/demo", tags=["demo"], dependencies=[Depends(demo_only)])


def the_carrier(request: Request) -> CarrierClient:
    return CarrierClient(request.app.state.carrier_socket, timeout_s=5)


TheCarrier = Annotated[CarrierClient, Depends(the_carrier)]
Act = Literal["press_1", "hang_up", "accepts", "answers", "voicemail", "busy", "silence"]


class DemoCall(Wire):
    scenario: str


class Placed(Wire):
    carrier_call: str


class Phone(Wire):
    """A telephone of the mock carrier, as it stands now."""

    number: str
    label: str
    does: str  # what it does when it is rung
    state: str  # idle | ringing | up
    carrier_call: str | None


class PhoneAct(Wire):
    """Press 1 or hang up now, or from now on do this when rung."""

    number: str
    act: Act


class Scenario(Wire):
    name: str
    words: str


class DemoNow(Wire):
    phones: list[Phone]
    parts: dict[str, float | None]  # seconds each process has been up; null when it is down
    calls: list[WireId]  # newest first
    scenarios: list[Scenario]


@router.get("")
async def now(request: Request, store: TheStore, carrier: TheCarrier) -> DemoNow:
    """How the demonstration stands: telephones, processes, the newest calls."""
    try:
        phones = await _phones(request, carrier)
    except Unreachable:
        phones = []
    async with store.work(SERVICE) as work:
        rows = await work.dicts(
            "select call_id from call order by rang_at desc limit %s", (CALLS_SHOWN,)
        )
    run = request.app.state.data / "run"
    return DemoNow(
        phones=phones,
        parts={part: _up_s(run / f"{part}.pid") for part in PARTS},
        calls=[wire("call", row["call_id"]) for row in rows],
        scenarios=[
            Scenario(name=one.name, words=one.words) for one in demonstration.SCENARIOS.values()
        ],
    )


@router.post("/calls", status_code=202)
async def place(body: DemoCall, carrier: TheCarrier) -> Placed:
    """A patient rings: the mock carrier places a real SIP call with a recorded voice."""
    scenario = demonstration.SCENARIOS.get(body.scenario)
    if scenario is None:
        raise ScenarioRefused
    return Placed(carrier_call=await carrier.place(scenario.did, scenario.cli, scenario.says))


@router.post("/phones", status_code=204)
async def phones(body: PhoneAct, request: Request, carrier: TheCarrier) -> None:
    """A telephone outside: press 1, hang up, or behave otherwise from now on."""
    if body.act not in ("press_1", "hang_up"):
        await carrier.behave(body.number, body.act, ring_s=2)
        request.app.state.demo_phones = {**_manners(request), body.number: body.act}
        return
    for one in await carrier.calls(body.number):
        leg = str(one["leg"])
        await (carrier.press(leg, "1") if body.act == "press_1" else carrier.hang_up(leg))


@router.post("/kill/{part}", status_code=204)
async def kill(part: Literal["web", "worker", "switch", "database"], request: Request) -> None:
    """SIGKILL, for real; the supervisor brings it back."""
    if not _signal(request.app.state.data / "run" / f"{part}.pid", signal.SIGKILL):
        raise NotFound


def _manners(request: Request) -> dict[str, str]:
    return getattr(request.app.state, "demo_phones", {})


async def _phones(request: Request, carrier: CarrierClient) -> list[Phone]:
    manners = _manners(request)
    found: list[Phone] = []
    for number, label in demonstration.TELEPHONES.items():
        up = await carrier.calls(number)
        found.append(
            Phone(
                number=number,
                label=label,
                does=manners.get(number, "silence"),
                state=str(up[0]["state"]) if up else "idle",
                carrier_call=str(up[0]["leg"]) if up else None,
            )
        )
    return found


def _up_s(path: Path) -> float | None:
    """How long the process in a pid file has been up; None when it is not."""
    if not _signal(path, 0):
        return None
    return round(process_now().timestamp() - path.stat().st_mtime, 1)


def _signal(path: Path, number: int) -> bool:
    """Whether the process in a pid file was there to be told."""
    try:
        os.kill(int(path.read_text()), number)
    except (OSError, ValueError):
        return False
    return True
