"""One whole Nightbell, as `nightbell serve` runs it, with its demonstration."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from nightbell.edges.sip.carrier_client import CarrierClient
from nightbell.run.settings import DatabaseNotRunning, Settings

Found = TypeVar("Found")


class WholeService:
    """`nightbell serve` with its demonstration, and what a test wants to know of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.carrier = CarrierClient(settings.carrier_socket)

    @property
    def address(self) -> str:
        return self.settings.address

    def nightbell(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A tool of the command line, used on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "nightbell.run.cli", *words],
            env={**os.environ, **self.settings.environment()},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def rows(self, sql: str, *params: object) -> list[dict[str, Any]]:
        """What the database has, read by its superuser; asked again while it is away."""
        give_up = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(self.settings.admin_url()) as link:
                    cursor = link.cursor(row_factory=dict_row)
                    cursor.execute(sql.encode(), params or None)
                    return cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, DatabaseNotRunning):
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)

    def print_logs(self) -> None:
        print(f"logs of {self.settings.logs}")
        for log in sorted(self.settings.logs.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text()[-6000:]}")


def soon(look: Callable[[], Found], otherwise: str, within_s: float = 20) -> Found:
    """What `look` finds once it is something; looked for again until then."""
    give_up = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < give_up, otherwise
        time.sleep(0.1)
    return found
