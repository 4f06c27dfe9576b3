"""The demonstration: place a call, watch the telephones, kill a process. Only on a demo service."""

from typing import Literal

from fastapi import APIRouter, Request

from nightbell.web.asker import TheStore
from nightbell.web.wire import Wire, WireId

router = APIRouter(prefix="/api/demo", tags=["demo"])


class DemoCall(Wire):
    scenario: str = "chest_pain"
    did: str = ""  # default: the first demo account's


class Placed(Wire):
    carrier_call: str


class Phone(Wire):
    """A telephone of the mock carrier, as it stands now."""

    number: str
    label: str
    state: str  # idle | ringing | up | ended
    carrier_call: str | None


class PhonePress(Wire):
    number: str
    act: Literal["answer", "press_1", "hang_up"]


class DemoNow(Wire):
    phones: list[Phone]
    parts: dict[str, float | None]  # seconds each process has been up; null when it is down
    calls: list[WireId]  # newest first
    scenarios: list[str]


@router.get("")
async def now(request: Request, store: TheStore) -> DemoNow:
    raise NotImplementedError


@router.post("/calls", status_code=202)
async def place(body: DemoCall, request: Request, store: TheStore) -> Placed:
    raise NotImplementedError


@router.post("/phones", status_code=204)
async def press(body: PhonePress, request: Request, store: TheStore) -> None:
    raise NotImplementedError


@router.post("/kill/{part}", status_code=204)
async def kill(
    part: Literal["web", "worker", "switch", "database"], request: Request, store: TheStore
) -> None:
    """SIGKILL, for real; the supervisor brings it back."""
    raise NotImplementedError
