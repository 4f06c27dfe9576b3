"""The `nightbell` command: one word for each process and each tool.

A process is a module of `run` with `main(settings) -> exit code`. It is imported only when it is
asked for, so that a worker starts without loading the web and a switch without the database.
"""

import argparse
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from nightbell.core.errors import NightbellError
from nightbell.run.settings import Settings

PROCESSES = {
    "serve": "everything on this machine: database, web, worker, switch",
    "web": "the HTTP interface and the screens",
    "worker": "call control, escalations, pages, the audit sequencer",
    "switch": "the telephone engine",
    "carrier": "the mock of the outside telephone world",
    "seed": "a demonstration service, when the database has none",
    "administrator": "the first administrator of a real service (NIGHTBELL_DEMO=off)",
}
REFUSED = 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="nightbell", description="The answering service's system.")
    top.add_argument("--data", type=Path, help="the data folder (NIGHTBELL_DATA)")
    words = top.add_subparsers(dest="word", required=True, metavar="WORD")
    for name, does in PROCESSES.items():
        process = words.add_parser(name, help=does, description=does)
        if name in ("serve", "web"):
            process.add_argument("--host", help="where the web listens")
            process.add_argument("--port", type=int, help="the web's port")
            process.add_argument("--tls", choices=["self-signed", "own"], help="encrypt")
        if name in ("serve", "switch"):
            process.add_argument("--sip-port", type=int, help="the telephone engine's port")
        if name == "switch":
            process.add_argument("--trunk", dest="sip_trunk", help="host:port of outbound calls")
    words.add_parser("migrate", help="bring the database to this version's schema")
    _demo(words.add_parser("demo", help="a demonstration call").add_subparsers(dest="what"))
    _audit(words.add_parser("audit", help="the tamper-evident log").add_subparsers(dest="what"))
    _triage(words.add_parser("triage", help="the protocols").add_subparsers(dest="what"))
    _message(words.add_parser("message", help="sealed messages").add_subparsers(dest="what"))
    return top


def _demo(words: Any) -> None:
    call = words.add_parser("call", help="place a call")
    call.add_argument("--scenario", default="chest_pain")
    call.add_argument("--hands-free", action="store_true", help="play agent and clinician too")


def _audit(words: Any) -> None:
    verify = words.add_parser("verify", help="check every row; name what was changed")
    verify.add_argument("file", nargs="?", type=Path, help="an exported log; else the database")
    verify.add_argument("--key", type=Path, help="the public key the checkpoints must be signed by")
    export = words.add_parser("export", help="write the log to a file for checking elsewhere")
    export.add_argument("file", type=Path)


def _triage(words: Any) -> None:
    words.add_parser("prove", help="prove every protocol complete, ordered and never too low")


def _message(words: Any) -> None:
    export = words.add_parser("export", help="write a sealed message, for `age -d`")
    export.add_argument("message", help="message_...")
    export.add_argument("-o", "--output", type=Path, required=True)


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = Settings.read().having(
            **{
                name: getattr(asked, name, None)
                for name in ("data", "host", "port", "sip_port", "sip_trunk", "tls")
            }
        )
        return _carry_out(asked, settings)
    except NightbellError as fault:
        facts = ", ".join(f"{name} {value}" for name, value in fault.facts.items())
        print(f"{fault.sentence}{f' ({facts})' if facts else ''}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read us (`head`) has gone; nothing is left to say, not even at exit.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return 0


def _carry_out(asked: argparse.Namespace, settings: Settings) -> int:
    word = asked.word
    if word in PROCESSES:
        return import_module(f"nightbell.run.{word}").main(settings)
    match word, getattr(asked, "what", None):
        case "migrate", _:
            import_module("nightbell.store.migrate").migrate(settings.admin_url())
            return 0
        case "demo", "call":
            demo = import_module("nightbell.run.demo")
            return demo.main(settings, scenario=asked.scenario, hands_free=asked.hands_free)
        case "audit", "verify":
            audit = import_module("nightbell.run.audit")
            return audit.verify(settings, file=asked.file, key=asked.key)
        case "audit", "export":
            return import_module("nightbell.run.audit").export(settings, file=asked.file)
        case "triage", "prove":
            return import_module("nightbell.run.triage").main(settings)
        case "message", "export":
            message = import_module("nightbell.run.message")
            return message.export(settings, message=asked.message, output=asked.output)
        case _:
            parser().parse_args([word, "--help"])
            return REFUSED


if __name__ == "__main__":
    sys.exit(main())
