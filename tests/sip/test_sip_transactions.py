"""The machines of RFC 3261 §17 by themselves, in virtual time: what is sent when, what goes up, when they are gone."""

import asyncio
from dataclasses import dataclass, field

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.machines import TABLES, Do, Event, Kind, State, Timer, Timing, interval
from cordboard.sip.message import Answer, Request, Response
from cordboard.sip.parsing import parse
from cordboard.sip.transactions import ClientTransaction, ServerTransaction, Transaction


@dataclass
class Record:
    """A Wire and a Host that write everything down."""

    reliable: bool = False
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    gone: float | None = None
    repeats: int = 0
    timing: Timing = field(default_factory=Timing)

    def send(self, data: bytes) -> None:
        self.sent.append((round(self.loop.time(), 3), data))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def forget(self, transaction: Transaction) -> None:
        self.gone = round(self.loop.time(), 3)

    def retransmitted(self) -> None:
        self.repeats += 1

    def failed(self, transaction: Transaction) -> None:
        raise AssertionError(transaction.key)

    def times(self, what: bytes) -> list[float]:
        return [time for time, data in self.sent if data == what]


def message(start: str, cseq: str = "1 INVITE") -> Request | Response:
    return parse(
        f"{start}\r\nVia: SIP/2.0/UDP a:5060;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n"
        f"Call-ID: 1\r\nCSeq: {cseq}\r\n\r\n".encode()
    )


def response(status: int) -> Response:
    made = message(f"SIP/2.0 {status} X")
    assert isinstance(made, Response)
    return made


def request(method: str) -> Request:
    made = message(f"{method} sip:b@b SIP/2.0", f"1 {method}")
    assert isinstance(made, Request)
    return made


class Client:
    def __init__(self, kind: Kind, *, reliable: bool = False) -> None:
        self.record = Record(reliable)
        self.up: list[int] = []
        self.failure: tuple[float, int] | None = None
        self.transaction = ClientTransaction(
            self.record,
            kind,
            "key",
            self.record,
            on_response=lambda one: self.up.append(one.status),
            on_failure=self._fail,
            acknowledge=lambda one: f"ACK {one.status}".encode(),
        )
        self.transaction.feed(Event.START, b"request")

    def _fail(self, status: int) -> None:
        self.failure = (round(self.record.loop.time(), 3), status)


class Server:
    def __init__(self, method: str, *, reliable: bool = False) -> None:
        self.record = Record(reliable)
        self.taken = 0
        self.acks = 0
        self.failure: tuple[float, int] | None = None
        self.transaction = ServerTransaction(
            self.record,
            Kind.INVITE_SERVER if method == "INVITE" else Kind.SERVER,
            "key",
            self.record,
            request(method),
            to_tag="t",
            take=self._take,
            write=lambda _, answer: str(answer.status).encode(),
        )
        self.transaction.on_failure = self._fail
        self.transaction.on_ack = self._ack
        self.transaction.feed(Event.START)

    def _take(self, _: ServerTransaction) -> None:
        self.taken += 1

    def _ack(self, _: Request) -> None:
        self.acks += 1

    def _fail(self, status: int) -> None:
        self.failure = (round(self.record.loop.time(), 3), status)


@virtual_time
async def test_invite_client_times_out() -> None:
    client = Client(Kind.INVITE_CLIENT)
    await asyncio.sleep(100)
    assert client.record.times(b"request") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert client.failure == (32, 408)
    assert client.record.gone == 32


@virtual_time
async def test_invite_client_on_a_reliable_transport_sends_once() -> None:
    client = Client(Kind.INVITE_CLIENT, reliable=True)
    await asyncio.sleep(100)
    assert client.record.times(b"request") == [0]
    assert client.failure == (32, 408)


@virtual_time
async def test_invite_client_waits_without_limit_once_it_rings() -> None:
    client = Client(Kind.INVITE_CLIENT)
    await asyncio.sleep(0.7)
    client.transaction.receive(response(180))
    await asyncio.sleep(1000)
    assert client.record.times(b"request") == [0, 0.5]
    assert client.failure is None
    assert client.transaction.state is State.PROCEEDING
    client.transaction.close()


@virtual_time
async def test_invite_client_acknowledges_each_copy_of_a_refusal_and_tells_it_once() -> None:
    client = Client(Kind.INVITE_CLIENT)
    for _ in range(3):
        client.transaction.receive(response(486))
        await asyncio.sleep(1)
    await asyncio.sleep(100)
    assert client.record.times(b"ACK 486") == [0, 1, 2]
    assert client.up == [486]
    assert client.record.gone == 32  # timer D


@virtual_time
async def test_invite_client_on_a_reliable_transport_is_gone_at_once_after_a_refusal() -> None:
    client = Client(Kind.INVITE_CLIENT, reliable=True)
    client.transaction.receive(response(486))
    await asyncio.sleep(1)
    assert client.record.gone == 0


@virtual_time
async def test_invite_client_passes_every_2xx_up_until_timer_m() -> None:
    client = Client(Kind.INVITE_CLIENT)
    for _ in range(3):
        client.transaction.receive(response(200))
        await asyncio.sleep(1)
    client.transaction.receive(response(180))
    await asyncio.sleep(100)
    assert client.up == [200, 200, 200]
    assert [data for _, data in client.record.sent] == [b"request"]
    assert client.record.gone == 32


@virtual_time
async def test_invite_client_on_a_dead_transport() -> None:
    client = Client(Kind.INVITE_CLIENT)
    client.transaction.feed(Event.ERROR)
    assert client.failure == (0, 503)
    assert client.record.gone == 0


@virtual_time
async def test_client_times_out() -> None:
    client = Client(Kind.CLIENT)
    await asyncio.sleep(100)
    assert client.record.times(b"request") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert client.failure == (32, 408)


@virtual_time
async def test_client_slows_down_after_a_provisional_response() -> None:
    client = Client(Kind.CLIENT)
    client.transaction.receive(response(100))
    await asyncio.sleep(13)
    assert client.record.times(b"request") == [0, 0.5, 4.5, 8.5, 12.5]
    client.transaction.receive(response(200))
    client.transaction.receive(response(200))
    await asyncio.sleep(100)
    assert client.up == [100, 200]
    assert client.record.gone == 18  # timer K
    assert client.failure is None


@virtual_time
async def test_client_on_a_reliable_transport() -> None:
    client = Client(Kind.CLIENT, reliable=True)
    await asyncio.sleep(10)
    client.transaction.receive(response(404))
    await asyncio.sleep(1)
    assert client.record.times(b"request") == [0]
    assert client.up == [404]
    assert client.record.gone == 10


@virtual_time
async def test_invite_server_repeats_its_refusal_until_the_ack() -> None:
    server = Server("INVITE")
    server.transaction.respond(Answer(486))
    await asyncio.sleep(9)
    server.transaction.feed(Event.ACK, message=request("ACK"))
    server.transaction.feed(Event.ACK, message=request("ACK"))
    await asyncio.sleep(100)
    assert server.record.times(b"486") == [0, 0.5, 1.5, 3.5, 7.5]
    assert server.acks == 0  # hop by hop: nobody above is told
    assert server.record.gone == 14  # timer I
    assert server.failure is None


@virtual_time
async def test_invite_server_without_ack() -> None:
    server = Server("INVITE")
    server.transaction.respond(Answer(486))
    await asyncio.sleep(100)
    assert server.record.times(b"486") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert server.failure == (32, 408)


@virtual_time
async def test_invite_server_on_a_reliable_transport_sends_its_refusal_once() -> None:
    server = Server("INVITE", reliable=True)
    server.transaction.respond(Answer(486))
    await asyncio.sleep(5)
    server.transaction.feed(Event.ACK, message=request("ACK"))
    await asyncio.sleep(1)
    assert server.record.times(b"486") == [0]
    assert server.record.gone == 5


@virtual_time
async def test_invite_server_answers_a_repeated_invite_with_its_last_provisional() -> None:
    server = Server("INVITE")
    server.transaction.feed(Event.REQUEST)
    server.transaction.respond(Answer(100))
    server.transaction.respond(Answer(180))
    server.transaction.feed(Event.REQUEST)
    assert [data for _, data in server.record.sent] == [b"100", b"180", b"180"]
    assert server.taken == 1
    server.transaction.close()


@virtual_time
async def test_invite_server_absorbs_repeated_invites_after_a_2xx() -> None:
    server = Server("INVITE")
    server.transaction.respond(Answer(200))
    server.transaction.feed(Event.REQUEST)
    server.transaction.respond(Answer(180))
    server.transaction.respond(Answer(486))
    server.transaction.resend()
    server.transaction.feed(Event.ACK, message=request("ACK"))
    await asyncio.sleep(100)
    assert [data for _, data in server.record.sent] == [b"200", b"200"]
    assert server.acks == 1
    assert server.record.gone == 32  # timer L


@virtual_time
async def test_server_answers_copies_until_timer_j() -> None:
    server = Server("BYE")
    server.transaction.feed(Event.REQUEST)
    server.transaction.respond(Answer(200))
    server.transaction.respond(Answer(500))
    server.transaction.feed(Event.REQUEST)
    await asyncio.sleep(100)
    assert [data for _, data in server.record.sent] == [b"200", b"200"]
    assert server.record.gone == 32


@virtual_time
async def test_a_slow_server_says_100_when_timer_e_has_reached_t2_and_nothing_when_it_is_too_late() -> None:
    server = Server("REGISTER")
    server.transaction.respond(Answer(183))
    server.transaction.respond(Answer(408))
    await asyncio.sleep(100)
    server.transaction.respond(Answer(200))
    assert server.record.sent == [(3.5, b"100")]
    assert server.record.gone == 32


@virtual_time
async def test_a_slow_server_on_a_reliable_transport_says_no_100() -> None:
    server = Server("REGISTER", reliable=True)
    await asyncio.sleep(10)
    server.transaction.respond(Answer(200))
    await asyncio.sleep(1)
    assert server.record.sent == [(10, b"200")]
    assert server.record.gone == 10


@pytest.mark.parametrize("kind", Kind)
def test_every_timer_that_is_started_leads_somewhere(kind: Kind) -> None:
    started = {action for edges in TABLES[kind].values() for edge in edges.values() for action in edge.actions} - set(
        Do
    )
    heard = {given for edges in TABLES[kind].values() for given in edges if isinstance(given, Timer)}
    assert started == heard


@pytest.mark.parametrize("kind", Kind)
def test_every_state_that_is_reached_has_a_way_out_by_time_or_waits_for_its_user(kind: Kind) -> None:
    table = TABLES[kind]
    reached = {edge.to for edges in table.values() for edge in edges.values()} - {State.TERMINATED}
    without = {state for state in reached if not any(isinstance(one, Timer) for one in table.get(state, {}))}
    waiting = {Kind.INVITE_CLIENT: {State.PROCEEDING}, Kind.INVITE_SERVER: {State.PROCEEDING}}
    assert without == waiting.get(kind, set())


def test_intervals_follow_the_settings() -> None:
    quick = Timing(t1=0.1, t2=0.4, t4=1.0)
    assert [interval(Timer.A, quick, reliable=False, runs=n) for n in range(4)] == [0.1, 0.2, 0.4, 0.8]
    assert [interval(Timer.G, quick, reliable=False, runs=n) for n in range(4)] == [0.1, 0.2, 0.4, 0.4]
    assert interval(Timer.B, quick, reliable=True) == pytest.approx(6.4)
    assert interval(Timer.I, quick, reliable=False) == 1.0
    assert interval(Timer.D, quick, reliable=True) == 0
