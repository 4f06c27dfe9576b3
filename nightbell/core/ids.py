"""Typed ids: one kind of thing, one type; prefixed wherever a person or a program sees them."""

import secrets
import time
from typing import NewType
from uuid import UUID

from nightbell.core.errors import Refused

AccountId = NewType("AccountId", UUID)
CallId = NewType("CallId", UUID)
ContactMethodId = NewType("ContactMethodId", UUID)
EscalationId = NewType("EscalationId", UUID)
KeyId = NewType("KeyId", UUID)
LegId = NewType("LegId", UUID)
MessageId = NewType("MessageId", UUID)
OfferId = NewType("OfferId", UUID)
PageId = NewType("PageId", UUID)
PersonId = NewType("PersonId", UUID)
PolicyId = NewType("PolicyId", UUID)
RotaId = NewType("RotaId", UUID)


class IdRefused(Refused):
    """An id looks like call_ followed by 32 hexadecimal digits, with the prefix of its kind."""


def new_id() -> UUID:
    """A fresh UUID version 7 (RFC 9562): sorts by the millisecond it was made in."""
    ms = time.time_ns() // 1_000_000
    bits = ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=bits)


def wire(prefix: str, an_id: UUID) -> str:
    """`call_018f...`: what a browser, a log or a timeline shows."""
    return f"{prefix}_{an_id.hex}"


def unwire(prefix: str, text: str) -> UUID:
    """The id behind `text`; refuses another kind's id rather than looking up the wrong thing."""
    kind, _, digits = text.rpartition("_")
    if kind != prefix:
        raise IdRefused
    try:
        return UUID(hex=digits)
    except ValueError:
        raise IdRefused from None
