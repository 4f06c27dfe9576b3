"""A floor with real keys: practices that messages can be sealed for, people who can open them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from nightbell.core.ids import CallId, KeyId, MessageId, new_id, wire
from nightbell.messages.commands import Finished
from nightbell.messages.message import Disposition
from nightbell.sealing import commands as sealing
from nightbell.sealing import envelope, queries
from nightbell.sealing.keys import (
    AccountKeys,
    PersonKeys,
    SharedKey,
    close_mark_key,
    close_share,
    make_account_keys,
    make_person_keys,
    make_shared_key,
)
from nightbell.store.vault import Vault
from nightbell.store.work import SERVICE, Scope, Store
from tests.cast import Cast
from tests.ground import Database

NINE_PM = datetime(2031, 3, 10, 1, 0, tzinfo=UTC)  # Sunday evening in New York
RIVERSIDE, ELM = "Riverside Cardiology", "Elm Pediatrics"
DANA, SAM = "Dana Reyes", "Sam Okoye"
OKAFOR, SHARMA, LINDT, OLIVE = "Dr Okafor", "Dr Sharma", "Dr Lindt", "Olive Park"
WORDS: dict[str, Any] = {
    "caller": "Ana Ruiz",
    "patient": "Luis Ruiz",
    "born": "1951-04-03",
    "callback": "+12125550143",
    "about": "ankles swell, two days",
    "answers": [{"ask": "Is he short of breath at rest?", "answer": "Only when walking"}],
    "tier": "T3",
}
PEOPLE = {
    DANA: ("agent", ""),
    SAM: ("supervisor", ""),
    OKAFOR: ("clinician", RIVERSIDE),
    SHARMA: ("clinician", RIVERSIDE),
    LINDT: ("clinician", ELM),
    OLIVE: ("office", RIVERSIDE),
}


@dataclass(slots=True)
class Floor:
    """One test's service: Riverside (cardiology) and Elm (pediatrics), both with their keys."""

    cast: Cast
    store: Store
    vault: Vault
    desk: SharedKey = field(default_factory=make_shared_key)
    keys: dict[str, PersonKeys] = field(default_factory=dict[str, PersonKeys])
    key_ids: dict[str, KeyId] = field(default_factory=dict[str, KeyId])
    practices: dict[str, AccountKeys] = field(default_factory=dict[str, AccountKeys])

    def id_of(self, name: str) -> UUID:
        return self.cast.people[name]

    def scope(self, name: str) -> Scope:
        kind, of = PEOPLE[name]
        accounts = frozenset({self.cast.accounts[of]} if of else set[UUID]())
        service = kind in ("agent", "supervisor")
        return Scope(wire("person", self.id_of(name)), service, accounts)  # type: ignore[arg-type]

    def call(self, *, of: str = RIVERSIDE, by: str = DANA, tier: str | None = None) -> CallId:
        """A live call with this agent."""
        call_id = CallId(new_id())
        self.cast.sql(
            "insert into call (call_id, account_id, did, coverage, state, switch, epoch, leg_id,"
            " rang_at, answered_at, agent_id, owner_kind, owner_id, tier) values (%s, %s,"
            " '+12125550142', 'after_hours', 'talking', 'one', 1, %s, floor_now(), floor_now(),"
            " %s, 'person', %s, %s)",
            call_id, self.cast.accounts[of], new_id(), self.id_of(by), self.id_of(by), tier,
        )  # fmt: skip
        return call_id

    async def finished(
        self,
        call_id: CallId,
        *,
        of: str = RIVERSIDE,
        by: str = DANA,
        call_type: str = "clinical",
        disposition: Disposition = "page",
        body: dict[str, Any] = WORDS,
    ) -> Finished:
        """What the agent's browser sends: the words already sealed for everyone it must reach."""
        account_id = self.cast.accounts[of]
        async with self.store.work(SERVICE) as work:
            entries = await queries.recipients_of(work, account_id)
        message_id = MessageId(new_id())
        to = tuple(sorted(one.age_recipient for one in entries))
        keys = self.keys[by]
        words = envelope.Words(
            id=wire("message", message_id),
            account=wire("account", account_id),
            call=wire("call", call_id),
            sender=wire("person", self.id_of(by)),
            created=NINE_PM,
            type=call_type,
            to=to,
            body=body,
        )
        return Finished(
            message_id=message_id,
            call_id=call_id,
            call_type=call_type,
            disposition=disposition,
            sealed=envelope.seal(
                words, wire("key", self.key_ids[by]), keys.sign_seed, keys.sign_public
            ),
            rset=envelope.rset(to),
            recipients=[one.key_id for one in entries],
            callback="+12125550143",
            read_back=True,
        )

    async def give_keys(self) -> None:
        async with self.store.work(SERVICE) as work:
            for name in PEOPLE:
                keys = self.keys[name] = make_person_keys()
                self.key_ids[name] = await sealing.keep_person_key(
                    work, self.id_of(name), keys.age_recipient, keys.sign_public
                )
            holders = {
                self.id_of(name): close_share(self.desk, self.keys[name].age_recipient)
                for name in (DANA, SAM)
            }
            await sealing.keep_desk_key(work, self.desk.age_recipient, holders)
            for practice in (RIVERSIDE, ELM):
                made = self.practices[practice] = make_account_keys()
                office = [
                    name
                    for name, (kind, of) in PEOPLE.items()
                    if (kind, of) == ("office", practice)
                ]
                await sealing.keep_account_keys(
                    work,
                    self.cast.accounts[practice],
                    inbox_recipient=made.inbox.age_recipient,
                    recovery_recipient=made.recovery.age_recipient,
                    inbox_shares={
                        self.id_of(name): close_share(made.inbox, self.keys[name].age_recipient)
                        for name in office
                    },
                    mark_closed_to_desk=close_mark_key(made.mark, self.desk.age_recipient),
                    mark_closed_to_inbox=close_mark_key(made.mark, made.inbox.age_recipient),
                )


@asynccontextmanager
async def floor(database: Database, data: Path, *, with_keys: bool = True) -> AsyncGenerator[Floor]:
    """The floor at nine on a Sunday evening, its clock standing."""
    database.clock.set(NINE_PM)
    cast = Cast(database)
    for practice in (RIVERSIDE, ELM):
        account_id = cast.account(practice)
        for weekday in range(5):
            cast.sql(
                "insert into office_hours values (%s, %s, '8:00', '17:00')", account_id, weekday
            )
    for name, (kind, of) in PEOPLE.items():
        cast.person(name, kind, of=of)
    store = await Store(database.web).open()
    one = Floor(cast, store, Vault.at(data / "master.key"))
    try:
        if with_keys:
            await one.give_keys()
        yield one
    finally:
        await store.close()


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
