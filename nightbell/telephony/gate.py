"""A gate: the prompt that asks a person to press a key, so that a voicemail can never pass for one.

Only a key press passes. A machine that talks, and a line that stays silent, run out of time.
"""

from dataclasses import dataclass, replace

from nightbell.core.errors import Refused

PAUSE_S = 2.0  # Between two sayings: long enough to find the keypad.


class GateRefused(Refused):
    """A gate takes 1 to 12 keys of 0-9 * #, is said 1 to 10 times and waits 1 to 120 seconds."""


@dataclass(frozen=True, slots=True)
class Gate:
    prompts: tuple[str, ...]
    digits: str
    repeats: int
    ends_at: float  # Seconds of the switch's monotonic clock.
    said: int = 1
    say_again_at: float | None = None
    wrong: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.digits) <= 12 or set(self.digits) - set("0123456789*#"):
            raise GateRefused
        if not 1 <= self.repeats <= 10:
            raise GateRefused

    @property
    def failure(self) -> str:
        """Why it failed, once time has run out."""
        return "wrong_digit" if self.wrong else "timeout"


def open_gate(
    prompts: tuple[str, ...], digits: str, repeats: int, timeout_s: float, *, now: float
) -> Gate:
    if not 1 <= timeout_s <= 120:
        raise GateRefused
    return Gate(prompts, digits, repeats, ends_at=now + timeout_s)


def pressed(gate: Gate, digit: str) -> Gate | None:
    """The gate after a key press; None when it is passed."""
    return None if digit in gate.digits else replace(gate, wrong=True)


def prompt_ended(gate: Gate, *, now: float) -> Gate:
    """The prompt has been said; say it again after a pause while sayings are left."""
    if gate.said >= gate.repeats:
        return gate
    return replace(gate, say_again_at=now + PAUSE_S)


def says_again(gate: Gate, *, now: float) -> Gate | None:
    """The gate with its next saying begun, when that is due."""
    if gate.say_again_at is None or now < gate.say_again_at:
        return None
    return replace(gate, said=gate.said + 1, say_again_at=None)
