"""Pages as they stand, and keeping new ones and their facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.core.ids import AccountId, EscalationId, LegId, PageId, PersonId, wire
from nightbell.paging.page import Channel, Fact, State, after
from nightbell.store.news import tell
from nightbell.store.work import Work

COLUMNS = (
    "select page_id, account_id, escalation_id, key, step, number, role, person_id, channel,"
    " contact_method_id, leg_id, state, made_at, ended_at from page"
)


@dataclass(frozen=True, slots=True)
class Page:
    page_id: PageId
    account_id: AccountId | None
    escalation_id: EscalationId
    key: str
    step: int
    number: int
    role: str
    person_id: PersonId | None
    channel: Channel
    contact_method_id: UUID | None
    leg_id: LegId | None
    state: State
    made_at: datetime
    ended_at: datetime | None

    def __post_init__(self) -> None:
        # Read from the database as plain text.
        object.__setattr__(self, "channel", Channel(self.channel))
        object.__setattr__(self, "state", State(self.state))


@dataclass(frozen=True, slots=True)
class PageFact:
    page_id: UUID
    seq: int
    at: datetime
    kind: str
    facts: Mapping[str, Any]


async def page(work: Work, page_id: UUID) -> Page:
    return await work.need(Page, COLUMNS + " where page_id = %s", (page_id,))


async def of_leg(work: Work, leg_id: UUID) -> Page | None:
    return await work.row(Page, COLUMNS + " where leg_id = %s", (leg_id,))


async def of_escalations(work: Work, ids: Sequence[UUID]) -> list[Page]:
    return await work.rows(
        Page, COLUMNS + " where escalation_id = any(%s) order by made_at, page_id", (list(ids),)
    )


async def facts_of(work: Work, pages: Sequence[UUID]) -> list[PageFact]:
    return await work.rows(
        PageFact,
        "select page_id, seq, at, kind, facts from page_fact where page_id = any(%s)"
        " order by at, page_id, seq",
        (list(pages),),
    )


async def insert(work: Work, new: Page) -> bool:
    """Keep a new page and its first fact; False when this very page was made before."""
    made = await work.run(
        "insert into page (page_id, account_id, escalation_id, key, step, number, role, person_id,"
        " channel, contact_method_id, leg_id, state, made_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (key) do nothing",
        (
            new.page_id,
            new.account_id,
            new.escalation_id,
            new.key,
            new.step,
            new.number,
            new.role,
            new.person_id,
            new.channel,
            new.contact_method_id,
            new.leg_id,
            new.state,
            new.made_at,
        ),
    )
    if made:
        await note(work, new, Fact.QUEUED)
        await tell_of(work, "page.made", new)
    return bool(made)


async def note(work: Work, one: Page, fact: Fact, facts: Mapping[str, Any] | None = None) -> State:
    """Keep a fact of a page and what it makes the page; its state now."""
    # The row's lock also gives the fact its number.
    state = State(
        await work.value("select state from page where page_id = %s for update", (one.page_id,))
    )
    await work.run(
        "insert into page_fact (page_id, seq, account_id, at, kind, facts)"
        " select %s, coalesce(max(seq), 0) + 1, %s, %s, %s, %s from page_fact where page_id = %s",
        (one.page_id, one.account_id, work.at, fact, Jsonb(dict(facts or {})), one.page_id),
    )
    now = after(state, fact)
    if now is not state:
        await work.run(
            "update page set state = %s, ended_at = case when %s then %s::timestamptz end"
            " where page_id = %s",
            (now, now.over, work.at, one.page_id),
        )
    return now


async def tell_of(work: Work, kind: str, one: Page) -> None:
    """Hints: to the person paged, and to whoever watches the escalation."""
    ids = {
        "page": wire("page", one.page_id),
        "escalation": wire("escalation", one.escalation_id),
    }
    if one.person_id is not None:
        await tell(work, kind, account_id=one.account_id, person_id=one.person_id, ids=ids)
    await tell(work, "escalation.changed", account_id=one.account_id, ids=ids)


async def note_once(work: Work, one: Page, fact: Fact) -> None:
    """The same, unless it is known already: a screen may say so each time it is opened."""
    known = await work.value(
        "select 1 from page_fact where page_id = %s and kind = %s", (one.page_id, fact)
    )
    if not known:
        await note(work, one, fact)
        await tell_of(work, "page.changed", one)


async def of_token(work: Work, hashed: bytes) -> Page | None:
    """The page a one-use token belongs to, unless it is spent."""
    return await work.row(Page, COLUMNS + " where token_hash = %s", (hashed,))


async def give_token(work: Work, page_id: UUID, hashed: bytes) -> None:
    await work.run(
        "update page set token_hash = %s where page_id = %s and token_hash is null"
        " and ended_at is null",
        (hashed, page_id),
    )


async def spend_token(work: Work, page_id: UUID) -> None:
    await work.run("update page set token_hash = null where page_id = %s", (page_id,))
