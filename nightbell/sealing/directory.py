"""Which sets of keys a message may be sealed for: nothing is sent that nobody could ever open."""

from collections.abc import Collection, Sequence
from typing import Protocol

from nightbell.core.errors import Refused


class KeysMissing(Refused):
    """This practice has no inbox or recovery key yet, or the service no desk key, so nothing can be
    sealed for it. An administrator makes them under Accounts, Keys."""


class WrongRecipients(Refused):
    """This message is sealed for other keys than those it must reach now. Fetch the recipients
    again, seal it again and send it again."""


class NoPractice(Refused):
    """No practice claims the number that was dialled, so there is nobody to seal a message for.
    Record how the call ended instead."""


class HeldKey(Protocol):
    @property
    def key_id(self) -> object: ...
    @property
    def holder(self) -> str: ...


NEEDED = frozenset({"inbox", "recovery", "desk"})


def require_keys(entries: Sequence[HeldKey]) -> None:
    """Refuse an account that could lose a message: each of inbox, recovery and desk must exist."""
    if not {one.holder for one in entries} >= NEEDED:
        raise KeysMissing


def require_recipients(entries: Sequence[HeldKey], chosen: Collection[object]) -> None:
    """Exactly the keys it must reach: never one more, never one fewer."""
    if {one.key_id for one in entries} != set(chosen):
        raise WrongRecipients
