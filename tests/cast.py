"""The people and practices of the stories, put into a test's database by its owner."""

import json
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from nightbell.access.verifier import hash_verifier
from nightbell.core.ids import new_id
from tests.ground import Database

KDF = {"name": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 1}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who was put on the floor, by a short name."""

    database: Database
    accounts: dict[str, UUID] = field(default_factory=dict[str, UUID])
    people: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def sql(self, statement: str, *params: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.owner) as link:
            cursor = link.execute(statement.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    def account(self, name: str, *, zone: str = "America/New_York") -> UUID:
        an_id = new_id()
        self.sql(
            "insert into account (account_id, name, time_zone, answer_phrase, caller_id,"
            " fallback_text) values (%s, %s, %s, %s, '+12125550100', 'Please call 911.')",
            an_id, name, zone, f"{name} answering service, this is {{agent}}.",
        )  # fmt: skip
        self.accounts[name] = an_id
        return an_id

    def person(self, name: str, kind: str, *, of: str = "") -> UUID:
        an_id = new_id()
        self.sql(
            "insert into person (person_id, name, kind) values (%s, %s, %s)", an_id, name, kind
        )
        if of:
            self.sql(
                "insert into membership (account_id, person_id, part) values (%s, %s, %s)",
                self.accounts[of], an_id, kind,
            )  # fmt: skip
        self.people[name] = an_id
        return an_id

    def sign_in(self, name: str, handle: str, verifier: bytes, *, with_key: bool = True) -> None:
        """A sign-in whose keys are not real: for stories about coming in, not about reading."""
        self.sql(
            "insert into sign_in (person_id, handle, salt, kdf, verifier_hash, wrapped_key)"
            " values (%s, %s, %s, %s, %s, %s)",
            self.people[name], handle, b"0" * 16, json.dumps(KDF), hash_verifier(verifier), b"w",
        )  # fmt: skip
        if with_key:
            self.sql(
                "insert into key_entry (key_id, holder, person_id, age_recipient, sign_public)"
                " values (%s, 'person', %s, 'age1example', 'example')",
                new_id(), self.people[name],
            )  # fmt: skip
