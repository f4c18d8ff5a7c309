"""Transactions at work: the machines of `machines`, their timers on the loop, what is kept for retransmission."""

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Protocol

from cordboard.sip.machines import Do, Event, Input, Kind, State, Timer, Timing, interval, step
from cordboard.sip.message import Answer, Request, Response

log = logging.getLogger(__name__)

Packet = bytes
Key = Hashable


class Wire(Protocol):
    """Where one transaction's packets go: a transport and a destination."""

    @property
    def reliable(self) -> bool:
        """Whether the transport does its own retransmission (TCP)."""

    def send(self, data: Packet) -> None:
        """Send; a failure is told to the transaction's owner later, never raised."""


class Host(Protocol):
    """What a transaction needs of the endpoint that owns it."""

    timing: Timing

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Time."""

    def forget(self, transaction: "Transaction") -> None:
        """The transaction has terminated."""

    def retransmitted(self) -> None:
        """For the counters."""

    def failed(self, transaction: "Transaction") -> None:
        """A callback of the transaction user raised: the exception is being handled."""


class Transaction:
    """One machine, its timers and its last packet."""

    __slots__ = ("_host", "_packet", "_runs", "_timers", "key", "kind", "state", "wire")

    def __init__(self, host: Host, kind: Kind, key: Key, wire: Wire) -> None:
        self._host = host
        self._packet = b""
        self._runs: dict[Timer, int] = {}
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self.kind = kind
        self.key = key
        self.state = State.NEW
        self.wire = wire

    @property
    def over(self) -> bool:
        """Whether it has terminated."""
        return self.state is State.TERMINATED

    def feed(self, given: Input, packet: bytes = b"", message: Request | Response | None = None) -> bool:
        """Step the machine. False if the input means nothing in this state."""
        edge = step(self.kind, self.state, given)
        if edge is None:
            return False
        self.state = edge.to
        for action in edge.actions:
            if isinstance(action, Timer):
                self._start(action, given)
            elif action is Do.SEND:
                self._packet = packet
                self.wire.send(packet)
            elif action is Do.RESEND:
                if self._packet:
                    self._host.retransmitted()
                    self.wire.send(self._packet)
            else:
                self._guarded(action, message)
        if self.state is State.TERMINATED:
            self.close()
        return True

    def close(self) -> None:
        """Stop the timers and leave the table."""
        self.state = State.TERMINATED
        for handle in self._timers.values():
            handle.cancel()
        self._timers.clear()
        self._host.forget(self)

    def _guarded(self, action: Do, message: Request | Response | None) -> None:
        try:
            self.act(action, message)
        except Exception:  # noqa: BLE001 - one call's fault must not reach the others
            self._host.failed(self)

    def act(self, action: Do, message: Request | Response | None) -> None:
        """Tell the transaction user."""
        raise NotImplementedError

    def _start(self, timer: Timer, given: Input) -> None:
        if given is timer:
            self._runs[timer] = self._runs.get(timer, 0) + 1
        delay = interval(
            timer,
            self._host.timing,
            reliable=self.wire.reliable,
            proceeding=self.state is State.PROCEEDING,
            runs=self._runs.get(timer, 0),
        )
        if delay is not None:
            # A zero timer (reliable transport) fires in the next turn of the loop: the state goes before its end.
            self._timers[timer] = self._host.loop.call_later(delay, self._fire, timer)

    def _fire(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        self.feed(timer)


class ClientTransaction(Transaction):
    """A request of ours. `on_response` gets each response that goes up; `on_failure` gets 408 or 503 (§8.1.3.1)."""

    __slots__ = ("_acknowledge", "_on_failure", "_on_response")

    def __init__(
        self,
        host: Host,
        kind: Kind,
        key: Key,
        wire: Wire,
        *,
        on_response: Callable[[Response], None],
        on_failure: Callable[[int], None],
        acknowledge: Callable[[Response], bytes] | None = None,
    ) -> None:
        super().__init__(host, kind, key, wire)
        self._on_response = on_response
        self._on_failure = on_failure
        self._acknowledge = acknowledge

    def receive(self, response: Response) -> bool:
        """A response arrived for us."""
        event = (
            Event.PROVISIONAL if response.status < 200 else Event.SUCCESS if response.status < 300 else Event.FAILURE
        )
        return self.feed(event, message=response)

    def act(self, action: Do, message: Request | Response | None) -> None:
        """Pass a response or a failure up; write the ACK of a failed INVITE."""
        if action is Do.PASS:
            assert isinstance(message, Response)
            self._on_response(message)
        elif action is Do.ACK:
            assert isinstance(message, Response)
            assert self._acknowledge is not None
            self.wire.send(self._acknowledge(message))
        elif action is Do.TIMED_OUT:
            self._on_failure(408)
        elif action is Do.FAILED:
            self._on_failure(503)


class ServerTransaction(Transaction):
    """A request that somebody sent us. Whoever takes it sets `on_ack`, `on_cancel` and `on_failure`."""

    __slots__ = ("_take", "_write", "on_ack", "on_cancel", "on_failure", "request", "to_tag")

    def __init__(
        self,
        host: Host,
        kind: Kind,
        key: Key,
        wire: Wire,
        request: Request,
        *,
        to_tag: str,
        take: Callable[["ServerTransaction"], None],
        write: Callable[["ServerTransaction", Answer], bytes],
    ) -> None:
        super().__init__(host, kind, key, wire)
        self._take = take
        self._write = write
        self.request = request
        self.to_tag = to_tag
        """The tag our responses carry; the dialog's own if the request came inside one."""
        self.on_ack: Callable[[Request], None] | None = None
        self.on_cancel: Callable[[Request], None] | None = None
        self.on_failure: Callable[[int], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether a final response was sent (or can no longer be)."""
        return self.state not in {State.NEW, State.TRYING, State.PROCEEDING}

    def respond(self, answer: Answer) -> None:
        """Send a response. What the machine forbids in its state (a second final response) is not sent."""
        if answer.status == 408 and self.kind is Kind.SERVER:
            return  # RFC 4320 §4.2: it could only arrive when nobody waits for it
        event = (
            Event.SEND_PROVISIONAL
            if answer.status < 200
            else Event.SEND_SUCCESS
            if answer.status < 300
            else Event.SEND_FAILURE
        )
        if step(self.kind, self.state, event) is not None:
            self.feed(event, self._write(self, answer))

    def resend(self) -> None:
        """Repeat the 2xx: the core's business, because the machine's timers stop at a 2xx (§13.3.1.4)."""
        self._host.retransmitted()
        self.feed(Event.SEND_SUCCESS, self._packet)

    def act(self, action: Do, message: Request | Response | None) -> None:
        """Hand the request to the core, or tell whoever has taken it."""
        if action is Do.PASS:
            if message is not None and self.on_ack is not None:
                assert isinstance(message, Request)
                self.on_ack(message)
            elif message is None:
                self._take(self)
        elif self.on_failure is not None:
            self.on_failure(408 if action is Do.TIMED_OUT else 503)

    def _fire(self, timer: Timer) -> None:
        if timer is Timer.TRYING_100:
            self._timers.pop(timer, None)
            if self.state is State.TRYING:
                self.feed(timer, self._write(self, Answer(100)))
            return
        super()._fire(timer)
