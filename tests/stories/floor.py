"""A small answering service for stories: two practices, two agents, a switch in memory.

Nothing runs by itself: `settle` lets everything that is due happen, `wait` lets time pass.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from nightbell.acd import commands as acd
from nightbell.acd import queries as floor
from nightbell.calls import commands as calls
from nightbell.calls.call import Call
from nightbell.calls.control import Owners
from nightbell.calls.rows import CALL
from nightbell.core.ids import AccountId, CallId, OfferId, PersonId, wire
from nightbell.run.controller import Controller
from nightbell.store.vault import Vault
from nightbell.store.work import SERVICE, Scope, Store, Work
from nightbell.telephony.memory import Behaviour, MemorySwitch
from nightbell.telephony.port import Command, Op
from tests.ground import Database

TWO_AM = datetime(2031, 3, 10, 7, 14, tzinfo=UTC)  # 3:14 in New York, a Monday
RIVERSIDE = AccountId(UUID(int=0xA1))
ELM = AccountId(UUID(int=0xA2))
DANA, PRIYA = PersonId(UUID(int=0xD1)), PersonId(UUID(int=0xD2))
OKAFOR = PersonId(UUID(int=0xC1))
RIVERSIDE_DID, ELM_DID, NOBODYS_DID = "+12125550142", "+12125550150", "+12125550199"
CALLER = "+12125550143"
OKAFORS_PHONE = "+12125550171"

SEED: LiteralString = """
insert into service (name, answer_phrase, caller_id, emergency_numbers)
values ('Night Desk', 'Answering service, this is {agent}.', '+12125550100', '{+12125550190}');
insert into person (person_id, name, kind) values
  ('00000000-0000-0000-0000-0000000000d1', 'Dana Reyes', 'agent'),
  ('00000000-0000-0000-0000-0000000000d2', 'Priya Nair', 'agent'),
  ('00000000-0000-0000-0000-0000000000c1', 'Dr Ada Okafor', 'clinician');
insert into account (account_id, name, time_zone, answer_phrase, caller_id, fallback_text) values
  ('00000000-0000-0000-0000-0000000000a1', 'Riverside Cardiology', 'America/New_York',
   'Riverside Cardiology answering service, this is {agent}.', '+12125550141', 'Call 911.'),
  ('00000000-0000-0000-0000-0000000000a2', 'Elm Pediatrics', 'America/New_York',
   'Elm Pediatrics, this is {agent}.', '+12125550151', 'Call 911.');
insert into membership values
  ('00000000-0000-0000-0000-0000000000a1', '00000000-0000-0000-0000-0000000000c1', 'clinician');
insert into did values ('+12125550142', '00000000-0000-0000-0000-0000000000a1', 'main'),
  ('+12125550150', '00000000-0000-0000-0000-0000000000a2', 'main');
insert into office_hours
  select a.account_id, d, '08:00', '17:00' from account a, generate_series(0, 4) d;
insert into greeting select account_id, w, 'say:' || w, 'You have reached us.'
  from account, unnest(array['after_hours','open']) w;
"""


@dataclass(slots=True)
class Floor:
    """The service as a story plays it."""

    database: Database
    store: Store
    desk: Store  # as the web sees the database
    vault: Vault
    switch: MemorySwitch
    owners: Owners
    controller: Controller = field(init=False)
    heard: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.controller = Controller(self.store, self.vault, self.switch, self.owners)

    async def settle(self) -> None:
        """Everything that is due happens, until nothing is left to happen."""
        for _ in range(50):
            moved = 0
            for event in self.switch.book.after(self.heard):
                await self.controller.hear(event)
                await self.switch.ack(event.epoch, event.seq)
                self.heard = (event.epoch, event.seq)
                moved += 1
            moved += await self.controller.carry_out_once()
            async with self.store.work(SERVICE) as work:
                moved += await acd.tick(work)
                moved += await calls.return_lost_callers(work)
            if not moved:
                return
        raise AssertionError("the floor never comes to rest")

    async def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.database.clock.forward(timedelta(seconds=1))
            await self.switch.wait(1)
            await self.settle()

    async def restart_controller(self) -> None:
        """The worker was killed; the next one knows only what is in the database."""
        self.controller = Controller(self.store, self.vault, self.switch, self.owners)
        self.heard = (0, 0)
        await self.controller.greet()

    async def kill_switch(self) -> None:
        """The switch dies with everything it carried, and starts again."""
        after = MemorySwitch(
            self.switch.behaviour, epoch=self.switch.board.epoch + 1, wall=self.database.clock.now
        )
        after.switch = after.board.switch = self.switch.switch
        after.book._switch = self.switch.switch  # pyright: ignore[reportPrivateUsage]
        events = after.book._events  # pyright: ignore[reportPrivateUsage]
        events[:] = [replace(one, switch=self.switch.switch) for one in events]
        self.switch = after
        await self.restart_controller()
        await self.settle()

    async def ring(self, did: str = RIVERSIDE_DID, cli: str = CALLER) -> CallId:
        """Somebody rings; their call, as it stands in the queue."""
        leg = self.switch.ring(did, cli)
        await self.settle()
        return (await self.one("select call_id from call where leg_id = %s", UUID(leg)))["call_id"]

    async def sit_down(self, who: PersonId) -> UUID:
        """An agent comes to the desk: microphone on, ready; the audio's leg."""
        async with self.as_(who) as work:
            leg = await acd.audio_leg(work, who)
        await self.switch.ask(Command(leg.hex, Op.BROWSER_OFFER, {"leg": leg.hex, "sdp": "v=0"}))
        async with self.as_(who) as work:
            await acd.wish(work, who, "ready")
        await self.settle()
        return leg

    async def offered(self, who: PersonId) -> floor.Offer | None:
        async with self.as_(who) as work:
            return await floor.open_offer(work, who)

    async def accept(self, who: PersonId, offer_id: OfferId | None = None) -> Call:
        if offer_id is None:
            offer = await self.offered(who)
            assert offer is not None, "nobody is offered to this agent"
            offer_id = offer.offer_id
        async with self.as_(who) as work:
            call = await acd.accept(work, offer_id, who)
        await self.settle()
        return call

    async def call(self, call_id: CallId) -> Call:
        async with self.store.work(SERVICE) as work:
            return await work.need(Call, CALL + " where call_id = %s", (call_id,))

    async def story(self, call_id: CallId) -> list[str]:
        """The kinds of the call's events, in order."""
        rows = await self.all(
            "select kind from call_event where call_id = %s and kind <> 'RoomLeft' order by seq",
            call_id,
        )
        return [row["kind"] for row in rows]

    def together(self, call_id: CallId) -> set[str]:
        """The legs in the call's room, as the switch has it."""
        return {leg.id for leg in self.switch.board.legs.values() if leg.room == call_id.hex}

    def playing(self, leg: UUID) -> Sequence[str]:
        sound = self.switch.board.legs[leg.hex].sound
        return sound.prompts if sound else ()

    @asynccontextmanager
    async def as_(self, who: PersonId) -> AsyncGenerator[Work]:
        async with self.desk.work(Scope(wire("person", who), service=True)) as work:
            yield work

    async def all(self, sql: LiteralString, *params: object) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(self.database.owner) as conn:
            cursor = conn.cursor(row_factory=dict_row)
            await cursor.execute(sql, params)
            return await cursor.fetchall()

    async def write(self, sql: LiteralString, *params: object) -> None:
        async with await psycopg.AsyncConnection.connect(self.database.owner) as conn:
            await conn.execute(sql, params)

    async def one(self, sql: LiteralString, *params: object) -> dict[str, Any]:
        (row,) = await self.all(sql, *params)
        return row


@asynccontextmanager
async def night(
    database: Database,
    *,
    phones: Mapping[str, Behaviour] | None = None,
    owners: Owners | None = None,
) -> AsyncGenerator[Floor]:
    """A night at the service, at a standstill at 3:14."""
    with psycopg.connect(database.owner) as conn:
        conn.execute(SEED)
    database.clock.set(TWO_AM)
    store = await Store(database.worker, connections=3).open()
    desk = await Store(database.web, connections=3).open()
    switch = MemorySwitch(phones, wall=database.clock.now)
    floor = Floor(database, store, desk, Vault(b"k" * 32), switch, owners or {})
    try:
        await floor.controller.greet()
        await floor.settle()
        yield floor
    finally:
        await store.close()
        await desk.close()
