"""The call log: what the exchange reports is written down, without ever making a call wait."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from cordboard.office.after_call import CallNotes
from cordboard.office.ended_calls import Directory, EndedCall, EndedCalls, ended_call
from cordboard.office.repositories import CallLogRepository, Ended, LoggedChain, LoggedLeg, Order
from cordboard.telephony import ConnectionRecord, EndReason, Leg, LegRecord

GATHER = 0.1
"""Seconds that changes wait for company: a call that rings and is answered is written once."""

_log = structlog.get_logger("office")


class CallLog:
    """Implements `telephony.CallListener`. `run` writes; calls go on while the database is away.

    A record holds all that has happened to its leg, so only the newest of each leg waits to be written: what is
    kept in memory is bounded by the number of calls, not of changes.
    """

    def __init__(
        self,
        repository: CallLogRepository,
        directory: Directory,
        notes: CallNotes | None = None,
        *,
        written: Callable[[EndedCall], None] = lambda _call: None,
        orders: Callable[[EndedCall], Sequence[Order]] = lambda _call: (),
    ) -> None:
        """`directory` reads numbers as the office's country writes them, and knows whose phones are whose.

        `notes` know what happened in a call beside its legs. `written` is told of each ended call once it stands in
        the log. `orders` says what is to be delivered because of one: it is durable together with the row in the log.
        Neither may raise.
        """
        self.told: list[Callable[[EndedCall], None]] = []
        """Called with each call that is over, before it is written. Must return at once."""
        self._repository = repository
        self._directory = directory
        self._phone = directory.phone
        self._calls = EndedCalls(directory, notes)
        self._written = written
        self._orders = orders
        self._ended: list[EndedCall] = []
        self._legs: dict[str, LegRecord] = {}
        self._connections: dict[str, ConnectionRecord] = {}
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()

    def leg_changed(self, record: LegRecord) -> None:
        """See `telephony.CallListener`."""
        legs, connections = self._calls.united(record)
        self._legs |= {leg.id: leg for leg in legs}
        self._connections |= {each.id: each for each in connections}
        self._legs[record.id] = record
        if (ended := self._calls.leg_changed(record)) is not None:
            self._ended.append(ended)
            for tell in self.told:
                tell(ended)
        self._changed.set()

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See `telephony.CallListener`."""
        self._connections[record.id] = self._calls.connection_changed(record)
        self._changed.set()

    def has_talked(self, leg: Leg) -> bool:
        """Whether a leg of a living call was ever joined with another."""
        return self._calls.has_talked(leg.chain, leg.id)

    async def run(self) -> None:
        """Write what changes, until cancelled. Call `flush` after the end of the last call."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHER)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - calls go on; it is tried again
                _log.exception("the call log could not be written")
                await asyncio.sleep(1.0)

    async def flush(self) -> None:
        """Return when every change reported so far is durable. On an error nothing is lost: it is tried again."""
        async with self._writing:
            legs, self._legs = self._legs, {}
            connections, self._connections = self._connections, {}
            ended, self._ended = self._ended, []
            self._changed.clear()
            if not legs and not connections:
                return
            try:
                logged = [self._logged(leg) for leg in legs.values()]
                orders = [order for call in ended for order in self._orders(call)]
                await self._repository.save(logged, [*connections.values()], ended, orders)
            except BaseException:  # cancelled as well: what was not written waits for the next time
                self._legs = legs | self._legs
                self._connections = connections | self._connections
                self._ended = ended + self._ended
                self._changed.set()
                raise
            for call in ended:
                self._written(call)

    async def close_open(self, reason: EndReason = EndReason.ERROR) -> int:
        """End the calls that a crash has cut, and return how many; call it before the first call.

        ERROR is what a crash is: SHUTDOWN would say that somebody stopped the exchange.
        """

        def told(cut: Sequence[LoggedChain]) -> Ended:
            ended = [ended_call(chain.legs, chain.connections, self._directory) for chain in cut]
            return ended, [order for call in ended for order in self._orders(call)]

        return len(await self._repository.close_open(reason, told))

    async def recent(
        self, limit: int = 50, *, chain: str | None = None, number: str | None = None
    ) -> Sequence[LoggedChain]:
        """The newest chains first, of one id, or with a `number` written in any way. Running calls included."""
        await self.flush()
        return await self._repository.recent(
            limit, chain=chain, number=self._phone(number) if number is not None else None
        )

    def _logged(self, record: LegRecord) -> LoggedLeg:
        return LoggedLeg(record, self._phone(record.caller.number).canonical, self._phone(record.dialled).canonical)
