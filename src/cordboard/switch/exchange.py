"""The exchange on the real wire."""

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from cordboard.media.api import Codec, MediaServer, MediaStream, StreamHandler, WorkerDiedError
from cordboard.media.client import start_worker
from cordboard.sip.addressing import Addressing, networks
from cordboard.sip.agent import Agent
from cordboard.sip.api import Identity, IncomingSession, OutgoingSession, SessionHandler
from cordboard.sip.registrar import Registrar
from cordboard.switch.bridge import SipBridge
from cordboard.switch.doors import Doors
from cordboard.switch.inbound import InboundLeg
from cordboard.switch.leg import SipLeg
from cordboard.switch.lines import Lines, LineState
from cordboard.switch.location import StoredBindings
from cordboard.switch.negotiation import can_answer
from cordboard.switch.outbound import OutboundLeg, Way
from cordboard.switch.settings import SwitchSettings
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
    Party,
    PhoneTarget,
    Registrations,
    Target,
)

_log = structlog.get_logger("switch")
_FIGURES = ("media_restarts", "rtp_sent", "rtp_received", "rtp_lost", "rtp_strangers", "rtp_malformed")
_WORKER_RETRY = 1.0
"""Seconds until a worker that did not start is tried again."""


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
        self.codecs: Sequence[Codec] = settings.codecs
        self.settings = settings
        self._directory = directory
        self._lines = Lines(directory)
        bound = settings.listen[0].host if settings.listen else ""
        self._addressing = Addressing(settings.external_address, networks(tuple(settings.local_networks)), bound)
        self._bindings = StoredBindings(registrations)
        self._registrar = Registrar(self._bindings, clock=_unix(clock))
        self.agent = Agent(
            settings.listen,
            admission=Doors(directory, self._lines),
            on_invite=self._invited,
            registrar=self._registrar,
            addressing=self._addressing,
            clock=_unix(clock),
        )
        self._media: MediaServer | None = None
        self._figures: Counter[str] = Counter(
            dict.fromkeys(
                ("media_restarts", "rtp_sent", "rtp_received", "rtp_lost", "rtp_strangers", "rtp_malformed"), 0
            )
        )
        self._legs: dict[str, SipLeg] = {}
        self._handler: LegHandler | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._bridges: dict[str, SipBridge] = {}

    # --- telephony.Exchange -----------------------------------------------------------------------------------

    async def serve(self, handler: LegHandler) -> None:
        """See telephony.Exchange."""
        self._handler = handler
        try:
            await asyncio.Event().wait()
        finally:
            self._handler = None
            for leg in list(self._legs.values()):
                leg.finish(EndReason.SHUTDOWN)

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """See telephony.Exchange."""
        ways = [way for target in targets for way in self._ways(target)]
        first = targets[0] if targets else None
        record = LegRecord(
            id=_new_id(),
            chain=chain or _new_id(),
            direction=Direction.OUTBOUND,
            state=LegState.CALLING,
            caller=caller,
            dialled=self._dialled(first),
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

        leg = OutboundLeg(record, self, ways, invite)
        self._legs[leg.id] = leg
        self.spawn(_cancel_after(leg, self.spawn(leg.place(ring_time))))
        return leg

    async def join(self, a: Leg, b: Leg) -> SipBridge:
        """See telephony.Exchange."""
        assert isinstance(a, SipLeg), "a leg of another exchange"
        assert isinstance(b, SipLeg), "a leg of another exchange"
        for leg in (a, b):
            if (old := self._bridges.get(leg.id)) is not None:
                await old.close()
        record = ConnectionRecord(id=_new_id(), chain=a.chain, a_leg=a.id, b_leg=b.id, started=self.clock.now())
        bridge = SipBridge(record, a, b)
        self._bridges[a.id] = self._bridges[b.id] = bridge
        if self._media is not None:
            await bridge.join(self._media)
        self.spawn(self._watch(bridge))
        return bridge

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
        return self._media is not None

    def counters(self) -> Mapping[str, float]:
        """What has happened since the start, by name. Packets are counted when their leg has ended."""
        sip = self.agent.counters
        requests = {f"sip_{method.lower()}": float(count) for method, count in sip.requests.items()}
        return {
            **requests,
            "sip_malformed": sip.malformed,
            "sip_stray_responses": sip.stray_responses,
            "sip_auth_failures": sip.auth_failures,
            "sip_retransmissions": sip.retransmissions,
            "faults": sip.faults,
            **self._figures,
        }

    # --- switch.services.Services -----------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """See Services."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def open_stream(self, handler: StreamHandler) -> MediaStream:
        """See Services."""
        if self._media is None:
            raise WorkerDiedError
        return await self._media.open(handler, host=self.settings.rtp_host)

    async def close_stream(self, stream: MediaStream) -> None:
        """See Services. What the stream has counted is kept."""
        with contextlib.suppress(WorkerDiedError):
            stats = await stream.stats()
            self._figures.update(
                rtp_sent=stats.sent,
                rtp_received=stats.received,
                rtp_lost=stats.lost,
                rtp_strangers=stats.strangers,
                rtp_malformed=stats.malformed,
            )
            await stream.close()

    def advertised(self, peer_host: str) -> str:
        """See Services."""
        return self._addressing.advertised(peer_host)

    def forget(self, leg: Leg) -> None:
        """See Services."""
        self._legs.pop(leg.id, None)

    # --- within -----------------------------------------------------------------------------------------------

    async def run(self, opened: asyncio.Event) -> None:
        """Open the wire, keep lines and worker, until cancelled."""
        self._registrar.restore(await self._bindings.load())
        self._media = await start_worker(rtp_ports=self.settings.rtp_ports)
        await self.agent.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_worker())
                group.create_task(self._lines.keep(self.agent, self._contact_of))
                opened.set()
        finally:
            await self._shut()

    async def _keep_worker(self) -> None:
        while True:
            assert self._media is not None
            await self._media.died()
            _log.error("media worker died: its calls end, a new one is started")
            self._media = None
            self._figures["media_restarts"] += 1
            while self._media is None:
                try:
                    self._media = await start_worker(rtp_ports=self.settings.rtp_ports)
                except WorkerDiedError:
                    _log.exception("no media worker could be started")
                    await asyncio.sleep(_WORKER_RETRY)

    def _contact_of(self, line: Line) -> str:
        host = self._addressing.advertised(line.host)
        port = next((a.port for a in self.agent.addresses if a.transport == line.transport), 5060)
        return f"sip:{line.name}@{host}:{port};transport={line.transport}"

    async def _shut(self) -> None:
        for leg in list(self._legs.values()):
            leg.finish(EndReason.SHUTDOWN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._lines.leave(self.agent, self._contact_of)
                while self._tasks:
                    await asyncio.wait(self._tasks)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agent.close()
        if self._media is not None:
            await self._media.close()

    async def _invited(self, session: IncomingSession) -> None:
        handler = self._handler
        if handler is None:
            session.refuse(503, "Not Ready", headers={"Retry-After": "2"})
            return
        if not can_answer(session.offer, self.codecs):
            session.refuse(488, "Not Acceptable Here")
            return
        leg = self._inbound(session)
        self._legs[leg.id] = leg
        leg.begin()
        try:
            await handler(leg)
        except Exception:  # noqa: BLE001  (a fault of one call must end that call alone)
            _log.exception("the handler of a leg failed", leg=leg.id, chain=leg.chain)
            leg.finish(EndReason.ERROR)
        finally:
            leg.finish(EndReason.HUNG_UP if leg.record.answered else EndReason.REJECTED)

    def _inbound(self, session: IncomingSession) -> InboundLeg:
        account = self._directory.account(session.account) if session.account else None
        line = None if account else self._lines.owner(session.source, session.uri.user)
        dialled, latch = session.uri.user, False
        if account is not None:
            # What a phone says of itself is not believed: it has proved its account.
            caller, latch = Party(account.number, account.display_name), account.behind_nat
        else:
            caller = _caller_from_line(session)
        if line is not None:
            latch = line.behind_nat
            if dialled == line.name:
                # The provider calls our contact; what the caller dialled stands in To.
                dialled = session.called.user or line.number
        record = LegRecord(
            id=_new_id(),
            chain=_new_id(),
            direction=Direction.INBOUND,
            state=LegState.CALLING,
            caller=caller,
            dialled=dialled,
            account=account.name if account else "",
            line=line.name if line else "",
            started=self.clock.now(),
        )
        return InboundLeg(record, self, session, latch=latch)

    def _ways(self, target: Target) -> list[Way]:
        match target:
            case PhoneTarget(account):
                known = self._directory.account(account)
                return [
                    Way(
                        uri=binding.contact,
                        called=Identity(account, ""),
                        account=account,
                        via=binding.source,
                        latch=known.behind_nat if known else False,
                    )
                    for binding in self._registrar.bindings(account)
                ]
            case LineTarget(name, number):
                keeper = self._lines.get(name)
                if keeper is None:
                    return []
                line = keeper.line
                host = line.host if line.port == 5060 else f"{line.host}:{line.port}"
                return [
                    Way(
                        uri=f"sip:{number}@{host};transport={line.transport}",
                        called=Identity(number, line.host),
                        via=keeper.via,
                        credentials=keeper.credentials,
                        latch=line.behind_nat,
                    )
                ]

    def _dialled(self, target: Target | None) -> str:
        match target:
            case LineTarget(number=number):
                return number
            case PhoneTarget(account):
                known = self._directory.account(account)
                return known.number if known else account
            case None:
                return ""

    async def _watch(self, bridge: SipBridge) -> None:
        try:
            await bridge.watch(self.listener, self.clock)
        finally:
            for leg in bridge.legs:
                if self._bridges.get(leg.id) is bridge:
                    del self._bridges[leg.id]

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("a task of the switch failed", exc_info=fault)


@asynccontextmanager
async def open_exchange(
    settings: SwitchSettings,
    directory: Directory,
    registrations: Registrations,
    listener: CallListener,
    clock: Clock,
) -> AsyncIterator[SipExchange]:
    """An exchange on the wire, for as long as the context lasts. Raises PortTakenError."""
    exchange = SipExchange(settings, directory, registrations, listener, clock)
    opened = asyncio.Event()
    running = asyncio.create_task(exchange.run(opened))
    waiting = asyncio.create_task(opened.wait())
    try:
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        yield exchange
    finally:
        waiting.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _caller_from_line(session: IncomingSession) -> Party:
    """The CallerID that a line gives; empty if it is hidden."""
    user = session.caller.user
    return Party("" if user.lower() in ("anonymous", "unknown") else user, session.caller.name)


async def _cancel_after(leg: SipLeg, task: asyncio.Task[None]) -> None:
    """The ring time is of no interest once the leg is over."""
    await leg.ended()
    task.cancel()


def _unix(clock: Clock) -> Callable[[], float]:
    return lambda: clock.now().timestamp()


def _new_id() -> str:
    return uuid.uuid4().hex
