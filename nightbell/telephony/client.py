"""The controller's end of a switch's control socket: ask, listen, acknowledge.

`ask` and `ack` share one connection, opened when first needed and again after it broke. Each
`events` has its own. A lost connection raises `SwitchUnreachable`; the controller decides when to
try again, and repeats what it asked with the same `command_id`, which is harmless.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from nightbell.core.errors import Unreachable
from nightbell.telephony.port import Command, Event, Position, Reply
from nightbell.telephony.wire import (
    LINE_LIMIT,
    Ack,
    Listen,
    Request,
    WireRefused,
    decode_answer,
    encode_request,
)


class SwitchUnreachable(Unreachable):
    """The telephone switch does not answer. Calls in it go on; see that `nightbell switch` runs."""


class SwitchClient:
    def __init__(self, socket: Path, *, timeout_s: float = 5.0) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._asked: dict[str, asyncio.Future[Reply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def ask(self, command: Command) -> Reply:
        await self._connect()
        reply = self._asked.get(command.command_id)
        if reply is None:
            reply = asyncio.get_running_loop().create_future()
            self._asked[command.command_id] = reply
        try:
            await self._send(command)
            # Shielded: the same command asked twice shares one answer, whoever gives up first.
            return await asyncio.wait_for(asyncio.shield(reply), self._timeout_s)
        except TimeoutError:
            raise SwitchUnreachable from None
        finally:
            self._asked.pop(command.command_id, None)

    async def ack(self, epoch: int, seq: int) -> None:
        """Everything up to here is kept elsewhere now; the switch need not replay it."""
        await self._connect()
        await self._send(Ack((epoch, seq)))

    async def events(self, after: Position) -> AsyncIterator[Event]:
        """Everything not yet acknowledged that came after `after`, then all as it happens."""
        reader, writer = await self._open()
        try:
            writer.write(encode_request(Listen(after)))
            while line := await reader.readline():
                answer = decode_answer(line)
                if isinstance(answer, Event):
                    yield answer
        except (OSError, ValueError, WireRefused):
            raise SwitchUnreachable from None
        finally:
            writer.close()
        raise SwitchUnreachable

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._lose()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            opening = asyncio.open_unix_connection(self._socket, limit=LINE_LIMIT)
            return await asyncio.wait_for(opening, self._timeout_s)
        except (OSError, TimeoutError):
            raise SwitchUnreachable from None

    async def _connect(self) -> None:
        async with self._opening:
            if self._writer is None:
                reader, self._writer = await self._open()
                self._reading = asyncio.create_task(self._read(reader))

    async def _send(self, request: Request) -> None:
        if self._writer is None:
            raise SwitchUnreachable
        try:
            self._writer.write(encode_request(request))
            await self._writer.drain()
        except OSError:
            self._lose()
            raise SwitchUnreachable from None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                answer = decode_answer(line)
                if not isinstance(answer, Reply):
                    continue
                waiting = self._asked.get(answer.command_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (OSError, ValueError, WireRefused):
            pass  # A broken line is a broken connection: those who wait are told below.
        finally:
            self._lose()

    def _lose(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(SwitchUnreachable())
                waiting.exception()  # Seen here too: whoever asked may have given up already.
        self._asked.clear()
