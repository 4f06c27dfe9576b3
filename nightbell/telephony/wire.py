"""Commands, replies and events as JSON lines: what travels on a switch's control socket.

Controller to switch: `{"ask": {...}}`, `{"listen": [epoch, seq]}`, `{"ack": [epoch, seq]}`.
Switch to controller: `{"reply": {...}}`, `{"event": {...}}`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from nightbell.core.errors import Refused
from nightbell.telephony.port import Command, Event, Json, Kind, Op, Position, Reply

LINE_LIMIT = 1 << 20  # An SDP offer is the longest line, about 10 kB; a megabyte is a mistake.


class WireRefused(Refused):
    """The control socket takes one JSON object a line, in the shape telephony/wire.py shows."""


@dataclass(frozen=True, slots=True)
class Listen:
    after: Position


@dataclass(frozen=True, slots=True)
class Ack:
    through: Position


Request = Command | Listen | Ack
Answer = Reply | Event


def encode_request(request: Request) -> bytes:
    match request:
        case Command(command_id, op, args):
            return _line({"ask": {"command_id": command_id, "op": op.value, "args": dict(args)}})
        case Listen(after):
            return _line({"listen": list(after)})
        case Ack(through):
            return _line({"ack": list(through)})


def decode_request(line: bytes) -> Request:
    match _object(line):
        case {"ask": {"command_id": str(command_id), "op": str(op), "args": dict(args)}}:
            try:
                return Command(command_id, Op(op), cast(dict[str, Json], args))
            except ValueError:
                raise WireRefused from None
        case {"listen": [int(epoch), int(seq)]}:
            return Listen((epoch, seq))
        case {"ack": [int(epoch), int(seq)]}:
            return Ack((epoch, seq))
        case _:
            raise WireRefused


def encode_answer(answer: Answer) -> bytes:
    match answer:
        case Reply(command_id, code, result):
            body = {"command_id": command_id, "code": code, "result": dict(result)}
            return _line({"reply": body})
        case Event():
            return _line({"event": event_to_json(answer)})


def decode_answer(line: bytes) -> Answer:
    match _object(line):
        case {"reply": {"command_id": str(command_id), "code": str(code), "result": dict(result)}}:
            return Reply(command_id, code, cast(dict[str, Json], result))
        case {"event": dict(event)}:
            return event_from_json(cast(dict[str, Json], event))
        case _:
            raise WireRefused


def event_to_json(event: Event) -> dict[str, Json]:
    return {
        "switch": event.switch,
        "epoch": event.epoch,
        "seq": event.seq,
        "kind": event.kind.value,
        "at": event.at.isoformat(),
        "facts": dict(event.facts),
    }


def event_from_json(event: Mapping[str, Json]) -> Event:
    match event:
        case {
            "switch": str(switch),
            "epoch": int(epoch),
            "seq": int(seq),
            "kind": str(kind),
            "at": str(at),
            "facts": dict(facts),
        }:
            try:
                when = datetime.fromisoformat(at)
                return Event(switch, epoch, seq, Kind(kind), when, cast(dict[str, Json], facts))
            except ValueError:
                raise WireRefused from None
        case _:
            raise WireRefused


def _line(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except ValueError:
        raise WireRefused from None
    if not isinstance(body, dict):
        raise WireRefused
    return cast(dict[str, Any], body)
