"""The control socket: controllers ask, listen and acknowledge, on a Unix socket of their account.

Any number may be connected; commands are done in the order they arrive, events go to all who
listen. A slow or vanished listener harms nobody: its connection has its own task.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections import OrderedDict
from pathlib import Path

from nightbell.core.errors import Refused
from nightbell.edges.sip.exchange import Exchange
from nightbell.edges.sip.journal import Journal
from nightbell.telephony.port import BAD_ARGUMENTS, FAILED, Command, Event, Op, Position, Reply
from nightbell.telephony.wire import (
    LINE_LIMIT,
    Ack,
    Listen,
    WireRefused,
    decode_request,
    encode_answer,
)

log = logging.getLogger(__name__)

OFFERS_REMEMBERED = 200


class Control:
    def __init__(self, path: Path, exchange: Exchange, journal: Journal) -> None:
        self._path = path
        self._exchange = exchange
        self._journal = journal
        self._listening: set[asyncio.StreamWriter] = set()
        self._offers: OrderedDict[str, asyncio.Task[Reply]] = OrderedDict()
        self._open: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether any controller listens."""
        return bool(self._listening)

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT)
        os.chmod(self._path, 0o600)

    async def close(self) -> None:
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def heartbeat(self, event: Event) -> None:
        for writer in self._listening:
            if writer.transport.get_write_buffer_size() < LINE_LIMIT:
                writer.write(encode_answer(event))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        replaying: asyncio.Task[None] | None = None
        try:
            while line := await reader.readline():
                match decode_request(line):
                    case Command() as command:
                        writer.write(encode_answer(await self._ask(command)))
                        await writer.drain()
                    case Ack(through):
                        self._journal.acknowledge(through)
                    case Listen(after):
                        if replaying is None:
                            replaying = asyncio.create_task(self._tell(writer, after))
        except WireRefused as refused:
            log.warning("%s", refused.sentence)
        except (OSError, ValueError):
            pass  # The controller has gone, or its line was longer than any line is.
        finally:
            if replaying is not None:
                replaying.cancel()
            writer.close()

    async def _tell(self, writer: asyncio.StreamWriter, after: Position) -> None:
        news = asyncio.Event()
        self._journal.watch(news)
        self._listening.add(writer)
        try:
            while True:
                news.clear()
                for event in self._journal.after(after):
                    after = (event.epoch, event.seq)
                    writer.write(encode_answer(event))
                    await writer.drain()
                await news.wait()
        except OSError:
            pass  # The controller has gone; the journal waits for the next.
        finally:
            self._listening.discard(writer)
            self._journal.unwatch(news)

    async def _ask(self, command: Command) -> Reply:
        try:
            if command.op is Op.BROWSER_OFFER:
                return await self._offer(command)
            return self._exchange.board.ask(command, now=time.monotonic())
        except Exception:  # Whatever broke, the other calls go on and the asker is told.
            log.exception("a command failed: %s", command.op)
            return Reply(command.command_id, FAILED)

    async def _offer(self, command: Command) -> Reply:
        """Once a command, like all others; the same offer asked twice waits for one answer."""
        task = self._offers.get(command.command_id)
        if task is None:
            task = asyncio.create_task(self._answer_offer(command))
            self._offers[command.command_id] = task
            if len(self._offers) > OFFERS_REMEMBERED:
                self._offers.popitem(last=False)
        with contextlib.suppress(asyncio.CancelledError):
            return await asyncio.shield(task)
        return Reply(command.command_id, FAILED)

    async def _answer_offer(self, command: Command) -> Reply:
        leg, sdp = command.args.get("leg"), command.args.get("sdp")
        if not isinstance(leg, str) or not leg or not isinstance(sdp, str):
            return Reply(command.command_id, BAD_ARGUMENTS)
        try:
            answer = await self._exchange.browsers.offer(leg, sdp)
        except Refused:
            return Reply(command.command_id, BAD_ARGUMENTS)
        return Reply(command.command_id, "", {"sdp": answer})
