"""The worker's link to a switch: hear each event once, keep it, acknowledge it; carry out orders.

The order of things is the whole safety: an event is acknowledged to the switch only after the
transaction that acted on it; an order is marked done only after the switch has answered it. Killed
between any two steps, the next controller is told again and asks again, and both are harmless.

One controller at a time speaks to a switch: it holds an advisory lock for as long as it lives.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from nightbell.calls import control, endings
from nightbell.calls.queries import failsafe_plan
from nightbell.calls.switchboard import SWITCH_PART
from nightbell.core.errors import Broken, NightbellError, Unreachable
from nightbell.core.ids import new_id
from nightbell.store.vault import Vault
from nightbell.store.work import Scope, Store, Work
from nightbell.telephony.port import BEGINNING, Command, Event, Json, Kind, Op, Position, Reply

log = logging.getLogger(__name__)

SWITCH = Scope("switch", service=True)
LEADER = 0x73776974636800  # any number, always this one
BATCH = 100
TRIES = 3
POLL_S = 1.0
PLAN_EVERY_S = 15.0
CATCH_UP_S = 5.0
AGAIN_S = 0.3
UNREADABLE = "unreadable"  # an order whose number the keys here do not open


class NoLongerLeader(Unreachable):
    """Another worker may be controlling the switch now. This one waits for its turn."""


class SwitchSaysNo(Broken):
    """The switch refused an order that it must be able to carry out."""


class Switch(Protocol):
    """A switch's control socket, or the one in memory."""

    async def ask(self, command: Command) -> Reply: ...

    async def ack(self, epoch: int, seq: int) -> None: ...

    def events(self, after: Position) -> AsyncIterator[Event]: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that the switch has not carried out yet."""

    switch_command_id: int
    command_id: UUID
    op: str
    args: Mapping[str, Json]
    args_at_rest: bytes | None
    account_id: UUID | None


class Controller:
    def __init__(self, store: Store, vault: Vault, switch: Switch, owners: control.Owners) -> None:
        self._store = store
        self._vault = vault
        self._switch = switch
        self._owners = owners
        self._name, self._epoch = "", 0
        self._heard: Position = BEGINNING
        self._caught_up = asyncio.Event()
        self._plan_version = ""
        self._beat_at = 0.0

    async def run(self, url: str, woken: asyncio.Event) -> None:
        """Until cancelled: wait to be the one controller, then speak to the switch."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
                    await _lead(conn)
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(_stay_leader(conn))
                        tasks.create_task(self.converse(woken))
            except* (Unreachable, psycopg.Error, OSError) as faults:
                log.warning("switch: %s; trying again", ", ".join(sorted(_names(faults))))
            await asyncio.sleep(AGAIN_S)

    async def converse(self, woken: asyncio.Event) -> None:
        """Speak with the switch until one of us is gone."""
        await self.greet()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._carry_out(woken))
            tasks.create_task(self._keep_plan())

    async def greet(self) -> None:
        reply = await self._switch.ask(Command(new_id().hex, Op.SNAPSHOT))
        if reply.code:
            raise SwitchSaysNo(code=reply.code)
        self._name, self._epoch = str(reply.result["switch"]), _int(reply.result["epoch"])
        self._plan_version = ""
        self._caught_up.clear()
        async with self._store.work(SWITCH) as work:
            await self._bury_another(work)
            await self._note_beat(work, {})
            known = await work.value(
                "select exists (select from switch_event where switch = %s and epoch = %s"
                " and kind = %s)",
                (self._name, self._epoch, Kind.SWITCH_STARTED.value),
            )
        if known:
            self._caught_up.set()
        log.info("switch: connected, epoch %s", self._epoch)

    async def _bury_another(self, work: Work) -> None:
        """A switch that lost its folder comes back under a new name: the old one never will."""
        rows = await work.dicts("select at, facts from beat where part = %s", (SWITCH_PART,))
        if not rows or rows[0]["facts"].get("switch") in (None, self._name):
            return
        before = rows[0]["facts"]
        facts: dict[str, Json] = {"last_heartbeat_at": rows[0]["at"].isoformat()}
        epoch = int(before.get("epoch", 0)) + 1
        gone = Event(before["switch"], epoch, 0, Kind.SWITCH_STARTED, work.at, facts)
        await endings.switch_started(work, gone, self._owners)

    # Events: kept, then acknowledged.

    async def _listen(self) -> None:
        async for event in self._switch.events(self._heard):
            if event.kind is Kind.HEARTBEAT:
                await self._heartbeat(event)
                continue
            await self.hear(event)
            self._heard = (event.epoch, event.seq)
            await self._switch.ack(event.epoch, event.seq)
            if event.kind is Kind.SWITCH_STARTED and event.epoch == self._epoch:
                self._caught_up.set()
        raise NoLongerLeader

    async def hear(self, event: Event) -> None:
        """Act on one event. One that cannot be acted on goes to a person; none stops the rest."""
        for tried in range(TRIES):
            try:
                async with self._store.work(SWITCH) as work:
                    await control.hear(work, self._vault, event, self._owners)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError):
                raise
            except Exception as fault:
                log.error(
                    "switch: event %s.%s %s: %s",
                    event.epoch, event.seq, event.kind.value, _where(fault),
                )  # fmt: skip
                if tried + 1 == TRIES:
                    await self._park(event, fault)

    async def _park(self, event: Event, fault: Exception) -> None:
        async with self._store.work(SWITCH) as work:
            if event.kind is Kind.LEG_OFFERED:
                # Whatever is wrong with the practice's rows, its caller is answered by a person.
                await control.hear(work, self._vault, event, self._owners, plainly=True)
            else:
                await control.set_aside(work, event)
            await work.run(
                "insert into outbox (topic, key, payload, put_at, due_at, done_at, failed)"
                " values ('switch.event', %s, %s, %s, %s, %s, %s) on conflict (key) do nothing",
                (
                    f"switch.event/{event.switch}/{event.epoch}/{event.seq}",
                    Jsonb({"kind": event.kind.value, "leg": event.leg}),
                    work.at, work.at, work.at, type(fault).__name__,
                ),
            )  # fmt: skip

    async def _heartbeat(self, event: Event) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._beat_at < 1:
            return
        self._beat_at = now
        async with self._store.work(SWITCH) as work:
            await self._note_beat(work, event.facts)

    async def _note_beat(self, work: Work, facts: Mapping[str, Json]) -> None:
        known = {"switch": self._name, "epoch": self._epoch}
        await work.run(
            "insert into beat (part, at, facts) values (%s, %s, %s)"
            " on conflict (part) do update set at = excluded.at, facts = excluded.facts",
            (SWITCH_PART, work.at, Jsonb({**facts, **known})),
        )

    # Orders: asked, then marked done.

    async def _carry_out(self, woken: asyncio.Event) -> None:
        # An order for a leg of the switch's last life must not overtake the news of its death.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._caught_up.wait(), CATCH_UP_S)
        while True:
            if await self.carry_out_once():
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)
            woken.clear()

    async def carry_out_once(self) -> int:
        """Every order that waits, in the order it was given; how many there were."""
        async with self._store.work(SWITCH) as work:
            waiting = await work.rows(
                Waiting,
                "select switch_command_id, command_id, op, args, args_at_rest, account_id"
                " from switch_command where done_at is null and switch in (%s, '')"
                " order by switch_command_id limit %s",
                (self._name, BATCH),
            )
            commands = [await self._try_opening(work, one) for one in waiting]
        codes: list[str] = []
        try:
            for command in commands:
                codes.append((await self._switch.ask(command)).code if command else UNREADABLE)
        finally:
            if codes:
                await self._mark_done(waiting[: len(codes)], codes)
        return len(waiting)

    async def _try_opening(self, work: Work, one: Waiting) -> Command | None:
        """None when it cannot be read: that order fails, and those behind it are carried out."""
        try:
            return await self._opened(work, one)
        except (NightbellError, ValueError) as fault:
            log.error("switch: %s cannot be carried out: %s", one.op, _where(fault))
            return None

    async def _opened(self, work: Work, one: Waiting) -> Command:
        args = dict(one.args)
        if one.args_at_rest is not None:  # The one moment at which a number is in the clear.
            args["to"] = await self._vault.open(work, one.account_id, bytes(one.args_at_rest))
        return Command(one.command_id.hex, Op(one.op), args)

    async def _mark_done(self, done: list[Waiting], codes: list[str]) -> None:
        """Done, and a refusal told to whoever counts on the leg, in one: killed between the two,
        nobody would ever hear of it."""
        well = [one for one, code in zip(done, codes, strict=True) if not code]
        async with self._store.work(SWITCH) as work:
            await _keep_done(work, well, "")
        for one, code in zip(done, codes, strict=True):
            if code:
                await self._tell_refusal(one, code)

    async def _tell_refusal(self, one: Waiting, code: str) -> None:
        log.warning("switch: %s answered %s", one.op, code)
        leg = str(one.args.get("leg", ""))
        try:
            async with self._store.work(SWITCH) as work:
                gone = _ended(self._name, self._epoch, leg, code, work.at)
                await control.refused(work, one.op, code, gone, self._owners)
                await _keep_done(work, [one], code)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as fault:  # Not asked for ever: it would hold up every order behind it.
            log.error("switch: %s refused, and nobody told: %s", one.op, _where(fault))
            async with self._store.work(SWITCH) as work:
                await _keep_done(work, [one], code)

    # The plan the switch follows when it is alone.

    async def _keep_plan(self) -> None:
        while True:
            try:
                await self._push_plan()
            except (Unreachable, psycopg.OperationalError, psycopg.InterfaceError):
                raise
            except Exception as fault:  # The switch keeps the plan it has; calls go on.
                log.error("switch: no plan: %s", _where(fault))
            await asyncio.sleep(PLAN_EVERY_S)

    async def _push_plan(self) -> None:
        async with self._store.work(SWITCH) as work:
            plan = await failsafe_plan(work)
        if plan["version"] == self._plan_version:
            return
        reply = await self._switch.ask(Command(new_id().hex, Op.PLAN, plan))
        if reply.code:
            log.error("switch: plan refused: %s", reply.code)
        else:
            self._plan_version = str(plan["version"])


async def _keep_done(work: Work, done: list[Waiting], code: str) -> None:
    await work.run(
        "update switch_command set done_at = %s, code = %s"
        " where switch_command_id = any(%s) and done_at is null",
        (work.at, code, [one.switch_command_id for one in done]),
    )


async def _lead(conn: psycopg.AsyncConnection[Any]) -> None:
    while True:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (LEADER,))).fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(AGAIN_S)


async def _stay_leader(conn: psycopg.AsyncConnection[Any]) -> None:
    """The lock lives and dies with its connection: losing one is losing the other."""
    while True:
        await asyncio.sleep(POLL_S)
        await conn.execute("select 1")


def _names(faults: BaseExceptionGroup[BaseException]) -> set[str]:
    names: set[str] = set()
    for fault in faults.exceptions:
        inner = isinstance(fault, BaseExceptionGroup)
        names |= _names(fault) if inner else {type(fault).__name__}
    return names


def _ended(switch: str, epoch: int, leg: str, code: str, at: datetime) -> Event:
    return Event(switch, epoch, 0, Kind.LEG_ENDED, at, {"leg": leg, "cause": code})


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value


def _where(fault: Exception) -> str:
    """The kind of fault and its line. Its words stay out of the log: they may quote a row."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(fault).__name__} at {line}"
