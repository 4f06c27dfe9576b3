"""Who is offered which caller next: a pairing, made anew whenever anything changes.

Callers are served by priority, then by how long they have waited. Each is offered to the agent who
has had this caller least often before, then to one with nothing left to finish, then to the one
idle longest. An offer is a lease: it is accepted, refused or runs out, and nothing can stick.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nightbell.core.ids import CallId, PersonId


@dataclass(frozen=True, slots=True)
class Waiting:
    call_id: CallId
    priority: int  # 0 is served first
    since: datetime
    lease: timedelta = timedelta(seconds=20)
    passed: Mapping[PersonId, int] = field(default_factory=dict[PersonId, int])
    """How often each agent has let this caller go by."""


@dataclass(frozen=True, slots=True)
class FreeAgent:
    person_id: PersonId
    idle_since: datetime
    unfinished: bool = False  # still writes up the call before; asked only when nobody else is free


@dataclass(frozen=True, slots=True)
class Pairing:
    call_id: CallId
    person_id: PersonId
    expires_at: datetime


def next_offers(
    waiting: Iterable[Waiting], agents: Iterable[FreeAgent], *, at: datetime
) -> list[Pairing]:
    """Every offer to be made now. `waiting` and `agents` have no offer open between them."""
    line = sorted(waiting, key=lambda one: (one.priority, one.since, one.call_id))
    free = {agent.person_id: agent for agent in agents}
    pairs: list[Pairing] = []
    for caller in line:
        if not free:
            break
        agent = min(free.values(), key=lambda one: _preference(caller, one))
        del free[agent.person_id]
        pairs.append(Pairing(caller.call_id, agent.person_id, at + caller.lease))
    return pairs


def why(priority: int) -> str:
    """What the agent is told of why this caller comes to them now."""
    if priority == 0:
        return "cut off before: served first"
    return "had a person before: served first" if priority == 1 else "longest waiting"


def free_agents(ready: Sequence[FreeAgent], busy: Collection[PersonId]) -> list[FreeAgent]:
    """Free is never stored, so it cannot be stale: ready, heard, and with nobody and no offer."""
    return [agent for agent in ready if agent.person_id not in busy]


def _preference(caller: Waiting, agent: FreeAgent) -> tuple[int, bool, datetime, PersonId]:
    passed = caller.passed.get(agent.person_id, 0)
    return passed, agent.unfinished, agent.idle_since, agent.person_id
