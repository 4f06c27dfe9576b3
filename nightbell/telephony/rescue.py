"""The switch on its own: carries out the fail-safe plan for callers nobody else looks after.

A caller is left alone when no person is joined to them. After the plan's patience, and only if the
controller is gone or never touched a call the switch answered by itself, the emergency numbers are
rung in turn, one at a time, oldest caller first, and asked for a key press. A controller that
touches the caller's leg takes over: what still rings for it is hung up, what is joined stays.
"""

from nightbell.core.ids import new_id
from nightbell.telephony.leg import Leg, Mode, State
from nightbell.telephony.plan import COMFORT, EMERGENCY_PROMPT, Timing
from nightbell.telephony.port import Json, Kind
from nightbell.telephony.switchboard import No, Switchboard


class Rescue:
    def __init__(self, board: Switchboard, timing: Timing, *, now: float) -> None:
        self.board = board
        self.timing = timing
        self.controller_seen = now
        self._next_number = 0
        self._not_before = now
        self._caller = ""
        self._other = ""
        self._gated = False

    def tick(self, *, connected: bool, now: float) -> None:
        if connected:
            self.controller_seen = now
        for leg in list(self.board.legs.values()):
            if leg.is_caller and leg.state is State.OFFERED:
                self._answer_if_nobody_does(leg, now)
        if self._other:
            self._see_attempt_through(now)
        elif now >= self._not_before and self.board.plan.emergency:
            waiting = [leg for leg in self.board.legs.values() if self._is_left_alone(leg, now)]
            if waiting:
                self._dial_for(min(waiting, key=lambda leg: leg.began), now)

    def _answer_if_nobody_does(self, leg: Leg, now: float) -> None:
        if leg.answered_by or leg.ending or now - leg.began < self.timing.answer_after_s:
            return
        self.board.answer(leg, by="plan")
        leg.touched = now
        greeting = self.board.plan.greeting(leg.did)
        self.board.say(leg, (*greeting, COMFORT), loop=True, purpose="play")
        self._tell(leg.id, what="answered")

    def _is_left_alone(self, leg: Leg, now: float) -> bool:
        patience = self.timing.rescue_after_s
        if not leg.is_caller or leg.ending or leg.alone_since is None:
            return False
        if now - leg.alone_since < patience:
            return False
        untouched = leg.answered_by == "plan" and now - leg.touched >= patience
        return untouched or now - self.controller_seen >= patience

    def _dial_for(self, caller: Leg, now: float) -> None:
        numbers = self.board.plan.emergency
        number = numbers[self._next_number % len(numbers)]
        self._next_number += 1
        other = new_id().hex
        try:
            self.board.dial(
                other,
                number,
                self.board.plan.caller_id,
                ring_s=self.timing.ring_s,
                purpose="emergency",
                now=now,
            )
        except No:
            self._rest(now)
            return
        self._caller, self._other, self._gated = caller.id, other, False
        self._tell(caller.id, what="dialled_emergency", other=other)

    def _see_attempt_through(self, now: float) -> None:
        caller, other = self.board.legs.get(self._caller), self.board.legs.get(self._other)
        if other is None:
            self._rest(now)
        elif caller is None or not self._is_left_alone(caller, now):
            self.board.hang_up(other, "hangup", now=now)
        elif other.is_up and not self._gated:
            self._gated = True
            prompts = (EMERGENCY_PROMPT,)
            self.board.gate(other, prompts, "1", 3, self.timing.gate_s, now=now)
        elif other.is_up and other.gate is None and not other.ending:
            self._gate_is_over(caller, other, now)

    def _gate_is_over(self, caller: Leg, other: Leg, now: float) -> None:
        if not other.passed_gate:
            self.board.hang_up(other, "hangup", now=now)
            return
        room = caller.room or caller.id
        self.board.join(caller, room, Mode.TALK, now=now)
        self.board.join(other, room, Mode.TALK, now=now)
        self._tell(caller.id, what="joined", other=other.id)
        self._caller = self._other = ""

    def _rest(self, now: float) -> None:
        self._caller = self._other = ""
        round_over = self._next_number % max(len(self.board.plan.emergency), 1) == 0
        self._not_before = now + (
            self.timing.between_rounds_s if round_over else self.timing.between_s
        )

    def _tell(self, leg: str, /, **facts: Json) -> None:
        self.board.book.write(Kind.PLAN_ACTED, {"leg": leg, **facts})
