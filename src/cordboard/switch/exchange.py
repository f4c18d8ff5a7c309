"""The exchange on the real wire."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from cordboard.sip.addressing import Addressing, networks
from cordboard.sip.agent import Agent
from cordboard.sip.api import (
    Identity,
    IncomingSession,
    NotAcceptableError,
    OutgoingSession,
    Session,
    SessionHandler,
)
from cordboard.sip.instant import InstantMessage
from cordboard.sip.referrals import Referral
from cordboard.sip.registrar import Registrar
from cordboard.sip.uri import write_uri
from cordboard.switch.bridge import SipBridge
from cordboard.switch.conference import SipConference
from cordboard.switch.doors import Doors
from cordboard.switch.inbound import InboundLeg
from cordboard.switch.lamps import SipLamps
from cordboard.switch.leg import SipLeg
from cordboard.switch.lines import Lines, LineState
from cordboard.switch.location import StoredBindings
from cordboard.switch.monitor import SipMonitor
from cordboard.switch.negotiation import Terms
from cordboard.switch.outbound import OutboundLeg, Way
from cordboard.switch.settings import SwitchSettings
from cordboard.switch.texts import SipTexts
from cordboard.switch.transfers import PhoneTransfers
from cordboard.switch.vanished import Watch
from cordboard.switch.voices import Voices
from cordboard.switch.ways import Ways
from cordboard.telephony import (
    CallListener,
    Clock,
    ConnectionRecord,
    Direction,
    Directory,
    EndReason,
    Leg,
    LegHandler,
    LegRecord,
    LegState,
    Line,
    LineTarget,
    Monitoring,
    Party,
    PhoneTarget,
    Registrations,
    Talks,
    Target,
    TransferHandler,
)

_log = structlog.get_logger("switch")
_GOODBYE = 1.0
"""Seconds that phones and providers are given when the exchange stops."""


class SipExchange:
    """Implements `telephony.Exchange` over SIP and RTP, and `switch.services.Services` for its legs.

    Made by `open_exchange`. It owns every task that its legs need; they end with it.
    """

    def __init__(
        self,
        settings: SwitchSettings,
        directory: Directory,
        registrations: Registrations,
        listener: CallListener,
        clock: Clock,
    ) -> None:
        self.listener = listener
        self.clock = clock
        self.terms = Terms(settings.codecs, ipv6=":" in settings.rtp_host)
        self.voices = Voices(settings.rtp_ports, settings.rtp_host)
        bound = settings.listen[0].host if settings.listen else ""
        self._addressing = Addressing(settings.external_address, networks(tuple(settings.local_networks)), bound)
        self._bindings = StoredBindings(registrations)
        self._registrar = Registrar(self._bindings, clock=self._unix_time)
        self._lines = Lines(directory)
        self._ways = Ways(directory, self._registrar, self._lines)
        self.lamps = SipLamps(directory, self._lamp_changed)
        self.agent = Agent(
            settings.listen,
            admission=Doors(directory, self._lines),
            on_invite=self._invited,
            on_message=self._messaged,
            on_refer=self._referred,
            events=self.lamps,
            registrar=self._registrar,
            addressing=self._addressing,
            clock=self._unix_time,
        )
        self.texts = SipTexts(self.agent, self._ways, self._lines)
        self._legs: dict[str, SipLeg] = {}
        self._watch = Watch(lambda: list(self._legs.values()), self.spawn, settings.silence)
        self.talks = Talks(self)
        self._handler: LegHandler | None = None
        self.transfer: TransferHandler | None = None
        """Takes the transfers that phones ask for."""
        self._transfers = PhoneTransfers(lambda: list(self._legs.values()), self.spawn, lambda: self.transfer)
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- telephony.Exchange -----------------------------------------------------------------------------------

    async def serve(self, handler: LegHandler, *, transfer: TransferHandler | None = None) -> None:
        """See telephony.Exchange."""
        self._handler, self.transfer = handler, transfer
        try:
            await asyncio.Event().wait()
        finally:
            self._end_all()

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """See telephony.Exchange."""
        first = targets[0] if targets else None
        record = LegRecord(
            id=_new_id(),
            chain=chain or _new_id(),
            direction=Direction.OUTBOUND,
            state=LegState.CALLING,
            caller=caller,
            dialled=self._ways.dialled(first) if first else "",
            account=first.account if isinstance(first, PhoneTarget) and len(targets) == 1 else "",
            line=first.line if isinstance(first, LineTarget) else "",
            started=self.clock.now(),
        )

        def invite(way: Way, handler: SessionHandler, offer: bytes) -> OutgoingSession:
            return self.agent.invite(
                way.uri,
                handler,
                caller=Identity(caller.number or "anonymous", "", caller.name),
                called=way.called,
                offer=offer,
                via=way.via,
                credentials=way.credentials,
            )

        leg = OutboundLeg(record, self, [way for target in targets for way in self._ways.to(target)], invite)
        self._legs[leg.id] = leg
        self.spawn(leg.call(ring_time))
        return leg

    async def join(self, a: Leg, b: Leg) -> SipBridge:
        """See telephony.Exchange."""
        assert isinstance(a, SipLeg), "a leg of another exchange"
        assert isinstance(b, SipLeg), "a leg of another exchange"
        if a is b:
            raise ValueError("a leg cannot be joined with itself")
        bridge = self._bridge(a, b, a.chain)
        await bridge.open()
        return bridge

    async def conference(self) -> SipConference:
        """See telephony.Exchange."""
        return SipConference(_new_id(), self, lambda a, b: self._bridge(a, b, a.chain))

    async def monitor(self, leg: Leg, listener: Leg, mode: Monitoring) -> SipMonitor:
        """See telephony.Exchange."""
        assert isinstance(leg, SipLeg), "a leg of another exchange"
        assert isinstance(listener, SipLeg), "a leg of another exchange"
        if leg is listener:
            raise ValueError("a leg cannot watch over itself")
        monitor = SipMonitor(leg, listener, mode)
        await monitor.open()
        return monitor

    def legs(self) -> Sequence[Leg]:
        """See telephony.Exchange."""
        return list(self._legs.values())

    # --- for the office and the administrator -----------------------------------------------------------------

    def reachable(self, account: str) -> bool:
        """Whether a phone of the account is registered."""
        return bool(self._registrar.bindings(account))

    def line_states(self) -> Sequence[LineState]:
        """How the lines stand."""
        return self._lines.states()

    @property
    def media_up(self) -> bool:
        """Whether there is a worker to carry voices."""
        return self.voices.up

    def counters(self) -> Mapping[str, float]:
        """What has happened since the start, by name. Packets are counted when their leg has ended."""
        sip = self.agent.counters
        return {
            **{f"sip_{method.lower()}": float(count) for method, count in sip.requests.items()},
            "sip_malformed": sip.malformed,
            "sip_stray_responses": sip.stray_responses,
            "sip_auth_failures": sip.auth_failures,
            "sip_retransmissions": sip.retransmissions,
            "faults": sip.faults,
            **self.voices.figures,
        }

    # --- switch.services.Services -----------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """See Services."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def advertised(self, peer_host: str) -> str:
        """See Services."""
        return self._addressing.advertised(peer_host)

    def forget(self, leg: Leg) -> None:
        """See Services."""
        self._legs.pop(leg.id, None)

    # --- its life ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the wire. Raises PortTakenError, WorkerDiedError; `close` is to be called all the same."""
        self._registrar.restore(await self._bindings.load())
        await self.voices.start()
        await self.agent.start()

    async def keep(self) -> None:
        """Keep lines and worker, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.voices.keep())
            group.create_task(self._lines.keep(self.agent, self._contact_of))
            group.create_task(self._watch.keep())

    async def close(self) -> None:
        """End all calls, sign out, and close the wire."""
        self._end_all()
        await self.talks.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await self._lines.leave()
                while self._tasks:
                    await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agent.close()
        await self.voices.close()

    # --- within -----------------------------------------------------------------------------------------------

    def _bridge(self, a: SipLeg, b: SipLeg, chain: str) -> SipBridge:
        record = ConnectionRecord(id=_new_id(), chain=chain, a_leg=a.id, b_leg=b.id, started=self.clock.now())
        return SipBridge(record, a, b)

    def _end_all(self) -> None:
        self._handler = None
        for leg in list(self._legs.values()):
            leg.finish(EndReason.SHUTDOWN)

    def _contact_of(self, line: Line, host: str) -> str:
        port = next((a.port for a in self.agent.addresses if a.transport == line.transport), 5060)
        return write_uri(line.name, self._addressing.advertised(host), port, line.transport)

    async def _invited(self, session: IncomingSession) -> None:
        handler = self._handler
        if handler is None:
            session.refuse(503, "Not Ready", headers={"Retry-After": "2"})
            return
        try:
            theirs = self.terms.read(session.offer) if session.offer is not None else None
        except NotAcceptableError:
            session.refuse(488, "Not Acceptable Here")
            return
        replaces = ""
        if session.replaces is not None:
            replaced = self._transfers.replaced(self.agent, session, session.replaces)
            if isinstance(replaced, int):
                session.refuse(replaced)
                return
            replaces = replaced.id
        visitor = self._ways.visitor(session)
        record = LegRecord(
            id=_new_id(),
            chain=_new_id(),
            direction=Direction.INBOUND,
            state=LegState.CALLING,
            caller=visitor.caller,
            dialled=visitor.dialled,
            account=visitor.account,
            line=visitor.line,
            started=self.clock.now(),
            replaces=replaces,
        )
        leg = InboundLeg(record, self, session, theirs, latch=visitor.latch, inband_keys=visitor.inband_keys)
        self._legs[leg.id] = leg
        leg.begin()
        try:
            await handler(leg)
        except Exception:  # noqa: BLE001  (a fault of one call must end that call alone)
            _log.exception("the handler of a leg failed", leg=leg.id, chain=leg.chain)
            leg.finish(EndReason.ERROR)
        finally:
            leg.finish(EndReason.HUNG_UP if leg.record.answered else EndReason.REJECTED)

    def _lamp_changed(self, event: str, user: str) -> None:
        assert self.agent.subscriptions is not None
        self.agent.subscriptions.changed(event, user)

    def _referred(self, session: Session, referral: Referral) -> None:
        self._transfers.referred(self.agent, session, referral)

    async def _messaged(self, message: InstantMessage) -> None:
        await self.texts.arrived(message)

    def _unix_time(self) -> float:
        return self.clock.now().timestamp()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        _report(task)


@asynccontextmanager
async def open_exchange(
    settings: SwitchSettings,
    directory: Directory,
    registrations: Registrations,
    listener: CallListener,
    clock: Clock,
) -> AsyncIterator[SipExchange]:
    """An exchange on the wire, for as long as the context lasts. Raises PortTakenError, WorkerDiedError."""
    exchange = SipExchange(settings, directory, registrations, listener, clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(exchange.close)
        await exchange.start()
        await stack.enter_async_context(_running(exchange.keep()))
        yield exchange


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the block. Its failure is logged at once, and raised when the block is left."""
    task = asyncio.create_task(work)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        _log.error("a task of the switch failed", exc_info=fault)


def _new_id() -> str:
    return uuid.uuid4().hex
