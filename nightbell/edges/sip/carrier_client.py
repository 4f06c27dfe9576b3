"""Asks the carrier double, over its control socket: who behaves how, who calls, what was heard."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from nightbell.core.errors import Unreachable
from nightbell.telephony.port import Json
from nightbell.telephony.wire import LINE_LIMIT


class CarrierUnreachable(Unreachable):
    """The carrier double does not answer, or refused. See that `nightbell carrier` runs."""


class CarrierClient:
    def __init__(self, socket: Path, *, timeout_s: float = 10.0) -> None:
        self._socket = socket
        self._timeout_s = timeout_s

    async def behave(self, number: str, does: str, **how: Json) -> None:
        """From now on `number` does this: accepts, answers, voicemail, busy, silence, refuses,
        hangs_up. `ring_s`, `press_s`, `digits` and `says` (a prompt or a WAV) tell more."""
        await self._ask(do="behave", number=number, manner={"does": does, **how})

    async def place(self, did: str, cli: str, says: str = "") -> str:
        """A caller at `cli` rings `did` and says this once answered; the call's id here."""
        return str((await self._ask(do="place", did=did, cli=cli, says=says))["leg"])

    async def press(self, leg: str, digits: str) -> None:
        await self._ask(do="press", leg=leg, digits=digits)

    async def say(self, leg: str, says: str) -> None:
        await self._ask(do="say", leg=leg, says=says)

    async def hang_up(self, leg: str) -> None:
        await self._ask(do="hang_up", leg=leg)

    async def save(self, leg: str, path: Path) -> None:
        """What this call has heard so far, as a WAV at `path`."""
        await self._ask(do="save", leg=leg, path=str(path))

    async def state(self) -> dict[str, Json]:
        """`calls` and `ended`, each with leg, way (placed or rung), number, cli, state, digits."""
        return await self._ask(do="state")

    async def calls(self, number: str, *, ended: bool = False) -> list[dict[str, Json]]:
        """The calls with `number`: those that are up, or those that are over."""
        found = (await self.state())["ended" if ended else "calls"]
        return [
            one
            for one in cast(list[dict[str, Json]], found)
            if number in (one["number"], one["cli"])
        ]

    async def reset(self) -> None:
        """Hang everything up and forget how numbers behave."""
        await self._ask(do="reset")

    async def _ask(self, **request: Json) -> dict[str, Json]:
        try:
            return await asyncio.wait_for(self._exchange(request), self._timeout_s)
        except (OSError, TimeoutError, ValueError):
            raise CarrierUnreachable from None

    async def _exchange(self, request: Mapping[str, Json]) -> dict[str, Json]:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_LIMIT)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
        if not isinstance(answer, dict) or "refused" in answer:
            raise CarrierUnreachable
        return cast(dict[str, Json], answer)
