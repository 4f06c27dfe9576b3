"""The switch at work: engine, journal, control socket, fail-safe plan and heartbeat, wired up."""

import asyncio
import contextlib
import logging
import signal
import time
from importlib import import_module

from nightbell.core.clock import process_now
from nightbell.core.errors import Broken
from nightbell.edges.sip.control import Control
from nightbell.edges.sip.exchange import Browsers, Exchange
from nightbell.edges.sip.journal import Journal
from nightbell.edges.sip.sound import Library
from nightbell.run.settings import Settings
from nightbell.run.switch import is_loopback
from nightbell.telephony.plan import PlanRefused, Timing, read_plan
from nightbell.telephony.port import Event, Kind
from nightbell.telephony.rescue import Rescue
from nightbell.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

TICK_S = 0.05
HEARTBEAT_S = 1.0


class EngineDied(Broken):
    """The SIP engine died. Its process ends, so that it is started again with a fresh one."""


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
    exchange.board = board
    started = {
        "previous_epoch": journal.previous_epoch,
        "last_heartbeat_at": journal.last_heartbeat_at,
    }
    journal.write(Kind.SWITCH_STARTED, started)
    take_kept_plan(board, journal)
    control = Control(settings.switch_socket, exchange, journal)
    await exchange.start()
    # The telephone first: WebRTC is as long to load as all the rest, and a call may ring meanwhile.
    webrtc = await asyncio.to_thread(import_module, "nightbell.edges.webrtc.browsers")
    browsers: Browsers = webrtc.Browsers(exchange)
    exchange.browsers = browsers
    exchange.mixer.start()
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


def listen_host(settings: Settings) -> str:
    """Loopback until a real trunk is named; then every interface, behind the firewall."""
    return "127.0.0.1" if is_loopback(settings.trunk.rpartition(":")[0]) else "0.0.0.0"
