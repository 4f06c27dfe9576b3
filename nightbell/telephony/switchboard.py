"""The switchboard: who is connected to whom, what each hears, and what is told about it.

It decides and keeps the table of legs; the engine under it (`Lines`) moves sound and signals, the
`Book` keeps what happened. It does no I/O, and time is an argument: a real switch and the one
that stories run on are this same code.

Hanging up or losing one leg never ends another: a caller left alone hears music and a voice.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from nightbell.core.errors import Refused
from nightbell.telephony import port
from nightbell.telephony.gate import open_gate, pressed, prompt_ended, says_again
from nightbell.telephony.leg import Leg, Mode, Sound, State, Way
from nightbell.telephony.lines import Book, Lines
from nightbell.telephony.plan import COMFORT, NO_PLAN, Plan, read_plan
from nightbell.telephony.port import Command, Json, Kind, Op, Reply

HOLD_MUSIC = "music:hold"
GONE_AFTER_S = 10.0  # A line that was told to end and never said so is taken for gone.
REMEMBERED = 20_000  # Replies and spent leg ids kept for questions asked twice.

Args = Mapping[str, Json]
Result = Mapping[str, Json]


class No(Exception):
    """The switchboard says no, in one of the port's reply codes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Switchboard:
    def __init__(self, lines: Lines, book: Book, switch: str, epoch: int) -> None:
        self.lines = lines
        self.book = book
        self.switch = switch
        self.epoch = epoch
        self.legs: dict[str, Leg] = {}
        self.plan: Plan = NO_PLAN
        self.plan_at: float | None = None
        self.draining = False
        self._replies: OrderedDict[str, Reply] = OrderedDict()
        self._spent: OrderedDict[str, None] = OrderedDict()
        self._sounds = 0
        self._deeds: dict[Op, Callable[[Args, float], Result | None]] = {
            Op.ANSWER: self._answer,
            Op.REJECT: self._reject,
            Op.PLAY: self._play,
            Op.STOP_PLAY: self._stop_play,
            Op.JOIN: self._join,
            Op.LEAVE: self._leave,
            Op.HOLD: self._hold,
            Op.UNHOLD: self._unhold,
            Op.MUTE: self._mute,
            Op.HANGUP: self._hangup,
            Op.ORIGINATE: self._originate,
            Op.GATE: self._gate,
            Op.STOP_GATE: self._stop_gate,
            Op.PLAN: self._plan,
            Op.SNAPSHOT: lambda _args, _now: self.snapshot(),
            Op.HEALTH: lambda _args, now: self.health(now),
            Op.DRAIN: self._drain,
        }

    # What a controller asks.

    def ask(self, command: Command, *, now: float) -> Reply:
        """Do it once; asked again, say the same again."""
        if command.op in (Op.SNAPSHOT, Op.HEALTH):  # Questions change nothing and are never stale.
            return self._do(command, now)
        if known := self._replies.get(command.command_id):
            return known
        reply = self._do(command, now)
        self._replies[command.command_id] = reply
        if len(self._replies) > REMEMBERED:
            self._replies.popitem(last=False)
        return reply

    def _do(self, command: Command, now: float) -> Reply:
        deed = self._deeds.get(command.op)
        try:
            if deed is None:
                raise No(port.BAD_ARGUMENTS)
            if command.op is Op.ORIGINATE:
                self._dial_once(command.command_id)
            result = deed(command.args, now)
        except No as no:
            return Reply(command.command_id, no.code)
        except Refused:
            return Reply(command.command_id, port.BAD_ARGUMENTS)
        leg = self.legs.get(str(command.args.get("leg", "")))
        if leg and command.op not in (Op.SNAPSHOT, Op.HEALTH):
            leg.touched = now
            leg.answered_by = "command" if leg.answered_by == "plan" else leg.answered_by
            self._comfort(leg.room, now)
        return Reply(command.command_id, "", result or {})

    def _dial_once(self, command_id: str) -> None:
        if self.book.was_dialled_before(command_id):
            raise No(port.EPOCH_LOST)
        self.book.note_dial(command_id)

    def _answer(self, args: Args, now: float) -> None:
        leg = self._leg(args)
        if leg.state is State.OFFERED and not leg.answered_by:
            self.answer(leg, by="command")
        if "prompts" in args:
            self.say(leg, _texts(args, "prompts"), loop=args.get("loop") is True, purpose="play")

    def _reject(self, args: Args, now: float) -> None:
        leg = self._leg(args)
        if leg.state is not State.OFFERED:
            raise No(port.BAD_ARGUMENTS)
        leg.ending, leg.ending_since = "hangup", now
        self.lines.reject(leg.id)

    def _play(self, args: Args, now: float) -> None:
        leg = self._up(args)
        self.say(leg, _texts(args, "prompts"), loop=args.get("loop") is True, purpose="play")

    def _stop_play(self, args: Args, now: float) -> None:
        self.hush(self._up(args))

    def _join(self, args: Args, now: float) -> None:
        leg, room = self._up(args), _text(args, "room")
        try:
            mode = Mode(str(args.get("mode", "talk")))
        except ValueError:
            raise No(port.BAD_ARGUMENTS) from None
        self.join(leg, room, mode, now=now)

    def _leave(self, args: Args, now: float) -> None:
        leg = self._up(args)
        if leg.room is None:
            raise No(port.NOT_IN_ROOM)
        self.leave(leg, now=now)

    def _hold(self, args: Args, now: float) -> None:
        leg = self._up(args)
        if leg.room is None:
            raise No(port.NOT_IN_ROOM)
        room = leg.room
        self.leave(leg, now=now)
        leg.held_from = room
        self.say(leg, (HOLD_MUSIC,), loop=True, purpose="hold")

    def _unhold(self, args: Args, now: float) -> None:
        leg = self._up(args)
        if leg.held_from is None:
            raise No(port.NOT_HELD)
        self.join(leg, leg.held_from, leg.mode, now=now)

    def _mute(self, args: Args, now: float) -> None:
        leg = self._up(args)
        leg.muted = args.get("on") is True
        self._seat(leg)

    def _hangup(self, args: Args, now: float) -> None:
        self.hang_up(self._leg(args), "hangup", now=now)

    def _originate(self, args: Args, now: float) -> None:
        timeout = args.get("timeout_s", 30)
        if not isinstance(timeout, int | float) or not 1 <= timeout <= 300:
            raise No(port.BAD_ARGUMENTS)
        self.dial(
            _text(args, "leg"),
            _text(args, "to"),
            _text(args, "caller_id"),
            ring_s=timeout,
            purpose=str(args.get("purpose", "")),
            now=now,
        )

    def _gate(self, args: Args, now: float) -> None:
        leg = self._up(args)
        repeats, timeout = args.get("repeats", 3), args.get("timeout_s", 25)
        if not isinstance(repeats, int) or not isinstance(timeout, int | float):
            raise No(port.BAD_ARGUMENTS)
        prompts = _texts(args, "prompts")
        self.gate(leg, prompts, str(args.get("digits", "1")), repeats, timeout, now=now)

    def _stop_gate(self, args: Args, now: float) -> None:
        leg = self._up(args)
        if leg.gate:
            leg.gate = None
            self.hush(leg)

    def _plan(self, args: Args, now: float) -> None:
        self.take_plan(read_plan(args), now=now)
        self.book.keep_plan(args)

    def _drain(self, args: Args, now: float) -> None:
        self.draining = True

    def snapshot(self) -> Result:
        rooms: dict[str, Json] = {}
        for leg in self.legs.values():
            if leg.room is not None:
                rooms[leg.room] = [one.id for one in self.legs.values() if one.room == leg.room]
        return {
            "switch": self.switch,
            "epoch": self.epoch,
            "draining": self.draining,
            "plan_version": self.plan.version,
            "legs": [leg.as_json() for leg in self.legs.values()],
            "rooms": rooms,
        }

    def health(self, now: float) -> Result:
        age = None if self.plan_at is None else round(now - self.plan_at, 1)
        return {
            "ok": True,
            "epoch": self.epoch,
            "legs": len(self.legs),
            "draining": self.draining,
            "plan_age_s": age,
            **self.lines.vitals(),
        }

    # What a controller and the fail-safe plan both do.

    def take_plan(self, plan: Plan, *, now: float) -> None:
        self.plan, self.plan_at = plan, now

    def answer(self, leg: Leg, *, by: str) -> None:
        leg.answered_by = by
        self.lines.answer(leg.id)

    def dial(
        self, leg: str, to: str, caller_id: str, *, ring_s: float, purpose: str, now: float
    ) -> None:
        if self.draining:
            raise No(port.DRAINING)
        if leg in self.legs or leg in self._spent:
            raise No(port.LEG_TAKEN)
        if not self.lines.may_dial(to):
            raise No(port.NOT_ALLOWED)
        self.legs[leg] = Leg(
            leg, Way.OUT, State.DIALLING, now, did=to, cli=caller_id, purpose=purpose,
            rings_until=now + ring_s,
        )  # fmt: skip
        self.lines.dial(leg, to, caller_id)

    def hang_up(self, leg: Leg, cause: str, *, now: float) -> None:
        if not leg.ending:
            leg.ending, leg.ending_since = cause, now
            self.lines.hangup(leg.id)

    def join(self, leg: Leg, room: str, mode: Mode, *, now: float) -> None:
        if leg.room not in (None, room):
            self.leave(leg, now=now)
        arrives, leg.held_from, leg.mode = leg.room is None, None, mode
        leg.room = room
        self.hush(leg)
        self._seat(leg)
        if arrives:
            leg.joined = now
            self._tell(Kind.ROOM_JOINED, leg, room=room)
        self._comfort(room, now)

    def leave(self, leg: Leg, *, now: float) -> None:
        room = leg.room
        if room is None:
            return
        ms = round((now - leg.joined) * 1000)
        leg.talk_ms += ms
        leg.room = None
        self._seat(leg)
        self._tell(Kind.ROOM_LEFT, leg, room=room, ms=ms)
        if leg.sound and leg.sound.purpose == "comfort":
            self.hush(leg)
        self._comfort(room, now)
        self._mark_alone(leg, now)

    def gate(
        self, leg: Leg, prompts: tuple[str, ...], digits: str, repeats: int, timeout_s: float,
        *, now: float,
    ) -> None:  # fmt: skip
        leg.gate = open_gate(prompts, digits, repeats, timeout_s, now=now)
        leg.passed_gate = False
        self.say(leg, prompts, loop=False, purpose="gate")

    def say(self, leg: Leg, prompts: tuple[str, ...], *, loop: bool, purpose: str) -> None:
        self._sounds += 1
        leg.sound = Sound(self._sounds, prompts, loop, purpose)
        self.lines.sound(leg.id, leg.sound)

    def hush(self, leg: Leg) -> None:
        if leg.sound:
            leg.sound = None
            self.lines.sound(leg.id, None)

    def company_of(self, leg: Leg) -> list[Leg]:
        return [
            one
            for one in self.legs.values()
            if leg.room is not None and one.room == leg.room and one is not leg and one.is_company
        ]

    # What the lines report.

    def offered(
        self, leg: str, *, did: str, cli: str, diversion: str, sip_call_id: str, now: float
    ) -> None:
        self.legs[leg] = Leg(leg, Way.IN, State.OFFERED, now, did=did, cli=cli, touched=now)
        facts: dict[str, Json] = {
            "did": did, "cli": cli, "diversion": diversion, "sip_call_id": sip_call_id,
        }  # fmt: skip
        self._tell(Kind.LEG_OFFERED, self.legs[leg], **facts)
        if self.draining:
            self.legs[leg].ending, self.legs[leg].ending_since = "refused", now
            self.lines.reject(leg)

    def ringing(self, leg: str) -> None:
        if (one := self.legs.get(leg)) and one.state is State.DIALLING:
            one.state = State.RINGING
            self._tell(Kind.LEG_RINGING, one)

    def answered(self, leg: str, *, now: float) -> None:
        one = self.legs.get(leg)
        if one is None or one.is_up:
            return
        one.state, one.answered, one.rings_until = State.ANSWERED, now, None
        one.answered_by = one.answered_by or "command"
        self._tell(Kind.LEG_ANSWERED, one, kind="sip", by=one.answered_by)
        self._mark_alone(one, now)

    def browser_up(self, leg: str, *, now: float) -> None:
        """An agent's browser is connected: for the first time, or again after a page reload."""
        one = self.legs.get(leg)
        if one is None:
            one = self.legs[leg] = Leg(leg, Way.BROWSER, State.ANSWERED, now, answered=now)
            self._tell(Kind.LEG_ANSWERED, one, kind="browser", by="command")
        self._seat(one)
        self.lines.sound(leg, one.sound)

    def media_lost(self, leg: str, *, now: float) -> None:
        if (one := self.legs.get(leg)) and not one.media_lost:
            one.media_lost = True
            self._tell(Kind.MEDIA_LOST, one)
            self._comfort(one.room, now)

    def media_restored(self, leg: str, *, now: float) -> None:
        if (one := self.legs.get(leg)) and one.media_lost:
            one.media_lost = False
            self._tell(Kind.MEDIA_RESTORED, one)
            self._comfort(one.room, now)

    def digit(self, leg: str, digit: str, *, now: float) -> None:
        one = self.legs.get(leg)
        if one is None:
            return
        self._tell(Kind.DIGIT, one, digit=digit)
        if one.gate is None:
            return
        one.gate = pressed(one.gate, digit)
        if one.gate is None:
            one.passed_gate = True
            self.hush(one)
            self._tell(Kind.GATE_PASSED, one, digit=digit)

    def sound_ended(self, leg: str, number: int, *, now: float) -> None:
        one = self.legs.get(leg)
        if one is None or one.sound is None or one.sound.number != number:
            return  # The end of a sound that something else has replaced.
        ended, one.sound = one.sound, None
        if one.gate and ended.purpose == "gate":
            one.gate = prompt_ended(one.gate, now=now)
        elif ended.purpose == "play":
            self._tell(Kind.PLAY_FINISHED, one, prompts=list(ended.prompts))
        self._comfort(one.room, now)

    def ended(self, leg: str, cause: str, sip_code: int | None, *, now: float) -> None:
        one = self.legs.get(leg)
        if one is None:
            return
        self.leave(one, now=now)
        if one.gate:
            one.gate = None
            self._tell(Kind.GATE_FAILED, one, cause="ended")
        del self.legs[leg]
        self._spent[leg] = None
        if len(self._spent) > REMEMBERED:
            self._spent.popitem(last=False)
        facts: dict[str, Json] = {"cause": one.ending or cause, "sip_code": sip_code}
        self._tell(Kind.LEG_ENDED, one, **facts, talk_ms=one.talk_ms)

    def tick(self, *, now: float) -> None:
        """Let time pass: ringing that lasts too long, gates that run out or speak again."""
        for leg in list(self.legs.values()):
            if leg.rings_until is not None and now >= leg.rings_until:
                leg.rings_until = None
                self.hang_up(leg, "no_answer", now=now)
            if leg.ending and now - leg.ending_since >= GONE_AFTER_S:
                self.ended(leg.id, leg.ending, None, now=now)
                continue
            if leg.gate is None:
                self._comfort(leg.room, now)
                continue
            if now >= leg.gate.ends_at:
                failure, leg.gate = leg.gate.failure, None
                self.hush(leg)
                self._tell(Kind.GATE_FAILED, leg, cause=failure)
            elif again := says_again(leg.gate, now=now):
                leg.gate = again
                self.say(leg, again.prompts, loop=False, purpose="gate")

    # Small steps.

    def _comfort(self, room: str | None, now: float) -> None:
        """A caller whose company is gone hears that we are still here; one who has it does not."""
        for leg in self.legs.values():
            if room is None or leg.room != room:
                continue
            self._mark_alone(leg, now)
            if not leg.is_caller:
                continue
            alone = leg.alone_since is not None
            if alone and leg.sound is None:
                self.say(leg, (COMFORT,), loop=True, purpose="comfort")
            elif not alone and leg.sound and leg.sound.purpose == "comfort":
                self.hush(leg)

    def _mark_alone(self, leg: Leg, now: float) -> None:
        if self.company_of(leg):
            leg.alone_since = None
        elif leg.alone_since is None and leg.is_up:
            leg.alone_since = now

    def _seat(self, leg: Leg) -> None:
        heard = leg.mode is Mode.TALK and not leg.muted
        self.lines.seat(leg.id, leg.room, heard=heard)

    def _tell(self, kind: Kind, leg: Leg, /, **facts: Json) -> None:
        self.book.write(kind, {"leg": leg.id, **facts})

    def _leg(self, args: Args) -> Leg:
        leg = self.legs.get(_text(args, "leg"))
        if leg is None or leg.ending:
            raise No(port.NO_SUCH_LEG)
        return leg

    def _up(self, args: Args) -> Leg:
        leg = self._leg(args)
        if not leg.is_up:
            raise No(port.NOT_ANSWERED)
        return leg


def _text(args: Args, name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise No(port.BAD_ARGUMENTS)
    return value


def _texts(args: Args, name: str) -> tuple[str, ...]:
    value = args.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise No(port.BAD_ARGUMENTS)
    return tuple(str(one) for one in value)
