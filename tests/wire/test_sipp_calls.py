"""Calls that SIPp makes, right and wrong ones. After each nothing may be left behind."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.repositories import LoggedChain
from cordboard.telephony import Direction, EndReason
from cordboard.testing.office_process import OfficeProcess, until
from cordboard.testing.sipp import Ear, Sipp, sipp

pytestmark = [pytest.mark.wire, pytest.mark.peer, pytest.mark.slow]

SIPP = Path(__file__).parent / "sipp"
OUTSIDE = "0322000001"
both_transports = pytest.mark.parametrize("transport", ["udp", "tcp"])


class Desk:
    """SIPp and the exchange, with what both have done since the test began."""

    def __init__(self, exchange: OfficeProcess, work: Path) -> None:
        self.exchange = exchange
        self._work = work
        self._known = {chain.id for chain in exchange.chains()}
        self._before = exchange.metrics()

    def start(
        self, scenario: str, number: str = "700", *, account: str = "101", password: str = "", **more: Any
    ) -> AbstractContextManager[Sipp]:
        """A phone of the office calls."""
        password = password or self.exchange.passwords[account]
        return sipp(
            SIPP / f"{scenario}.xml",
            self._work,
            server=self.exchange.sip_port,
            number=number,
            account=account,
            password=password,
            **more,
        )

    def call(self, scenario: str, number: str = "700", **more: Any) -> str:
        """A phone of the office calls, and the call goes as the scenario says; the messages."""
        with self.start(scenario, number, **more) as phone:
            return phone.finish()

    def from_outside(self, scenario: str, **more: Any) -> AbstractContextManager[Sipp]:
        """The far end of the line calls."""
        return sipp(
            SIPP / f"{scenario}.xml",
            self._work,
            server=self.exchange.sip_port,
            number="0322327757",
            port=self.exchange.city_port,
            **more,
        )

    def called(self, scenario: str, port: int = 0) -> AbstractContextManager[Sipp]:
        """Waits for the exchange to call: the far end of the line, or a phone at `port`."""
        return sipp(SIPP / f"{scenario}.xml", self._work, port=port or self.exchange.city_port)

    def logged(self) -> Sequence[LoggedChain]:
        """The calls of this test, newest first."""
        return [chain for chain in self.exchange.chains() if chain.id not in self._known]

    def one_chain(self) -> LoggedChain:
        """The only call of this test, when it is over."""
        until(lambda: [leg for chain in self.logged() for leg in chain.legs if leg.ended], of="an ended leg in the log")
        until(lambda: all(leg.ended for chain in self.logged() for leg in chain.legs), of="the end of all legs")
        (chain,) = self.logged()
        return chain

    def growth(self, name: str) -> float:
        """By how much a figure has grown."""
        return self.exchange.metrics()[name] - self._before.get(name, 0.0)

    def is_clean(self) -> None:
        """Nothing runs any more, and nothing went wrong within the exchange."""
        until(lambda: not self.exchange.calls(), of="the end of all calls")
        metrics = self.exchange.metrics()
        assert (metrics["legs"], metrics["runs"]) == (0, 0)
        assert self.growth("faults") == 0
        assert self.growth("media_restarts") == 0
        assert "Traceback" not in self.exchange.log()


@pytest.fixture
def desk(exchange: OfficeProcess, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(exchange, tmp_path)
    yield desk
    desk.is_clean()


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@both_transports
def test_a_call_is_answered_and_ended_by_the_caller(desk: Desk, ear: Ear, transport: str) -> None:
    desk.call("answered", transport=transport, rtp_port=ear.port)
    (leg,) = desk.one_chain().legs
    assert (leg.account, leg.dialled, leg.reason) == ("101", "700", EndReason.HUNG_UP)
    assert leg.answered is not None
    assert leg.ended is not None
    assert 0.3 < (leg.ended - leg.answered).total_seconds() < 3.0
    assert 10 <= ear.heard() <= 60
    assert ear.missing == 0
    # It counts, and then closes the stream: a packet may go out in between.
    assert 0 <= len(ear.packets) - until(lambda: desk.growth("rtp_sent")) <= 2


def test_who_hangs_up_in_the_middle_of_a_prompt_frees_everything_at_once(desk: Desk, ear: Ear) -> None:
    desk.call("answered", rtp_port=ear.port, calls=10, within=15)
    until(lambda: not desk.exchange.calls(), within=1.0, of="the end of all calls")
    heard = ear.heard()
    assert len(ear.sources) == 10
    for port in ear.sources:
        # The stream is closed: its port can be had, and no packet comes any more.
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))
    assert ear.heard() == heard
    until(lambda: sum(leg.ended is not None for chain in desk.logged() for leg in chain.legs) == 10, of="ten ends")
    assert {leg.reason for chain in desk.logged() for leg in chain.legs} == {EndReason.HUNG_UP}
    assert len(desk.logged()) == 10


def test_a_busy_phone_is_told_as_busy(desk: Desk) -> None:
    with desk.start("register", account="102") as registration:
        registration.finish()
        port = registration.port
    with desk.called("uas_busy", port) as phone:
        desk.call("busy", "102")
        phone.finish()
    inbound, outbound = desk.one_chain().legs
    assert (inbound.direction, inbound.reason, inbound.answered) == (Direction.INBOUND, EndReason.BUSY, None)
    assert (outbound.account, outbound.reason, outbound.answered) == ("102", EndReason.BUSY, None)


@both_transports
def test_a_caller_who_gives_up_ends_the_ringing(desk: Desk, transport: str) -> None:
    with desk.called("uas_rings") as outside:
        desk.call("cancelled", OUTSIDE, transport=transport)
        outside.finish()
    inbound, outbound = desk.one_chain().legs
    assert (inbound.reason, inbound.answered) == (EndReason.CANCELLED, None)
    assert (outbound.line, outbound.dialled, outbound.reason) == ("city", OUTSIDE, EndReason.CANCELLED)


@pytest.mark.timeout(90)
def test_an_answer_that_nobody_confirms_is_repeated_and_then_taken_back(desk: Desk) -> None:
    messages = desk.call("no_ack", within=40, retransmits=False)
    assert messages.count("BYE sip:") == 1
    (leg,) = desk.one_chain().legs
    assert leg.answered is not None
    assert leg.ended is not None
    assert 31.0 < (leg.ended - leg.answered).total_seconds() < 34.0
    assert leg.reason is EndReason.VANISHED


def test_an_answer_that_was_lost_comes_again(desk: Desk) -> None:
    messages = desk.call("lost_200", retransmits=False)
    assert messages.count("SIP/2.0 200 OK") == 3, "two of the INVITE, one of the BYE: none after the ACK"
    (leg,) = desk.one_chain().legs
    assert leg.reason is EndReason.HUNG_UP


def test_an_invite_that_arrives_again_is_one_call(desk: Desk) -> None:
    with desk.from_outside("invite_again", retransmits=False) as outside:
        outside.finish()
    (leg,) = desk.one_chain().legs
    assert (leg.line, leg.dialled, leg.reason) == ("city", "0322327757", EndReason.HUNG_UP)
    assert leg.caller.number == "0443334455"


@pytest.mark.parametrize(("account", "password"), [("101", "wrong"), ("199", "nobody's")])
def test_who_cannot_prove_himself_makes_no_call(desk: Desk, account: str, password: str) -> None:
    messages = desk.call("wrong_password", account=account, password=password)
    assert "180 Ringing" not in messages
    assert desk.growth("sip_auth_failures") == 1
    assert desk.logged() == []


def test_a_number_that_nobody_has_is_told_as_such(desk: Desk) -> None:
    desk.call("unknown_number", "799")
    (leg,) = desk.one_chain().legs
    assert (leg.dialled, leg.answered, leg.reason) == ("799", None, EndReason.NOT_FOUND)


def test_a_caller_without_an_offer_is_made_one_and_hears_us(desk: Desk, ear: Ear) -> None:
    with desk.from_outside("late_offer", rtp_port=ear.port) as outside:
        outside.finish()
    (leg,) = desk.one_chain().legs
    assert leg.reason is EndReason.HUNG_UP
    assert 20 <= ear.heard() <= 60
    assert {packet[1] & 0x7F for packet in ear.packets} == {8}


def test_a_held_call_is_silent_until_it_is_taken_back(desk: Desk, ear: Ear) -> None:
    with desk.start("hold", rtp_port=ear.port) as phone:
        until(lambda: any(leg["held"] for call in desk.exchange.calls() for leg in call["legs"]), of="the hold")
        before = ear.heard()
        until(lambda: not any(leg["held"] for call in desk.exchange.calls() for leg in call["legs"]), of="the resume")
        during = ear.heard() - before
        phone.finish()
    assert during <= 5, "at most what was on its way"
    assert before >= 10
    assert ear.heard() - before - during >= 15
    (leg,) = desk.one_chain().legs
    assert leg.reason is EndReason.HUNG_UP


@both_transports
def test_a_key_by_info_steers_a_menu(desk: Desk, transport: str) -> None:
    desk.call("key_by_info", transport=transport)
    (leg,) = desk.one_chain().legs
    assert leg.answered is not None
    assert leg.reason is EndReason.HUNG_UP


def test_rubbish_hurts_no_call_and_is_counted(desk: Desk, ear: Ear) -> None:
    with desk.start("answered_long", rtp_port=ear.port) as phone, socket.socket(type=socket.SOCK_DGRAM) as stranger:
        until(lambda: ear.heard() >= 5, of="the voice")
        (rtp,) = ear.sources
        for rubbish in (
            b"",
            b"\r\n\r\n",
            b"\x00" * 40,
            bytes(range(256)),
            b"INVITE",
            b"INVITE sip:700 SIP/2.0\r\n\r\n",
        ):
            stranger.sendto(rubbish, ("127.0.0.1", desk.exchange.sip_port))
            stranger.sendto(rubbish, ("127.0.0.1", rtp))
        with socket.create_connection(("127.0.0.1", desk.exchange.sip_port)) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: cordboard\r\n\r\n" + bytes(range(256)))
        # The exchange still takes the phone's own next message, or SIPp fails.
        phone.finish()
    (leg,) = desk.one_chain().legs
    assert leg.reason is EndReason.HUNG_UP
    assert ear.heard() >= 90
    assert ear.missing == 0
    assert desk.growth("sip_malformed") >= 3
    assert until(lambda: desk.growth("rtp_strangers") + desk.growth("rtp_malformed")) >= 5
