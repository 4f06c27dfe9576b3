"""One party's connection as the switchboard knows it."""

from dataclasses import dataclass
from enum import StrEnum

from nightbell.telephony.gate import Gate
from nightbell.telephony.port import Json


class State(StrEnum):
    OFFERED = "offered"  # it rings at us
    DIALLING = "dialling"  # we ring at it
    RINGING = "ringing"
    ANSWERED = "answered"


class Way(StrEnum):
    IN = "in"
    OUT = "out"
    BROWSER = "browser"


class Mode(StrEnum):
    TALK = "talk"
    MUTE = "mute"  # hears, is not heard
    MONITOR = "monitor"  # hears, is not heard, and is no company for a caller


@dataclass(frozen=True, slots=True)
class Sound:
    number: int  # Tells the end of this sound from the end of the one before it.
    prompts: tuple[str, ...]
    loop: bool
    purpose: str  # play | gate | hold | comfort


@dataclass(slots=True)
class Leg:
    id: str
    way: Way
    state: State
    began: float  # Seconds of the switch's monotonic clock, like all times here.
    did: str = ""
    cli: str = ""
    purpose: str = ""
    answered: float | None = None
    answered_by: str = ""  # command | plan
    rings_until: float | None = None
    room: str | None = None
    joined: float = 0.0
    talk_ms: int = 0
    mode: Mode = Mode.TALK
    muted: bool = False
    held_from: str | None = None
    sound: Sound | None = None
    gate: Gate | None = None
    passed_gate: bool = False  # A person pressed the key, the last time we asked.
    media_lost: bool = False
    touched: float = 0.0  # When a controller last did something for it.
    alone_since: float | None = None
    ending: str = ""  # Set when we hang up: the cause to tell when the line says it is gone.
    ending_since: float = 0.0

    @property
    def is_up(self) -> bool:
        return self.state is State.ANSWERED

    @property
    def is_caller(self) -> bool:
        return self.way is Way.IN

    @property
    def is_company(self) -> bool:
        """Whether somebody joined with this leg has a person to talk to."""
        return self.is_up and self.mode is not Mode.MONITOR and not self.media_lost

    def as_json(self) -> dict[str, Json]:
        return {
            "leg": self.id,
            "way": self.way.value,
            "state": self.state.value,
            "did": self.did,
            "cli": self.cli,
            "purpose": self.purpose,
            "answered_by": self.answered_by,
            "room": self.room,
            "mode": self.mode.value,
            "muted": self.muted,
            "held_from": self.held_from,
            "playing": list(self.sound.prompts) if self.sound else [],
            "gate": self.gate is not None,
            "media_lost": self.media_lost,
        }
