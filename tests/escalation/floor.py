"""A practice at night, for tests: two clinicians on a rota, a call, a switch that says things."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from nightbell.calls.rows import find_leg
from nightbell.core.ids import EscalationId, PersonId, new_id
from nightbell.core.tier import Tier
from nightbell.escalation import commands as escalation
from nightbell.paging import commands as paging
from nightbell.paging import queries as pages
from nightbell.paging.queries import Page
from nightbell.store.outbox import Relay
from nightbell.store.work import SERVICE, Store, Work
from nightbell.telephony.port import Event, Kind
from tests.ground import Clock, Database

TEN_PM = datetime(2031, 3, 9, 22, 0, tzinfo=UTC)
STEPS = [
    {"role": "first call", "pages": 1, "wait_s": 300},
    {"role": "backup", "pages": 1, "wait_s": 300},
]
PHONES = {"okafor": "+12125550142", "sharma": "+12125550143", "boss": "+12125550199"}


@dataclass
class Night:
    """One practice, its people by short names, and one call."""

    database: Database
    store: Store
    account: UUID = field(default_factory=new_id)
    people: dict[str, PersonId] = field(default_factory=dict[str, PersonId])
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    seq: int = 0

    @property
    def clock(self) -> Clock:
        return self.database.clock

    def relay(self) -> Relay:
        """The outbox as `run` wires it."""
        relay = Relay(self.store)
        relay.inside("escalation.page", paging.page_role)
        relay.inside("escalation.supervisor", paging.tell_supervisor)
        relay.inside("escalation.emergency", paging.ring_emergency)
        relay.inside("page.dead", escalation.answer)
        relay.inside("escalation.taken", self._keep_taken)
        return relay

    async def settle(self) -> None:
        """Carry out every order until none is left."""
        relay = self.relay()
        for _ in range(50):
            if not await relay.once():
                return
        raise AssertionError("orders without end")

    async def minutes_pass(self, minutes: float) -> None:
        """The clock moves on, every alarm due by then rings in its own time."""
        until = self.clock.now() + timedelta(minutes=minutes)
        for _ in range(200):
            async with self.store.work(SERVICE) as work:
                due = await work.value("select min(due_at) from escalation where state = 'open'")
            if due is None or due > until:
                break
            self.clock.set(max(due, self.clock.now()))
            async with self.store.work(SERVICE) as work:
                await escalation.end_waits(work, at=work.at)
            await self.settle()
        self.clock.set(until)

    async def call(self, tier: str | None = None, *, account: bool = True) -> UUID:
        """A caller who is talking with an agent."""
        call_id = new_id()
        async with self.owner() as conn:
            await conn.execute(
                "insert into call (call_id, account_id, did, coverage, state, switch, epoch,"
                " leg_id, rang_at, tier) values (%s, %s, '+12125550100', 'after_hours', 'talking',"
                " 'switch', 1, %s, floor_now(), %s)",
                (call_id, self.account if account else None, new_id(), tier),
            )
        return call_id

    async def begin(self, tier: Tier = Tier.T2) -> EscalationId:
        """A call whose escalation has begun and whose first page is out."""
        call_id = await self.call(tier.value)
        async with self.store.work(SERVICE) as work:
            begun = await escalation.begin(work, call_id, tier, work.at)
        await self.settle()
        return begun

    async def pages(self, escalation_id: UUID) -> list[tuple[str, str, str]]:
        """(who, channel, state), oldest first; within one call-out the screen before telephones."""
        names = {person: name for name, person in self.people.items()}
        return [
            (names[page.person_id] if page.person_id else "", page.channel, page.state)
            for page in await self.all_pages(escalation_id)
        ]

    async def all_pages(self, escalation_id: UUID) -> list[Page]:
        async with self.store.work(SERVICE) as work:
            return await pages.of_escalations(work, [escalation_id])

    async def phone_page(self, escalation_id: UUID, who: str) -> Page:
        """Their newest telephone page."""
        theirs = [
            page
            for page in await self.all_pages(escalation_id)
            if page.channel.rings and page.person_id == self.people[who]
        ]
        return theirs[-1]

    async def line(self, page: Page, *kinds: Kind, **facts: Any) -> None:
        """The switch says these things of a page's leg, and everything that follows is done."""
        for kind in kinds:
            await self.say(page, kind, **facts)
        await self.settle()

    async def say(self, page: Page, kind: Kind, **facts: Any) -> None:
        assert page.leg_id is not None
        self.seq += 1
        told = {"leg": page.leg_id.hex, **facts}
        event = Event("switch", 1, self.seq, kind, self.clock.now(), told)
        async with self.store.work(SERVICE) as work:
            leg = await find_leg(work, page.leg_id)
            assert leg is not None
            await escalation.heard(work, event, leg)

    async def asked(self, page: Page) -> list[str]:
        """What was asked of the switch about a page's leg."""
        assert page.leg_id is not None
        async with self.store.work(SERVICE) as work:
            rows = await work.dicts(
                "select op from switch_command where args->>'leg' = %s order by switch_command_id",
                (page.leg_id.hex,),
            )
        return [row["op"] for row in rows]

    async def state(self, escalation_id: UUID) -> dict[str, Any]:
        async with self.store.work(SERVICE) as work:
            rows = await work.dicts(
                "select tier, step, sent, state, due_at, held_by, held_at from escalation"
                " where escalation_id = %s",
                (escalation_id,),
            )
        return rows[0]

    async def sql(self, sql: str, params: Any = None) -> None:
        async with self.owner() as conn:
            await conn.execute(sql.encode(), params)

    @asynccontextmanager
    async def owner(self) -> AsyncGenerator[psycopg.AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(self.database.owner) as conn:
            yield conn

    async def _keep_taken(self, work: Work, orders: Any) -> None:
        self.taken += [dict(one.payload) for one in orders]


async def furnish(night: Night) -> None:
    """Dr Okafor is first call, Dr Sharma backup; a supervisor answers the emergency number."""
    kinds = {"okafor": "clinician", "sharma": "clinician", "boss": "supervisor"}
    async with night.owner() as conn:
        await conn.execute(
            "insert into service (name, answer_phrase, caller_id, emergency_numbers)"
            " values ('Night Desk', 'Answering service.', '+12125550101', %s)",
            ([PHONES["boss"]],),
        )
        await conn.execute(
            "insert into account (account_id, name, time_zone, answer_phrase, caller_id,"
            " fallback_text) values (%s, 'Riverside Cardiology', 'America/New_York', '', "
            " '+12125550102', '')",
            (night.account,),
        )
        for name, kind in kinds.items():
            night.people[name] = person = PersonId(uuid.uuid4())
            await conn.execute(
                "insert into person (person_id, name, kind) values (%s, %s, %s)",
                (person, f"Dr {name.title()}", kind),
            )
            await conn.execute(
                "insert into contact_method (contact_method_id, person_id, channel, address,"
                " verified_at) values (%s, %s, 'phone', %s, floor_now())",
                (new_id(), person, PHONES[name]),
            )
        for name in ("okafor", "sharma"):
            await conn.execute(
                "insert into membership (account_id, person_id, part) values (%s, %s, 'clinician')",
                (night.account, night.people[name]),
            )
        for sort, (role, name) in enumerate([("first call", "okafor"), ("backup", "sharma")]):
            await conn.execute(
                "insert into oncall_role (account_id, role, sort) values (%s, %s, %s)",
                (night.account, role, sort),
            )
            await conn.execute(
                "insert into rota (rota_id, account_id, role, time_zone, every, handoff_at,"
                " starts_on, people) values (%s, %s, %s, 'America/New_York', 'week', %s, %s, %s)",
                (new_id(), night.account, role, time(8), date(2025, 1, 6), [night.people[name]]),
            )
        for tier in ("T1", "T2", "T3"):
            await conn.execute(
                "insert into policy (account_id, tier, steps) values (%s, %s, %s)",
                (night.account, tier, Jsonb(STEPS)),
            )
