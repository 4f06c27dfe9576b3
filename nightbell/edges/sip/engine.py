"""The SIP engine: baresip behind the few words we use, and its measured quirks in one place.

- `answer(video=True)` keeps an audio-only answer from being followed by a needless re-INVITE.
- An inbound call tells neither To nor From: they are exposed as headers instead.
- The request's own address is not told at all, so an edge names the dialled number in `X-Did`.
- Numbers without an account of their own need `catchall=yes`; loopback needs `net_interface`.
- A call can be turned away with 486 and nothing else.
- It starts without a word on a port it cannot have.
- Its log lines carry addresses, so numbers are taken out of them.
- One runtime a process; a runtime that died cannot be restarted, so its process ends.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

import baresip
from baresip.events import Event as StackEventName
from baresip.events import StackEvent

from nightbell.core.errors import Broken, Refused
from nightbell.core.ids import new_id
from nightbell.core.phone import PhoneRefused, e164
from nightbell.edges.sip.line import SipLine

log = logging.getLogger(__name__)

DIGITS = re.compile(r"\+?\d{7,}")
HEADERS = ("To", "From", "Diversion", "P-Asserted-Identity", "X-Did")
RTP_PORTS = "20000-29998"
# A caller who is silent on a line that sends nothing in silence must not be taken for gone.
RTP_TIMEOUT_S = 180
USER = re.compile(r"(?:sips?|tel):([^@;>\s]+)", re.IGNORECASE)


class Listener(Protocol):
    """Who hears what becomes of calls. All are called on the event loop."""

    def offered(self, call: "SipCall") -> None: ...
    def ringing(self, call: "SipCall") -> None: ...
    def answered(self, call: "SipCall") -> None: ...
    def digit(self, call: "SipCall", digit: str) -> None: ...
    def ended(self, call: "SipCall") -> None: ...


class SipPortTaken(Refused):
    """Another program has the SIP port. Stop it, or choose another port with --sip-port
    (NIGHTBELL_SIP_PORT) or, for the carrier double, NIGHTBELL_CARRIER_PORT."""


class EngineDidNotStart(Broken):
    """The SIP engine did not start. Its log says why; start the process again."""


class WithoutNumbers(logging.Filter):
    """Takes telephone numbers out of what the engine logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = DIGITS.sub("(number)", record.getMessage()), ()
        return True


class SipCall:
    """One call at the engine, either direction."""

    def __init__(self, leg: str, call: "baresip.Call") -> None:
        self.leg = leg
        self.line = SipLine(call.audio)
        self._call = call
        self.close_reason = ""
        headers: Mapping[str, str] = {name.lower(): v for name, v in call.headers.items()}
        self.did = number_in(headers.get("x-did", "") or headers.get("to", ""))
        self.cli = number_in(headers.get("p-asserted-identity", "") or (call.peer or ""))
        self.diversion = number_in(headers.get("diversion", ""))
        self.sip_call_id = call.call_id or ""

    def answer(self) -> None:
        _in_background(self._call.answer(video=True))

    def reject(self) -> None:
        _in_background(self._call.reject())

    def hangup(self) -> None:
        _in_background(self._call.hangup())

    def send_digits(self, digits: str) -> None:
        _in_background(self._call.send_dtmf(digits))

    def watch(self, listener: Listener) -> None:
        def on_digit(pressed: baresip.DigitEvent) -> None:
            listener.digit(self, pressed.digit)

        def on_event(event: StackEvent) -> None:
            self._tell(event, listener)

        self._call.on_dtmf(on_digit)
        self._call.on(on_event)

    def _tell(self, event: StackEvent, listener: Listener) -> None:
        match event.event:
            case StackEventName.CALL_RINGING | StackEventName.CALL_PROGRESS:
                listener.ringing(self)
            case StackEventName.CALL_ESTABLISHED:
                listener.answered(self)
            case StackEventName.CALL_CLOSED:
                self.close_reason = event.text or ""
                self.line.close()
                listener.ended(self)
            case _:
                pass


class SipEngine:
    def __init__(self, listener: Listener, *, host: str, port: int) -> None:
        self._listener = listener
        self._host = host
        self._port = port
        self._runtime = baresip.Runtime()
        self._accounts: dict[str, baresip.UserAgent] = {}
        self.died = asyncio.Event()

    async def start(self) -> None:
        refuse_taken_port(self._host, self._port)
        # Unbounded calls: at our limits a caller waits in a queue, never hears busy from a library.
        config = baresip.Config(
            net_interface=self._host if self._host != "0.0.0.0" else None,
            max_concurrent_calls=None,
            expose_headers=HEADERS,
            rtp_timeout=RTP_TIMEOUT_S,
            extra_config_text=f"sip_listen {self._host}:{self._port}\nrtp_ports {RTP_PORTS}\n",
        )
        self._runtime.on_dead = self.died.set
        for name in ("baresip.native", "baresip.native.sip", "baresip.call", "baresip.ua"):
            logging.getLogger(name).addFilter(WithoutNumbers())
        logging.getLogger("baresip").setLevel(logging.WARNING)
        try:
            await self._runtime.start(config)
        except baresip.BaresipError:
            raise EngineDidNotStart(port=self._port) from None
        await self._account("nightbell", catchall=True)

    async def close(self) -> None:
        await self._runtime.close()

    async def dial(self, leg: str, to: str, at: str, caller_id: str, did: str = "") -> SipCall:
        account = await self._account(caller_id or "nightbell")
        headers = {"P-Asserted-Identity": f"<sip:{caller_id}@{self._host}>"} if caller_id else {}
        if did:
            headers["X-Did"] = did
        call = SipCall(leg, await account.dial(f"sip:{to}@{at}", headers))
        call.watch(self._listener)
        return call

    async def _account(self, user: str, *, catchall: bool = False) -> "baresip.UserAgent":
        """The identity that calls go out as: the number shown is the account's user part."""
        if user in self._accounts:
            return self._accounts[user]
        account = baresip.Account(
            user=user,
            domain=f"{self._host}:{self._port}",
            password="",
            reg_interval=0,
            audio_codecs=("pcmu", "pcma"),
            extra_params=("catchall=yes",) if catchall else (),
        )
        agent = await baresip.UserAgent.create(self._runtime, account, transfer_policy="reject")
        agent.on_incoming(self._incoming)
        self._accounts[user] = agent
        return agent

    def _incoming(self, call: "baresip.Call") -> None:
        one = SipCall(new_id().hex, call)
        one.watch(self._listener)
        self._listener.offered(one)


def refuse_taken_port(host: str, port: int) -> None:
    """The engine would start all the same, and hear nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            raise SipPortTaken(port=port) from None


def number_in(header: str) -> str:
    """`+12125550143` out of a header's SIP or tel address; as it stands when it is no number."""
    found = USER.search(header)
    text = found[1] if found else header.strip().strip("<>")
    try:
        return e164(text)
    except PhoneRefused:
        return text


_running: set[asyncio.Task[Any]] = set()


def _in_background(deed: Coroutine[Any, Any, None]) -> None:
    """Ask the engine something whose outcome comes back as an event."""
    task = asyncio.get_running_loop().create_task(_quietly(deed))
    _running.add(task)
    task.add_done_callback(_running.discard)


async def _quietly(deed: Coroutine[Any, Any, None]) -> None:
    try:
        await deed
    except baresip.StaleHandleError:
        pass  # The far end hung up first; its own event says so.
    except (baresip.BaresipError, ValueError) as error:
        log.warning("the SIP engine refused: %s", type(error).__name__)
