"""The life of one page: facts as they come in, in any order, and what they make it.

Delivered, read and accepted are three facts; only a person's press makes a page accepted. A page
that is over stays as it ended, except that a person may still answer one whose line was dead.
"""

from collections.abc import Mapping
from enum import StrEnum

from nightbell.telephony.port import Json, Kind


class Channel(StrEnum):
    APP = "app"
    PHONE = "phone"
    PATCH = "patch"  # a telephone page whose key press joins the waiting caller
    SUPERVISOR = "supervisor"
    EMERGENCY = "emergency"

    @property
    def rings(self) -> bool:
        """Whether it is a telephone that can be busy, silent or a machine."""
        return self in (Channel.PHONE, Channel.PATCH, Channel.EMERGENCY)


class State(StrEnum):
    QUEUED = "queued"
    GOING = "going"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def over(self) -> bool:
        return self in (State.ACCEPTED, State.DECLINED, State.FAILED, State.WITHDRAWN)


class Fact(StrEnum):
    QUEUED = "queued"
    HANDED_OVER = "handed_over"  # to the push service, to the switch
    ON_DEVICE = "on_device"
    RINGING = "ringing"
    ANSWERED = "answered"  # by a person or a machine: not yet known
    KEY_PRESSED = "key_pressed"
    NO_KEY = "no_key"  # a voicemail, or somebody asleep on their feet
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


FAILURES = frozenset({Fact.NO_KEY, Fact.BUSY, Fact.NO_ANSWER, Fact.REFUSED})


def after(state: State, fact: Fact) -> State:
    """What the page is once `fact` is known."""
    if fact is Fact.ACCEPTED and state is not State.WITHDRAWN:
        return State.ACCEPTED
    if fact is Fact.DECLINED and state is State.FAILED:
        return State.DECLINED
    if state.over:
        return state
    if fact in FAILURES:
        return State.FAILED
    match fact:
        case Fact.HANDED_OVER | Fact.RINGING | Fact.ANSWERED:
            return State.DELIVERED if state is State.DELIVERED else State.GOING
        case Fact.ON_DEVICE | Fact.KEY_PRESSED:
            return State.DELIVERED
        case Fact.DECLINED:
            return State.DECLINED
        case Fact.WITHDRAWN:
            return State.WITHDRAWN
        case _:
            return state


def heard_of(kind: Kind, facts: Mapping[str, Json], *, answered: bool) -> Fact | None:
    """What its telephone leg says about a page. A voicemail answers, and presses nothing."""
    match kind:
        case Kind.LEG_RINGING:
            return Fact.RINGING
        case Kind.LEG_ANSWERED:
            return Fact.ANSWERED
        case Kind.GATE_PASSED:
            return Fact.KEY_PRESSED
        case Kind.GATE_FAILED:
            return Fact.NO_KEY
        case Kind.LEG_ENDED if answered:
            return Fact.NO_KEY
        case Kind.LEG_ENDED:
            match facts.get("cause"):
                case "busy":
                    return Fact.BUSY
                case "no_answer" | "far_hangup":
                    return Fact.NO_ANSWER
                case _:
                    return Fact.REFUSED
        case _:
            return None
