"""The carrier process: the double of the outside telephone world, on loopback."""

import asyncio
import contextlib
import json
import logging
import os
import signal
from typing import cast

from nightbell.core.errors import NightbellError
from nightbell.edges.sip.carrier import Carrier, CarrierRefused
from nightbell.edges.sip.priority import first_in_line
from nightbell.edges.sip.sound import Library
from nightbell.run.settings import Settings
from nightbell.telephony.port import Json
from nightbell.telephony.wire import LINE_LIMIT

log = logging.getLogger(__name__)


def main(settings: Settings) -> int:
    first_in_line()
    os.umask(0o077)
    asyncio.run(run(settings))
    return 0


async def run(settings: Settings) -> None:
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    library = Library(settings.data / "prompts")
    carrier = Carrier(library, port=settings.carrier_port, switch=f"127.0.0.1:{settings.sip_port}")
    await carrier.start()
    path = settings.carrier_socket
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(json.dumps(await answer(carrier, line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path, limit=LINE_LIMIT)
    log.info("the carrier double answers on SIP port %d", settings.carrier_port)
    try:
        await stop.wait()
    finally:
        server.close()
        await carrier.close()
        path.unlink(missing_ok=True)


async def answer(carrier: Carrier, line: bytes) -> dict[str, Json]:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise CarrierRefused
        return await carrier.ask(cast(dict[str, Json], request))
    except NightbellError as fault:
        return {"refused": fault.sentence}
    except (ValueError, OSError):
        return {"refused": CarrierRefused().sentence}
