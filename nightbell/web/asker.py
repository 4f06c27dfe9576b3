"""Who is asking: the session behind a request, its scope, and the guards routers depend on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from nightbell.core.errors import NotAllowed
from nightbell.core.ids import AccountId, PersonId, wire
from nightbell.store.vault import Vault
from nightbell.store.work import Scope, Store

SERVICE_KINDS = frozenset({"agent", "supervisor", "administrator"})


class NotSignedIn(NotAllowed):
    """Sign in to go on. Your session has ended or was never begun."""


@dataclass(frozen=True, slots=True)
class Asker:
    person_id: PersonId
    name: str
    kind: str  # agent | supervisor | administrator | clinician | office
    accounts: frozenset[AccountId]  # a clinician's or office person's; empty for the service's own
    csrf: str

    @property
    def scope(self) -> Scope:
        return Scope(
            wire("person", self.person_id),
            service=self.kind in SERVICE_KINDS,
            accounts=self.accounts,
        )


def the_store(request: Request) -> Store:
    return request.app.state.store


def the_vault(request: Request) -> Vault:
    return request.app.state.vault


async def asker(request: Request) -> Asker:
    """The person behind the session cookie; for a command also the right X-CSRF and Origin."""
    from nightbell.web.access import find_asker  # the session's own router reads the cookie

    return await find_asker(request)


TheStore = Annotated[Store, Depends(the_store)]
TheVault = Annotated[Vault, Depends(the_vault)]
Asking = Annotated[Asker, Depends(asker)]


def only(who: Asker, *kinds: str) -> None:
    """Refuse anybody of another kind."""
    if who.kind not in kinds:
        raise NotAllowed
