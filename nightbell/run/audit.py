"""`nightbell audit`: check the log, or write it to a file for somebody else to check."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nightbell.audit import evidence
from nightbell.audit.checkpoint import PUBLIC, read_keys
from nightbell.audit.verify import Report
from nightbell.audit.verify import verify as judge
from nightbell.run.settings import DatabaseNotRunning, Settings
from nightbell.store.postgres import Postgres, url_as

TAMPERED = 1


def verify(settings: Settings, *, file: Path | None, key: Path | None) -> int:
    """Exit 0 when every row is what was signed; 1, and each fault named, when not."""
    keys = read_keys(key or settings.keys / PUBLIC)
    if file is not None:
        found = evidence.from_file(file)
    else:
        with database(settings) as url:
            found = evidence.from_database(url, settings.keys)
    report = judge(found, keys)
    for line in told(report):
        print(line)
    return TAMPERED if report.faults else 0


def export(settings: Settings, *, file: Path) -> int:
    with database(settings) as url, file.open("w", encoding="utf-8") as out:
        count = evidence.export(url, out)
    print(f"{count} leaves written to {file}")
    print(f"To check it anywhere: nightbell audit verify {file} --key {settings.keys / PUBLIC}")
    return 0


def told(report: Report) -> list[str]:
    lines = list(report.faults)
    if report.checkpoint is None:
        lines.append("No checkpoint has been signed yet.")
    else:
        one = report.checkpoint
        lines.append(f"{one.tree_size} leaves under root {one.root.hex()}")
        lines.append(f"signed {one.at.isoformat()} by key {one.key_id}")
    if report.waiting:
        lines.append(f"{report.waiting} leaves wait for their place (one second, as a rule)")
    faults = len(report.faults)
    lines.append(f"NOT INTACT: {faults} faults, named above" if faults else "intact")
    return lines


@contextmanager
def database(settings: Settings) -> Generator[str, None, None]:
    """The log's database for reading: the one that runs, or the data folder's, started for this."""
    server = None
    try:
        url = settings.database("backup")
    except DatabaseNotRunning:
        if not (settings.data / "postgres").is_dir():
            raise
        server = Postgres(settings.data)
        url = url_as(server.start(), "nightbell_backup")
    try:
        yield url
    finally:
        if server is not None:
            server.stop()
