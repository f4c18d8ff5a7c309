"""Offers and answers as other people's phones make them, over the wire."""

import asyncio
from pathlib import Path

import pytest

from cordboard.media.api import Codec
from cordboard.sip.api import EndedBy, Identity, NotAcceptableError
from cordboard.sip.sdp import parse
from cordboard.switch.leg import SipLeg
from cordboard.telephony import CollectEnd, KeyRule, Leg, LegState, LineTarget, Party, PlayEnd, Tone
from cordboard.testing.audio import hears, tone
from cordboard.testing.exchange import until
from cordboard.testing.real_exchange import Office
from cordboard.testing.switch import BOTH, Peer, PeerCall, description, line_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

RING = [Tone((440.0,), 60.0)]


async def joined(office: Office, peer: Peer, legs: asyncio.Queue[Leg], *formats: str) -> tuple[PeerCall, PeerCall]:
    """Two calls of the peer whose voices are joined; the first has those formats."""
    calls = []
    both = []
    for wanted in (formats, BOTH):
        calls.append(await peer.dial(office.server, "200", *wanted))
        both.append(await legs.get())
        assert await both[-1].answer()
        await calls[-1].answer()
    await office.exchange.join(both[0], both[1])
    return calls[0], calls[1]


async def hears_voice(speaker: PeerCall, listener: PeerCall, hz: float, codec: Codec = Codec.PCMA) -> None:
    """Whether what one says reaches the other."""
    before = len(listener.rtp.heard)
    where = await speaker.voice_of()
    speaker.rtp.say(where, tone(hz, seconds=0.2))
    await listener.rtp.until(lambda rtp: len(rtp.heard) >= before + 5)
    assert hears(listener.rtp.samples(codec), hz)


@pytest.mark.parametrize(
    ("formats", "chosen"),
    [
        (("0 PCMU",), ["PCMU"]),
        (("8 PCMA",), ["PCMA"]),
        (("18 G729", "0 PCMU", "96 telephone-event"), ["PCMU", "telephone-event"]),
        (("0 pcmu", "8 PCMA", "101 TELEPHONE-EVENT"), ["PCMU", "telephone-event"]),
    ],
)
async def test_the_first_common_codec_is_answered_and_heard(
    tmp_path: Path, formats: tuple[str, ...], chosen: list[str]
) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *formats)
        leg = await legs.get()
        assert await leg.answer()
        answer = await call.answer()
        assert [one.name for one in answer.payloads] == chosen
        numbers = {one.split()[1].lower(): int(one.split()[0]) for one in formats}
        assert [one.pt for one in answer.payloads] == [numbers[name.lower()] for name in chosen]
        codec = Codec(chosen[0])
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(leg.play(RING))
            await call.rtp.until(lambda rtp: hears(rtp.loud(codec), 440.0))
            await leg.hang_up()
        assert playing.result().end is PlayEnd.STOPPED
        assert (await call.end()).by is EndedBy.REMOTE


@pytest.mark.parametrize("formats", [("18 G729",), ("101 telephone-event",), ("9 G722", "18 G729")])
async def test_without_a_common_codec_nothing_rings(tmp_path: Path, formats: tuple[str, ...]) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *formats)
        assert (await call.end()).status == 488
        assert call.statuses == []
        assert legs.empty()
        assert office.exchange.legs() == []


async def test_an_offer_that_cannot_be_read_or_reached_is_refused(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        for sdp in (
            description(4000, "8 PCMA").replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 phone.example"),
            description(4000, "8 PCMA").replace(b"c=IN IP4 127.0.0.1", b"c=IN IP6 ::1"),
            description(0, "8 PCMA"),
        ):
            call = PeerCall(await peer.new_rtp())
            peer.agent.invite(
                f"sip:200@{office.server.host}:{office.server.port}",
                call,
                caller=Identity("0671234567"),
                offer=sdp,
                via=office.server,
            )
            assert (await call.end()).status == 488
        assert legs.empty()


async def test_a_late_offer_flows_both_ways_after_the_ack(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        late = await peer.dial(office.server, "200", late=True)
        first = await legs.get()
        answering = asyncio.create_task(first.answer())
        offered = await late.answer()
        assert [one.name for one in offered.payloads] == ["PCMA", "PCMU", "telephone-event"]
        assert not answering.done(), "voices cannot flow before the ACK"
        assert late.session is not None
        late.session.acknowledge(description(late.rtp.port, "0 PCMU", "101 telephone-event"))  # type: ignore[union-attr]  # it was dialled
        assert await answering
        other = await peer.dial(office.server, "200", *BOTH)
        second = await legs.get()
        assert await second.answer()
        await office.exchange.join(first, second)
        await hears_voice(other, late, 700.0, Codec.PCMU)
        before = len(other.rtp.heard)
        late.rtp.say(await late.voice_of(), tone(900.0, seconds=0.2), Codec.PCMU)
        await other.rtp.until(lambda rtp: len(rtp.heard) >= before + 5)
        assert hears(other.rtp.samples(), 900.0)


async def test_a_late_offer_that_is_never_answered_ends_the_leg(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        late = await peer.dial(office.server, "200", late=True)
        leg = await legs.get()
        answering = asyncio.create_task(leg.answer())
        await late.answer()
        assert late.session is not None
        late.session.acknowledge(b"")  # type: ignore[union-attr]  # it was dialled
        assert not await answering
        assert (await late.end()).by is EndedBy.REMOTE
        assert office.exchange.legs() == []


@pytest.mark.parametrize(
    ("direction", "host", "answered"),
    [("sendonly", "127.0.0.1", "recvonly"), ("inactive", "127.0.0.1", "inactive"), ("sendrecv", "0.0.0.0", "recvonly")],
)
async def test_hold_and_resume(tmp_path: Path, direction: str, host: str, answered: str) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        assert call.session is not None
        answer = await call.session.reoffer(description(call.rtp.port, *BOTH, direction=direction, host=host))
        assert parse(answer).direction == answered
        await until(lambda: leg.record.held)
        silent_from = len(call.rtp.heard)
        playing = asyncio.create_task(leg.play([Tone((440.0,), 0.3)]))
        assert (await playing).end is PlayEnd.FINISHED
        assert len(call.rtp.heard) <= silent_from + 1, "nobody who holds us is sent packets"
        answer = await call.session.reoffer(description(call.rtp.port, *BOTH))
        assert parse(answer).direction == "sendrecv"
        await until(lambda: not leg.record.held)
        playing = asyncio.create_task(leg.play(RING))
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        await leg.hang_up()
        await playing
        held = [record.held for record in office.listener.of(leg.id)]
        assert held == [False, False, True, False, False]


async def test_a_voice_follows_to_another_port_and_codec(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, *BOTH)
        await hears_voice(other, call, 700.0)
        moved = await peer.new_rtp()
        assert call.session is not None
        await call.session.reoffer(description(moved.port, "0 PCMU"))
        old = len(call.rtp.heard)
        other.rtp.say(await other.voice_of(), tone(900.0, seconds=0.2))
        await moved.until(lambda rtp: len(rtp.heard) >= 5)
        assert hears(moved.samples(Codec.PCMU), 900.0)
        assert len(call.rtp.heard) == old


async def test_a_refused_change_leaves_the_call_as_it_was(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, *BOTH)
        assert call.session is not None
        with pytest.raises(NotAcceptableError):
            await call.session.reoffer(description(call.rtp.port, "18 G729"))
        await hears_voice(other, call, 700.0)
        await hears_voice(call, other, 900.0)


async def test_keys_have_the_number_that_was_agreed(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, "8 PCMA", "96 telephone-event")
        other.rtp.press(await other.voice_of(), "7")
        await call.rtp.until(lambda rtp: [one for one in rtp.heard if one.payload_type == 96])
        assert {one.payload[0] for one in call.rtp.heard if one.payload_type == 96} == {7}
        assert not [one for one in call.rtp.heard if one.payload_type == 101]


async def test_a_key_reaches_a_party_that_knows_tones_only(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, "8 PCMA")
        other.rtp.press(await other.voice_of(), "5")
        await call.rtp.until(lambda rtp: len(rtp.loud()) >= 640)
        assert hears(call.rtp.loud(), 770.0)
        assert hears(call.rtp.loud(), 1336.0)
        assert {one.payload_type for one in call.rtp.heard} == {8}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
        ("Application/DTMF-Relay; charset=x", b"Signal= 5\nDuration= 160\n"),
        ("application/dtmf", b"5"),
    ],
)
async def test_a_key_by_info_interrupts_and_counts_once(tmp_path: Path, kind: str, body: bytes) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", "8 PCMA")
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        playing = asyncio.create_task(leg.play(RING, interrupt="5"))
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        assert call.session is not None
        assert await call.session.inform(kind, body)
        played = await playing
        assert (played.end, played.key) == (PlayEnd.KEY, "5")
        assert played.seconds < 5.0
        collected = await leg.collect(KeyRule(max_digits=2, first_timeout=0.1, between_timeout=0.1))
        assert (collected.digits, collected.end) == ("5", CollectEnd.TIMEOUT)


async def test_an_info_without_a_key_is_nothing(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", "8 PCMA")
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        assert call.session is not None
        for kind, body in (
            ("application/dtmf-relay", b"Signal=\r\n"),
            ("text/plain", b"5"),
            ("application/dtmf", b"55x"),
        ):
            assert await call.session.inform(kind, body)
        assert (await leg.collect(KeyRule(first_timeout=0.05))).digits == ""


async def test_a_key_by_info_reaches_the_other_party_once(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, *BOTH)
        assert other.session is not None
        assert await other.session.inform("application/dtmf-relay", b"Signal=9\r\n")
        assert await other.session.inform("application/dtmf-relay", b"Signal=#\r\n")

        def pressed() -> list[int]:
            events = [one for one in call.rtp.heard if one.payload_type == 101]
            starts = {one.timestamp: one.payload[0] for one in events}
            return list(starts.values())

        await call.rtp.until(lambda _: pressed() == [9, 11])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second in which a key is the same press: a busy machine must not make two of one."""
    monkeypatch.setattr("cordboard.switch.keys.SAME_PRESS", 1.0)
    monkeypatch.setattr("cordboard.switch.leg.SAME_PRESS", 1.0)


@pytest.mark.usefixtures("patient")
async def test_a_key_that_comes_both_ways_reaches_the_other_party_once(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call, other = await joined(office, peer, legs, *BOTH)
        assert other.session is not None
        assert await other.session.inform("application/dtmf-relay", b"Signal=9\r\n")
        other.rtp.press(await other.voice_of(), "9")
        assert await other.session.inform("application/dtmf-relay", b"Signal=#\r\n")

        def pressed() -> list[int]:
            events = [one for one in call.rtp.heard if one.payload_type == 101]
            starts = {one.timestamp: one.payload[0] for one in events}
            return list(starts.values())

        await call.rtp.until(lambda _: 11 in pressed())
        assert pressed() == [9, 11]


@pytest.mark.usefixtures("patient")
async def test_the_twin_of_a_key_does_not_stop_the_next_prompt(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.answer()
        where = await call.voice_of()
        first = asyncio.create_task(leg.play(RING, interrupt="12"))
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        assert call.session is not None
        assert await call.session.inform("application/dtmf", b"1")
        assert (await first).key == "1"
        assert (await leg.collect(KeyRule())).digits == "1"
        second = asyncio.create_task(leg.play([Tone((660.0,), 60.0)], interrupt="12"))
        await call.rtp.until(lambda rtp: hears(rtp.loud()[-400:], 660.0))
        call.rtp.press(where, "1")  # the same press, a little later
        assert (await leg.collect(KeyRule(first_timeout=0.5))).digits == ""
        assert not second.done()
        call.rtp.press(where, "1")  # a press of its own
        played = await asyncio.wait_for(second, 2.0)
        assert (played.end, played.key) == (PlayEnd.KEY, "1")


async def test_a_later_prompt_keeps_its_own_interruption(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", "8 PCMA")
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        first = asyncio.create_task(leg.play(RING, interrupt="1"))
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        second = asyncio.create_task(leg.play([Tone((660.0,), 60.0)], interrupt="2"))
        assert (await first).end is PlayEnd.STOPPED
        await call.rtp.until(lambda rtp: hears(rtp.loud()[-800:], 660.0))
        assert call.session is not None
        await call.session.inform("application/dtmf", b"1")
        await call.session.inform("application/dtmf", b"2")
        played = await asyncio.wait_for(second, 2.0)
        assert (played.end, played.key) == (PlayEnd.KEY, "2")


async def test_an_outgoing_call_takes_what_the_answer_chose(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, _):
        leg = await office.exchange.originate([LineTarget("city", "+380 (67) 123#")], caller=Party("100"))
        session, call = await peer.taken.get()
        assert session.uri.user == "+380 (67) 123#"
        session.accept(description(call.rtp.port, "0 PCMU", "97 telephone-event"))
        assert await leg.answer()
        playing = asyncio.create_task(leg.play(RING))
        await call.rtp.until(lambda rtp: hears(rtp.loud(Codec.PCMU), 440.0))
        await leg.send_digits("4")
        await call.rtp.until(lambda rtp: [one for one in rtp.heard if one.payload_type == 97])
        await leg.hang_up()
        await playing
        assert (await call.end()).by is EndedBy.REMOTE


@pytest.mark.parametrize("sdp", [None, description(4000, "18 G729")])
async def test_an_answer_that_cannot_be_used_ends_the_call(tmp_path: Path, sdp: bytes | None) -> None:
    async with line_office(tmp_path) as (office, peer, _):
        leg = await office.exchange.originate([LineTarget("city", "1")], caller=Party("100"))
        session, call = await peer.taken.get()
        session.accept(sdp or b"")
        assert not await asyncio.wait_for(leg.answer(), 3.0)
        assert (await call.end()).by is EndedBy.REMOTE
        assert leg.state is LegState.ENDED


async def test_a_late_offer_within_a_joined_call(tmp_path: Path) -> None:
    """A re-INVITE without an offer: ours goes out with the 200, and the ACK says where the voice is from now on."""
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert isinstance(leg, SipLeg)
        assert await leg.answer()
        moved = await peer.new_rtp()
        offered = parse(await leg.offered(None))
        assert ([one.name for one in offered.payloads], offered.direction) == (
            ["PCMA", "PCMU", "telephone-event"],
            "sendrecv",
        )
        assert (offered.host, offered.port) == await call.voice_of()
        leg.acknowledged(description(moved.port, "0 PCMU"))
        playing = asyncio.create_task(leg.play(RING))
        await moved.until(lambda rtp: hears(rtp.loud(Codec.PCMU), 440.0))
        # A repeated ACK, or one that brings something nobody asked for, changes nothing.
        leg.acknowledged(description(call.rtp.port, "8 PCMA"))
        before = len(moved.heard)
        await moved.until(lambda rtp: len(rtp.heard) > before + 4)
        await leg.hang_up()
        await playing
