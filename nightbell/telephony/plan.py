"""The fail-safe plan: what a switch does for a caller when nobody tells it what to do.

An offered call nobody answers for it within 3 seconds it answers itself, with the greeting of the
number dialled; a caller left alone for another 60 seconds it takes to the emergency numbers, in
turn, until a person presses 1. A plan is kept in a file, so it outlives everything but the switch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from nightbell.core.errors import Refused
from nightbell.telephony.port import Json

UNKNOWN_NUMBER = "say:unknown_number"
COMFORT = "music:hold_with_voice"
EMERGENCY_PROMPT = "say:emergency_number"


class PlanRefused(Refused):
    """A plan is version, dids {number: {prompts: [names]}}, emergency [numbers] and caller_id."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The waits of the plan, in seconds. Tests shorten them; nothing else does."""

    answer_after_s: float = 3.0
    rescue_after_s: float = 60.0
    ring_s: float = 30.0
    gate_s: float = 25.0
    between_s: float = 1.0
    between_rounds_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    version: str = ""
    greetings: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    emergency: tuple[str, ...] = ()
    caller_id: str = ""

    def greeting(self, did: str) -> tuple[str, ...]:
        """What a caller to `did` hears first; a number we do not know is answered all the same."""
        return self.greetings.get(did) or (UNKNOWN_NUMBER,)


NO_PLAN = Plan()


def read_plan(args: Mapping[str, Json]) -> Plan:
    match args:
        case {"dids": dict(dids), "emergency": list(emergency), "caller_id": str(caller_id)}:
            greetings = {did: _prompts(one) for did, one in cast(dict[str, Json], dids).items()}
            return Plan(str(args.get("version", "")), greetings, _texts(emergency), caller_id)
        case _:
            raise PlanRefused


def _prompts(one: Json) -> tuple[str, ...]:
    match one:
        case {"prompts": list(prompts)}:
            return _texts(prompts)
        case _:
            raise PlanRefused


def _texts(values: list[Json]) -> tuple[str, ...]:
    if not all(isinstance(value, str) and value for value in values):
        raise PlanRefused
    return tuple(str(value) for value in values)
