"""The switch's own memory: every event on disk until a controller says that it is kept elsewhere.

An event a line, one file an epoch, in a folder of the switch's own. A line is written before
anybody is told (it survives `kill -9`) and synced to disk at once after (it survives the power).
When the disk refuses, events are kept in memory and the calls go on.
"""

import asyncio
import json
import logging
import os
from bisect import bisect_right
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import cast

from nightbell.core.clock import process_now
from nightbell.core.ids import new_id
from nightbell.telephony.port import BEGINNING, Event, Json, Kind, Position
from nightbell.telephony.wire import WireRefused, event_from_json, event_to_json

log = logging.getLogger(__name__)

REWRITE_BYTES = 4 << 20
DIALS_REMEMBERED = 5000


class Journal:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self.switch = _kept_text(folder / "id") or new_id().hex
        _keep(folder / "id", self.switch)
        self.previous_epoch = int(_kept_text(folder / "epoch") or 0)
        self.epoch = self.previous_epoch + 1
        _keep(folder / "epoch", str(self.epoch))
        self.last_heartbeat_at = _kept_text(folder / "heartbeat")
        self._acked = self._kept_ack()
        self._waiting: list[Event] = self._earlier()
        self._before = frozenset(self._dials())
        self._seq = 0
        self._file = (folder / f"events-{self.epoch:08}.jsonl").open("ab", buffering=0)
        self._dialled = (folder / "dials").open("ab", buffering=0)
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._syncing = False
        self._news: set[asyncio.Event] = set()

    # As the switchboard's book.

    def write(self, kind: Kind, facts: Mapping[str, Json]) -> None:
        self._seq += 1
        event = Event(self.switch, self.epoch, self._seq, kind, process_now(), dict(facts))
        self._append(self._file.fileno(), json.dumps(event_to_json(event)))
        self._waiting.append(event)
        for news in self._news:
            news.set()

    def note_dial(self, command_id: str) -> None:
        self._append(self._dialled.fileno(), command_id)

    def was_dialled_before(self, command_id: str) -> bool:
        return command_id in self._before

    def keep_plan(self, plan: Mapping[str, Json]) -> None:
        _keep(self._folder / "plan.json", json.dumps(dict(plan)))

    # For the switch.

    def kept_plan(self) -> dict[str, Json] | None:
        try:
            plan = json.loads(_kept_text(self._folder / "plan.json") or "null")
        except ValueError:
            return None
        return cast(dict[str, Json], plan) if isinstance(plan, dict) else None

    def beat(self, at: datetime) -> None:
        """Alive: an end of calls cut off by a crash is told from this, to the second."""
        _keep(self._folder / "heartbeat", at.isoformat(), sync=False)

    def close(self) -> None:
        self._syncer.shutdown(wait=True)
        self._file.close()
        self._dialled.close()

    # For those who listen.

    def after(self, position: Position) -> list[Event]:
        return self._waiting[bisect_right(self._waiting, position, key=_position) :]

    def watch(self, news: asyncio.Event) -> None:
        self._news.add(news)

    def unwatch(self, news: asyncio.Event) -> None:
        self._news.discard(news)

    def acknowledge(self, through: Position) -> None:
        if through <= self._acked:
            return
        self._acked = through
        self._waiting = self.after(through)
        _keep(self._folder / "acked", f"{through[0]} {through[1]}", sync=False)
        self._forget_kept_elsewhere()

    def _append(self, file: int, line: str) -> None:
        try:
            os.write(file, line.encode() + b"\n")
        except OSError as error:
            log.critical("the event journal cannot be written: %s", os.strerror(error.errno or 0))
            return
        if not self._syncing:
            self._syncing = True
            self._syncer.submit(self._sync)

    def _sync(self) -> None:
        self._syncing = False  # First: what is written during the sync asks for another.
        try:
            os.fsync(self._file.fileno())
            os.fsync(self._dialled.fileno())
        except OSError:
            log.critical("the event journal cannot be synced to disk")

    def _earlier(self) -> list[Event]:
        found: list[Event] = []
        for path in sorted(self._folder.glob("events-*.jsonl")):
            found += [event for event in _events_in(path) if _position(event) > self._acked]
        return sorted(found, key=_position)

    def _forget_kept_elsewhere(self) -> None:
        for path in self._folder.glob("events-*.jsonl"):
            epoch = int(path.stem.removeprefix("events-"))
            if epoch < self.epoch and not any(one.epoch == epoch for one in self._waiting):
                path.unlink(missing_ok=True)
            elif epoch == self.epoch and not self._waiting and self._size() > REWRITE_BYTES:
                os.ftruncate(self._file.fileno(), 0)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _kept_ack(self) -> Position:
        try:
            epoch, seq = map(int, _kept_text(self._folder / "acked").split())
        except ValueError:
            return BEGINNING
        return epoch, seq

    def _dials(self) -> list[str]:
        kept = _kept_text(self._folder / "dials").splitlines()[-DIALS_REMEMBERED:]
        _keep(self._folder / "dials", "".join(f"{one}\n" for one in kept))
        return kept


def _position(event: Event) -> Position:
    return event.epoch, event.seq


def _events_in(path: Path) -> list[Event]:
    """The whole events of a journal file; a last line cut short by a power loss is left out."""
    found: list[Event] = []
    for line in _kept_text(path).splitlines():
        try:
            found.append(event_from_json(json.loads(line)))
        except (ValueError, WireRefused):
            log.warning("a line of the event journal is damaged and left out")
    return found


def _kept_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _keep(path: Path, text: str, *, sync: bool = True) -> None:
    """Whole or not at all: written beside it, then moved into its place."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        log.critical("%s cannot be written: %s", path.name, os.strerror(error.errno or 0))
