"""Two agents over real sockets on loopback."""

import asyncio

import pytest

from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Credentials, EndedBy, Identity, IncomingSession, PortTakenError
from cordboard.sip.digest import ha1_of
from cordboard.sip.registrar import Registrar
from cordboard.testing.sip import Witness

ALICE = Identity("101", "office", "Alice")


class Office:
    realm = "office"

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:
        return caller.user == "line"

    def secret(self, username: str) -> tuple[str, str] | None:
        secrets = {"101": ("MD5", "secret"), "102": ("SHA-256", "geheim")}
        if username not in secrets:
            return None
        algorithm, password = secrets[username]
        return algorithm, ha1_of(algorithm, username, self.realm, password)


class Answering:
    """Takes calls and answers them."""

    def __init__(self) -> None:
        self.witness = Witness()
        self.call: IncomingSession | None = None

    async def __call__(self, call: IncomingSession) -> None:
        self.call = call
        call.begin(self.witness)
        call.progress(180)
        call.accept(b"answer")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_registers_calls_and_hangs_up(transport: str) -> None:
    takes = Answering()
    registrar = Registrar(clock=lambda: 1000.0)
    exchange = Agent([Address(transport, "127.0.0.1", 0)], Office(), takes, registrar=registrar)
    phone = Agent([Address(transport, "127.0.0.1", 0)])
    await exchange.start()
    await phone.start()
    at = exchange.addresses[0]
    try:
        for user, password in (("101", "secret"), ("102", "geheim")):
            reply = await phone.request(
                "REGISTER",
                "sip:office",
                caller=Identity(user, "office"),
                via=at,
                credentials=Credentials(user, password),
                headers={"Expires": "300"},
            )
            assert reply.status == 200
            (binding,) = registrar.bindings(user)
            assert binding.expires == 1300.0
            assert binding.source.transport == transport
        assert (await phone.request("OPTIONS", "sip:office", caller=ALICE, via=at)).status == 200

        witness = Witness()
        call = phone.invite(
            "sip:700@office", witness, caller=ALICE, offer=b"offer", via=at, credentials=Credentials("101", "secret")
        )
        assert await witness.until("accepted") == b"answer"
        assert await takes.witness.until("acknowledged") is None
        assert takes.call is not None
        assert (takes.call.account, takes.call.uri.user, takes.call.caller.name) == ("101", "700", "Alice")
        assert takes.call.offer == b"offer"
        assert await call.inform("application/dtmf-relay", b"Signal=5\r\n")
        assert await takes.witness.until("information") == ("application/dtmf-relay", b"Signal=5\r\n")
        await call.bye()
        await takes.witness.until("ended")
        assert takes.witness.ended_by is EndedBy.REMOTE
        assert witness.ended_by is EndedBy.LOCAL
    finally:
        await phone.close()
        await exchange.close()


async def test_a_wrong_password_and_an_unknown_user_get_the_same_refusal() -> None:
    exchange = Agent([Address("udp", "127.0.0.1", 0)], Office(), Answering())
    phone = Agent([Address("udp", "127.0.0.1", 0)])
    await exchange.start()
    await phone.start()
    ends = []
    try:
        for user in ("101", "999"):
            witness = Witness()
            phone.invite(
                "sip:700@office",
                witness,
                caller=Identity(user, "office"),
                offer=b"offer",
                via=exchange.addresses[0],
                credentials=Credentials(user, "wrong"),
            )
            await witness.until("ended")
            ends.append(witness.end)
        assert [end.status for end in ends] == [403, 403]
        assert ends[0] == ends[1]
        assert exchange.counters.auth_failures == 2
    finally:
        await phone.close()
        await exchange.close()


async def test_a_taken_port_is_said_so() -> None:
    first = Agent([Address("tcp", "127.0.0.1", 0)])
    await first.start()
    try:
        second = Agent([Address("udp", "127.0.0.1", 0), first.addresses[0]])
        with pytest.raises(PortTakenError, match="is taken by another program"):
            await second.start()
    finally:
        await first.close()


async def test_nobody_listens_on_tcp() -> None:
    phone = Agent([Address("tcp", "127.0.0.1", 0)])
    gone = Agent([Address("tcp", "127.0.0.1", 0)])
    await phone.start()
    await gone.start()
    where = gone.addresses[0]
    await gone.close()
    witness = Witness()
    phone.invite("sip:700@office", witness, caller=ALICE, offer=b"offer", via=where)
    async with asyncio.timeout(5):
        await witness.until("ended")
    assert (witness.end.by, witness.end.status) == (EndedBy.TIMEOUT, 503)
    await phone.close()
