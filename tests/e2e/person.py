"""Somebody at a program instead of a browser, who asks again while the service is brought back."""

import asyncio
import time
from typing import Any

from nightbell.accounts import demonstration
from nightbell.run.client import Body, Person, ServerAway, ServerRefused
from tests.e2e.whole import WholeService

PATIENCE_S = 40.0


class Patient(Person):
    """As a screen is: a service that is away, or not yet whole again, is asked once more."""

    async def _ask(self, method: str, path: str, body: Body | None) -> Any:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await super()._ask(method, path, body)
            except ServerAway:
                if time.monotonic() > give_up:
                    raise
            except ServerRefused as refusal:
                if int(str(refusal.facts["status"])) < 500 or time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.1)


async def enter(one: WholeService, handle: str) -> Patient:
    someone = await Patient.enter(one.address, handle, demonstration.PASSPHRASE)
    assert isinstance(someone, Patient)
    return someone
