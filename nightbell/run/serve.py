"""`nightbell serve`: the whole service on one machine, until Ctrl-C."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import Generator
from types import FrameType
from typing import Any

import psycopg

from nightbell.core.errors import Broken, Refused
from nightbell.run import tls
from nightbell.run.settings import Settings
from nightbell.run.watch import LOOK_EVERY_S, Database, Process, Watch, rotate
from nightbell.store.migrate import migrate
from nightbell.store.postgres import FolderRefused, Postgres

ROTATE_EVERY_S = 30.0
ASK_HEALTH_EVERY_S = 0.1
UP_WITHIN_S = 30.0


class PortTaken(Refused):
    """Another program already uses this port. Stop it, or choose another port with --port
    (NIGHTBELL_PORT), --sip-port (NIGHTBELL_SIP_PORT) or NIGHTBELL_CARRIER_PORT."""


class ServeRunning(Refused):
    """Nightbell is already running on this data folder. Stop that one first, or give this one a
    data folder of its own with NIGHTBELL_DATA (and its own --port and --sip-port)."""


class KeysMissing(Refused):
    """What this database holds was closed with a key that is not in the data folder. Put its keys
    folder back, then start again: a new key could open no telephone number, so nobody could be
    paged."""


class SeedFailed(Broken):
    """The demonstration service could not be made. The log named here says why."""


def say(line: str) -> None:
    print(line, flush=True)


def main(settings: Settings) -> int:
    tls.files(settings)  # Refuses now rather than in a child's log.
    _make_folders(settings)
    stopping = _listen_for_stop()
    with _only_one(settings):
        _refuse_taken_ports(settings)
        watch = Watch(settings.run_folder)
        try:
            settings = _database(settings, watch)
            if settings.demo:
                _seed(settings)
            for name in ("switch", "carrier", "worker", "web"):
                if name != "carrier" or not settings.sip_trunk:
                    watch.add(_process(name, settings))
            _until_stopped(settings, watch, stopping)
        finally:
            watch.stop()
    say("stopped")
    return 0


def _make_folders(settings: Settings) -> None:
    # As root the database's own account passes through the data folder, and only through it.
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    sockets = settings.switch_socket.parent
    for folder in (settings.run_folder, settings.logs, settings.keys, sockets):
        folder.mkdir(exist_ok=True, mode=0o700)
        # A short socket folder stands in /tmp, where anybody could have put one before us.
        seen = folder.lstat()
        if folder.is_symlink() or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
            raise FolderRefused(folder=str(folder))


def _listen_for_stop() -> list[int]:
    """A list that is no longer empty once somebody asked us to stop."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if asked and number == signal.SIGINT:
            os._exit(128 + number)  # A second Ctrl-C does not wait; the kernel ends the children.
        asked.append(number)

    for order in (signal.SIGINT, signal.SIGTERM):
        signal.signal(order, note)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # Under nohup it stays ignored.
        signal.signal(signal.SIGHUP, note)
    return asked


@contextlib.contextmanager
def _only_one(settings: Settings) -> Generator[None, None, None]:
    with (settings.run_folder / "serve.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServeRunning(data=str(settings.data)) from None
        yield


def _refuse_taken_ports(settings: Settings) -> None:
    wanted = [(socket.SOCK_STREAM, settings.host, settings.port)]
    wanted.append((socket.SOCK_DGRAM, "127.0.0.1", settings.sip_port))
    if not settings.sip_trunk:
        wanted.append((socket.SOCK_DGRAM, "127.0.0.1", settings.carrier_port))
    for kind, host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise PortTaken(host=host, port=port) from None


def _database(settings: Settings, watch: Watch) -> Settings:
    """The settings with a database that is up and migrated."""
    if not settings.database_url:
        server = Postgres(settings.data, say=say)
        settings = settings.having(database_url=server.start())
        watch.add(Database(server))
    say("database ready")
    migrate(settings.database_url)
    refuse_without_keys(settings)
    return settings


def refuse_without_keys(settings: Settings) -> None:
    """A data folder restored without its keys is not given new ones in silence."""
    if (settings.keys / "master.key").exists():
        return
    with psycopg.connect(settings.database_url) as link:
        link.execute("set role nightbell_owner")
        if link.execute("select 1 from data_key limit 1").fetchone():
            raise KeysMissing(keys=str(settings.keys))


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "nightbell.run.cli", name]


def _process(name: str, settings: Settings) -> Process:
    environment = {**os.environ, **settings.environment(), "PYTHONUNBUFFERED": "1"}
    return Process(name, _command(name), environment, settings.logs / f"{name}.log")


def _seed(settings: Settings) -> None:
    """In a process of its own: it loads the cryptography that we have no other use for."""
    seed = _process("seed", settings)
    seed.start()
    while seed.running:
        time.sleep(LOOK_EVERY_S)
    code = seed.exit_code
    seed.end(0)
    if code:
        raise SeedFailed(log=str(seed.log_file))


def _until_stopped(settings: Settings, watch: Watch, stopping: list[int]) -> None:
    began = asked_health = rotated = time.monotonic()
    up = warned = False
    while not stopping:
        time.sleep(LOOK_EVERY_S)
        watch.look()
        now = time.monotonic()
        if not up and now - asked_health > ASK_HEALTH_EVERY_S:
            asked_health = now
            up = not watch.unsettled and _ask(settings, "/healthz") is not None
            if up:
                for line in banner(settings, _ask(settings, "/api/welcome") or {}):
                    say(line)
        if not up and not warned and now - began > UP_WITHIN_S:
            warned = True
            down = ", ".join(watch.unsettled) or "web"
            say(f"Not everything is up: {down}. {settings.logs} says why. Still trying.")
        if now - rotated > ROTATE_EVERY_S:
            rotated = now
            rotate(settings.logs)
    say("\nstopping")


def _ask(settings: Settings, path: str) -> dict[str, Any] | None:
    """What our own web process answers; None while it does not."""
    # Our own certificate, on our own machine: nobody to be deceived by.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(settings.address + path, timeout=2, context=context) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):
        return None


def banner(settings: Settings, welcome: dict[str, Any]) -> list[str]:
    """What a newcomer needs to see: where, as whom, what next."""
    lines = ["", "Nightbell is up.", f"  screens    {settings.address}/"]
    lines.append(f"  telephone  sip:any-number@127.0.0.1:{settings.sip_port}")
    lines.append(f"  data       {settings.data}")
    sign_ins = welcome.get("demo_sign_ins") or []
    if sign_ins:
        lines.append("  sign-ins")
    for one in sign_ins:
        who = [str(one.get(part, "")) for part in ("kind", "handle", "passphrase")]
        lines.append(f"    {who[0]:<14} {who[1]:<20} {who[2]}")
    if sign_ins:
        lines += ["", "Next: sign in as the agent, press Ready, then in another window:"]
        lines += ["  python3 dev.py demo call"]
    else:
        lines += [
            "",
            "A new service's first administrator, in another window: nightbell administrator",
        ]
    lines += ["Ctrl-C stops everything and keeps the data.", ""]
    return lines
