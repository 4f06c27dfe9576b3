"""The switch process: the telephone engine, alone, so that nothing else of ours can garble a call.

It needs no database and no web: with both gone it greets callers, plays music, and after a while
rings the emergency numbers of its plan. It imports telephony, its two edges and core, no more.
"""

import asyncio
import ipaddress
import logging
import os
from importlib import import_module

from nightbell.core.errors import Refused
from nightbell.edges.sip.priority import first_in_line
from nightbell.run.settings import Settings


class TrunkRefused(Refused):
    """The trunk is not on this machine. To allow that, name it in NIGHTBELL_SIP_TRUNK=host:port."""


def main(settings: Settings) -> int:
    refuse_strange_trunk(settings)
    realtime = first_in_line()
    os.umask(0o077)
    logging.getLogger("aioice").setLevel(logging.WARNING)  # It tells of every address it tries.
    # Loaded only now, at real-time priority: on a busy machine that is most of a restart.
    switchroom = import_module("nightbell.run.switchroom")
    asyncio.run(switchroom.run(settings, realtime=realtime))
    return 0


def refuse_strange_trunk(settings: Settings) -> None:
    """Beyond this machine only where an administrator said so: a switch must not be tricked into
    dialling, at somebody's cost, through a trunk it was never given."""
    host = settings.trunk.rpartition(":")[0]
    if (
        not is_loopback(host)
        and host != os.environ.get("NIGHTBELL_SIP_TRUNK", "").strip().rpartition(":")[0]
    ):
        raise TrunkRefused(trunk=settings.trunk)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
