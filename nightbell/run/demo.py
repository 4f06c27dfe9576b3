"""`nightbell demo call`: a patient rings. With `--hands-free` everybody else is played too."""

import asyncio
import logging
from datetime import datetime

from nightbell.accounts.demonstration import SCENARIOS, Scenario
from nightbell.core.clock import process_now
from nightbell.core.errors import Refused
from nightbell.edges.sip.carrier_client import CarrierClient
from nightbell.run.client import must_be_up
from nightbell.run.settings import Settings


class NoScenario(Refused):
    """There is no such scenario. Choose chest_pain, infant_fever, refill or unknown_number."""


def main(settings: Settings, *, scenario: str, hands_free: bool) -> int:
    chosen = SCENARIOS.get(scenario)
    if chosen is None:
        raise NoScenario
    if not hands_free:
        return asyncio.run(_ring(settings, chosen))
    for chatty in ("aioice", "aiortc"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    from nightbell.run import hands_free as play

    return asyncio.run(play.night(settings, chosen, Told(process_now())))


class Told:
    """Prints the timeline as it happens: seconds since the beginning, the step, what was seen."""

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at

    def line(self, step: str, words: str) -> None:
        seconds = (process_now() - self._began_at).total_seconds()
        print(f"{seconds:7.1f} s  {step:<10}{words}", flush=True)


async def _ring(settings: Settings, chosen: Scenario) -> int:
    await must_be_up(settings)
    carrier = CarrierClient(settings.carrier_socket)
    await carrier.place(chosen.did, chosen.cli, chosen.says)
    print(chosen.words)
    print(f"It rings now. Answer it as the agent: {settings.address}/console/")
    print(f"Telephones, and buttons that break things: {settings.address}/demo/")
    return 0
