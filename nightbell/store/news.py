"""News for open screens: a hint that something changed, by id. The screen then looks for itself."""

from collections.abc import Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from nightbell.core.ids import AccountId, PersonId
from nightbell.store.work import Work


async def tell(
    work: Work,
    kind: str,
    *,
    account_id: AccountId | UUID | None = None,
    person_id: PersonId | UUID | None = None,
    ids: Mapping[str, str] | None = None,
) -> None:
    """Put a hint for the screens in scope (or one person's); it leaves with the commit."""
    await work.run(
        "insert into news (at, kind, account_id, person_id, ids) values (%s, %s, %s, %s, %s)",
        (work.at, kind, account_id, person_id, Jsonb(dict(ids or {}))),
    )
    work.wake("news")
