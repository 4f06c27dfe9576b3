"""What a telephone engine can be asked, and what it tells.

Every operation carries a `command_id` and is idempotent by it: asked twice, done once, the same
answer both times. Every event carries `(switch, epoch, seq)`, unique for ever: `epoch` grows by one
each time the switch starts, `seq` by one each event within it. Delivery is at least once, in order.

A *leg* is one party's connection, a *room* a conversation that legs are joined to (its id is the
call's). Ids are chosen by whoever creates the thing: the switch names inbound legs, the controller
names outbound and browser ones. All ids are plain UUID hex on this wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Position = tuple[int, int]  # (epoch, seq): orders all events of one switch
BEGINNING: Position = (0, 0)


# Reply codes. Empty is well done.
NO_SUCH_LEG = "no_such_leg"
NOT_ANSWERED = "not_answered"  # the leg is still ringing, or being offered
NOT_IN_ROOM = "not_in_room"
NOT_HELD = "not_held"
BAD_ARGUMENTS = "bad_arguments"
LEG_TAKEN = "leg_taken"  # a leg of this id exists, or existed
DRAINING = "draining"
NOT_ALLOWED = "not_allowed"  # the switch may not dial there
EPOCH_LOST = "epoch_lost"  # asked before a restart of the switch; what came of it died with it
FAILED = "failed"  # the engine broke; health and the log say more


class Op(StrEnum):
    """Operations. Arguments, then result, in brackets.

    A prompt is `say:<name>` (shipped), `music:hold`, or the name or absolute path of a recorded
    WAV (8 kHz mono). A prompt that is missing is never silence: a neutral one is spoken.
    """

    ANSWER = "answer"  # leg, prompts and loop (optional: heard from the first moment)
    REJECT = "reject"  # leg (the far end hears busy: 486)
    PLAY = "play"  # leg, prompts: [name], loop: bool (the last prompt repeats)
    STOP_PLAY = "stop_play"  # leg
    JOIN = "join"  # room, leg, mode: talk | mute | monitor  (the room appears with its first leg)
    LEAVE = "leave"  # leg  (a leg in no room and playing nothing hears comfort noise)
    HOLD = "hold"  # leg  (leaves its room, hears hold music)
    UNHOLD = "unhold"  # leg  (back to the room it was held from)
    MUTE = "mute"  # leg, on: bool
    HANGUP = "hangup"  # leg
    ORIGINATE = "originate"  # leg, to (E.164), caller_id (E.164), timeout_s, purpose
    GATE = "gate"  # leg, prompts, digits ("1"), repeats, timeout_s: proves a human is there
    STOP_GATE = "stop_gate"  # leg
    BROWSER_OFFER = "browser_offer"  # leg, sdp -> {sdp}; the leg persists for the shift
    PLAN = "plan"  # version, dids: {did: {prompts}}, emergency: [E.164], caller_id
    SNAPSHOT = "snapshot"  # -> {switch, epoch, legs: [...], rooms: {...}}
    HEALTH = "health"  # -> {ok, epoch, legs, late_ms_p99, realtime: bool, plan_age_s}
    DRAIN = "drain"  # stop taking calls; existing ones run out


class Kind(StrEnum):
    """Events. Facts in brackets; every event about a leg has `leg`."""

    SWITCH_STARTED = "switch.started"  # previous_epoch, last_heartbeat_at of the previous epoch
    HEARTBEAT = "switch.heartbeat"  # legs, late_ms_p99 (not journalled, so seq is always 0)
    LEG_OFFERED = "leg.offered"  # did, cli, diversion, sip_call_id
    LEG_RINGING = "leg.ringing"
    LEG_ANSWERED = "leg.answered"  # kind: sip | browser, by: command | plan
    LEG_ENDED = "leg.ended"  # cause: hangup | far_hangup | busy | no_answer | refused | failed,
    #                          sip_code, talk_ms
    MEDIA_LOST = "leg.media_lost"
    MEDIA_RESTORED = "leg.media_restored"
    DIGIT = "leg.digit"  # digit
    GATE_PASSED = "leg.gate_passed"  # digit
    GATE_FAILED = "leg.gate_failed"  # cause: timeout | wrong_digit | ended
    PLAY_FINISHED = "leg.play_finished"  # prompts
    ROOM_JOINED = "room.joined"  # room
    ROOM_LEFT = "room.left"  # room, ms: how long it was in, from the switch's monotonic clock
    PLAN_ACTED = "plan.acted"  # leg: the caller's, what: answered | dialled_emergency | joined,
    #                            other: the emergency leg; the switch was on its own


@dataclass(frozen=True, slots=True)
class Command:
    command_id: str
    op: Op
    args: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` is empty when it went well; else one word such as `no_such_leg`."""

    command_id: str
    code: str = ""
    result: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Event:
    switch: str
    epoch: int
    seq: int
    kind: Kind
    at: datetime
    facts: Mapping[str, Json]

    @property
    def leg(self) -> str:
        return str(self.facts.get("leg", ""))
