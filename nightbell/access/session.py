"""A session: how long it lives, and the secrets it is known by.

Limits follow NIST SP 800-63B-4 at AAL2: 24 hours in all, one hour without a sign of life.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from nightbell.core.ids import PersonId

IDLE = timedelta(hours=1)
WHOLE = timedelta(hours=24)
NOTED_EVERY = timedelta(minutes=1)  # A sign of life is written at most this often.


@dataclass(frozen=True, slots=True)
class Session:
    person_id: PersonId
    name: str
    kind: str
    active: bool
    csrf: str
    made_at: datetime
    seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the browser is given; the database keeps only the token's hash."""

    token: str
    csrf: str


def fresh_secrets() -> Secrets:
    return Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def is_alive(session: Session, *, at: datetime) -> bool:
    """Whether the session still stands for somebody: not ended, not idle, not too old."""
    return (
        session.active
        and session.ended_at is None
        and at < session.seen_at + IDLE
        and at < session.made_at + WHOLE
    )


def is_worth_noting(session: Session, *, at: datetime) -> bool:
    """Whether this sign of life is new enough to be written down."""
    return at >= session.seen_at + NOTED_EVERY
