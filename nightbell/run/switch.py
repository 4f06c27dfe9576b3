"""The switch process: the telephone engine, alone, so that nothing else of ours can garble a call.

It needs no database and no web: with both gone it greets callers, plays music, and after a while
rings the emergency numbers of its plan. It imports telephony, its two edges and core, no more.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import time

from nightbell.core.clock import process_now
from nightbell.core.errors import Broken, Refused
from nightbell.edges.sip.control import Control
from nightbell.edges.sip.exchange import Exchange
from nightbell.edges.sip.journal import Journal
from nightbell.edges.sip.mixer import first_in_line
from nightbell.edges.sip.sound import Library
from nightbell.edges.webrtc.browsers import Browsers
from nightbell.run.settings import Settings
from nightbell.telephony.plan import PlanRefused, Timing, read_plan
from nightbell.telephony.port import Event, Kind
from nightbell.telephony.rescue import Rescue
from nightbell.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

TICK_S = 0.05
HEARTBEAT_S = 1.0


class TrunkRefused(Refused):
    """The trunk is not on this machine. To allow that, name it in NIGHTBELL_SIP_TRUNK=host:port."""


class EngineDied(Broken):
    """The SIP engine died. Its process ends, so that it is started again with a fresh one."""


def main(settings: Settings) -> int:
    refuse_strange_trunk(settings)
    os.umask(0o077)
    logging.getLogger("aioice").setLevel(logging.WARNING)  # It tells of every address it tries.
    asyncio.run(run(settings, realtime=first_in_line()))
    return 0


async def run(settings: Settings, *, realtime: bool, timing: Timing | None = None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    journal = Journal(settings.data / "switch")
    exchange = Exchange(
        Library(settings.data / "prompts"),
        host=listen_host(settings),
        port=settings.sip_port,
        trunk=settings.trunk,
        realtime=realtime,
    )
    board = Switchboard(exchange, journal, journal.switch, journal.epoch)
    browsers = Browsers(exchange)
    exchange.board, exchange.browsers = board, browsers
    started = {
        "previous_epoch": journal.previous_epoch,
        "last_heartbeat_at": journal.last_heartbeat_at,
    }
    journal.write(Kind.SWITCH_STARTED, started)
    take_kept_plan(board, journal)
    control = Control(settings.switch_socket, exchange, journal)
    await exchange.start()
    await control.start()
    log.info("the switch answers on SIP port %d, epoch %d", settings.sip_port, journal.epoch)
    rescue = Rescue(board, timing or Timing(), now=time.monotonic())
    beating = asyncio.create_task(beat(board, journal, control))
    try:
        while not stop.is_set():
            if exchange.engine.died.is_set():
                raise EngineDied
            board.tick(now=time.monotonic())
            rescue.tick(connected=control.connected, now=time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK_S)
    finally:
        beating.cancel()
        await control.close()
        await browsers.close()
        await exchange.close()
        journal.close()


async def beat(board: Switchboard, journal: Journal, control: Control) -> None:
    while True:
        at = process_now()
        journal.beat(at)
        late = board.lines.vitals().get("late_ms_p99", 0.0)
        facts = {"legs": len(board.legs), "late_ms_p99": late}
        control.heartbeat(Event(journal.switch, journal.epoch, 0, Kind.HEARTBEAT, at, facts))
        await asyncio.sleep(HEARTBEAT_S)


def take_kept_plan(board: Switchboard, journal: Journal) -> None:
    kept = journal.kept_plan()
    if kept is None:
        return
    try:
        board.take_plan(read_plan(kept), now=time.monotonic())
    except PlanRefused as refused:
        log.warning("the kept fail-safe plan is left out: %s", refused.sentence)


def refuse_strange_trunk(settings: Settings) -> None:
    """Beyond this machine only where an administrator said so: a switch must not be tricked into
    dialling, at somebody's cost, through a trunk it was never given."""
    host = settings.trunk.rpartition(":")[0]
    if (
        not is_loopback(host)
        and host != os.environ.get("NIGHTBELL_SIP_TRUNK", "").strip().rpartition(":")[0]
    ):
        raise TrunkRefused(trunk=settings.trunk)


def listen_host(settings: Settings) -> str:
    """Loopback until a real trunk is named; then every interface, behind the firewall."""
    return "127.0.0.1" if is_loopback(settings.trunk.rpartition(":")[0]) else "0.0.0.0"


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
