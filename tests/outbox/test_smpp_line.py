"""The SMPP line against an SMSC that does not always behave. In virtual time."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import smpp34

from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.ports import Fate, SmsReport
from cordboard.outbox.sms.smpp import SmppConfig, SmppLine
from cordboard.outbox.sms.smpp_incoming import IdBase
from cordboard.outbox.sms.smpp_wire import Command, SignIn
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.testing.smsc import PASSWORD, USER, Act, Inbox, Smsc, order, receipt

BOTH_WAYS = [Command.BIND_TRANSCEIVER]
EACH_WAY = [Command.BIND_TRANSMITTER, Command.BIND_RECEIVER]


def now() -> float:
    return asyncio.get_running_loop().time()


def in_turn(*acts: Act) -> Callable[[smpp34.SubmitSm], Act]:
    """These, then all is taken."""
    left: Iterator[Act] = iter(acts)
    return lambda _pdu: next(left, Act.TAKE)


@asynccontextmanager
async def connected(
    smsc: Smsc,
    inbox: Inbox | None = None,
    *,
    window: int = 10,
    rate: int = 0,
    sender: str = "",
    binds: list[Command] = BOTH_WAYS,
    id_base: IdBase = IdBase.SAME,
    password: str = PASSWORD,
) -> AsyncIterator[SmppLine]:
    config = SmppConfig(
        "smsc.test:2775", SignIn(USER, password), binds, window=window, rate=rate, sender=sender, id_base=id_base
    )
    line = SmppLine("operator", config, smsc.connect, clock=VirtualClock(), dice=random.Random(1))
    async with smsc:
        serving = asyncio.create_task(line.serve(inbox or Inbox()))
        await asyncio.sleep(0.1)
        try:
            yield line
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await asyncio.sleep(0.1)


# --- what is sent ----------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_short_latin_text_goes_out_as_septets_in_octets() -> None:
    smsc = Smsc()
    async with connected(smsc, sender="Office") as line:
        assert await line.send(order("Hello {you}")) == ["1"]
    (sent,) = smsc.taken
    assert (sent.source_addr, sent.source_addr_ton, sent.source_addr_npi) == ("Office", 5, 0)
    assert (sent.destination_addr, sent.dest_addr_ton, sent.dest_addr_npi) == ("380671234567", 1, 1)
    assert sent.short_message == b"Hello \x1b\x28you\x1b\x29"
    assert (sent.data_coding, sent.esm_class, sent.registered_delivery) == (0, 0, 1)
    assert sent.validity_period == "000001235959000R"  # 1 day 23:59:59 is left of two days


@virtual_time
async def test_a_long_cyrillic_text_goes_out_in_parts_with_headers() -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        assert await line.send(order("я" * 100)) == ["1", "2"]
    first, second = smsc.taken
    assert first.short_message == bytes([5, 0, 3, 7, 2, 1]) + "я".encode("utf-16-be") * 67
    assert second.short_message == bytes([5, 0, 3, 7, 2, 2]) + "я".encode("utf-16-be") * 33
    assert (first.data_coding, first.esm_class) == (8, 0x40)


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("+380441234567", ("380441234567", 1, 1)),
        ("5050", ("5050", 3, 0)),
        ("0441234567", ("0441234567", 0, 1)),
        ("", ("", 0, 0)),
    ],
)
@virtual_time
async def test_the_type_of_an_address_is_seen_by_its_looks(sender: str, address: tuple[str, int, int]) -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        await line.send(order("Hi", sender=sender))
    (sent,) = smsc.taken
    assert (sent.source_addr, sent.source_addr_ton, sent.source_addr_npi) == address


@virtual_time
async def test_a_name_that_no_network_knows_is_refused_before_it_is_sent() -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        with pytest.raises(PermanentError, match="'Контора' is neither a number nor a name"):
            await line.send(order("Hi", sender="Контора"))
    assert smsc.taken == []


# --- what the SMSC does with it --------------------------------------------------------------------------------------


@virtual_time
async def test_it_waits_while_the_network_throttles_then_it_is_taken_once() -> None:
    smsc = Smsc(act=in_turn(Act.THROTTLE, Act.FULL, Act.NACK))
    async with connected(smsc) as line:
        began = now()
        assert await line.send(order("Hi")) == ["1"]
        assert now() - began == pytest.approx(1 + 2 + 4, abs=0.1)
    assert len(smsc.taken) == 1


@virtual_time
async def test_after_a_minute_of_throttling_it_is_left_to_the_outbox() -> None:
    smsc = Smsc(act=lambda _pdu: Act.THROTTLE)
    async with connected(smsc) as line:
        began = now()
        with pytest.raises(TemporaryError, match="ESME_RTHROTTLED"):
            await line.send(order("Hi"))
        assert 50 < now() - began <= 60


@virtual_time
async def test_what_the_network_refuses_for_good_is_refused_for_good() -> None:
    async with connected(Smsc(act=in_turn(Act.REFUSE))) as line:
        with pytest.raises(PermanentError, match=r"ESME_RINVDSTADR \(0x0B\): the phone number is invalid"):
            await line.send(order("Hi"))


@virtual_time
async def test_a_sick_network_may_be_tried_later() -> None:
    async with connected(Smsc(act=in_turn(Act.SICK))) as line:
        with pytest.raises(TemporaryError, match="ESME_RSYSERR"):
            await line.send(order("Hi"))


@pytest.mark.parametrize("act", [Act.SILENT, Act.LOSE, Act.BREAK_AFTER, Act.BREAK_BEFORE])
@virtual_time
async def test_without_an_answer_nobody_knows(act: Act) -> None:
    async with connected(Smsc(act=in_turn(act))) as line:
        with pytest.raises(UncertainError) as told:
            await line.send(order("Hi"))
        assert told.value.references == ()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Act.REFUSE, "1 of 3 parts were taken: smsc.test:2775 answered ESME_RINVDSTADR"),
        (Act.SILENT, "1 of 3 parts were taken: smsc.test:2775: the SMSC has not answered within 30 s"),
        (Act.BREAK_BEFORE, "1 of 3 parts were taken: smsc.test:2775: the connection was lost before the answer"),
    ],
)
@virtual_time
async def test_some_parts_taken_and_others_not_is_in_doubt(act: Act, words: str) -> None:
    smsc = Smsc(act=in_turn(Act.TAKE, act))
    async with connected(smsc) as line:
        with pytest.raises(UncertainError, match=words) as told:
            await line.send(order("x" * 400))
        assert told.value.references == ("1",)


@virtual_time
async def test_an_answer_that_comes_too_late_settles_the_doubt() -> None:
    inbox = Inbox()
    async with connected(Smsc(act=in_turn(Act.LATE)), inbox) as line:
        with pytest.raises(UncertainError):
            await line.send(order("Hi", key="run:7"))
        assert inbox.reports == []
        await asyncio.sleep(16)
    assert inbox.reports == [
        SmsReport("1", Fate.PENDING, "the answer came late", key="run:7", to="+380671234567"),
    ]


@virtual_time
async def test_no_more_than_the_window_is_unanswered() -> None:
    smsc = Smsc(act=lambda _pdu: Act.SILENT)
    async with connected(smsc, window=3) as line:
        sends = [asyncio.create_task(line.send(order(f"Hi {n}"))) for n in range(5)]
        await asyncio.sleep(20)
        assert len(smsc.taken) == 3
        await asyncio.sleep(20)
        assert len(smsc.taken) == 5
        ended = await asyncio.gather(*sends, return_exceptions=True)
    assert {type(each) for each in ended} == {UncertainError}


@virtual_time
async def test_what_found_no_place_in_the_window_within_a_minute_was_certainly_not_taken() -> None:
    smsc = Smsc(act=lambda _pdu: Act.SILENT)
    async with connected(smsc, window=1) as line:
        ended = await asyncio.gather(*(line.send(order(f"Hi {n}")) for n in range(4)), return_exceptions=True)
    kinds = [type(each) for each in ended]
    assert kinds.count(TemporaryError) == 4 - len(smsc.taken) > 0
    assert kinds.count(UncertainError) == len(smsc.taken)


@virtual_time
async def test_what_waits_for_its_place_when_the_connection_breaks_was_certainly_not_taken() -> None:
    smsc = Smsc(act=lambda _pdu: Act.SILENT)
    async with connected(smsc, window=1) as line:
        sends = [asyncio.create_task(line.send(order(f"Hi {n}"))) for n in range(4)]
        await asyncio.sleep(5)
        smsc.break_all()
        ended = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(each) for each in ended] == [UncertainError, TemporaryError, TemporaryError, TemporaryError]
    assert len(smsc.taken) == 1


@virtual_time
async def test_the_rate_is_kept() -> None:
    smsc = Smsc()
    async with connected(smsc, rate=5) as line:
        began = now()
        await asyncio.gather(*(line.send(order(f"Hi {n}")) for n in range(21)))
        assert now() - began == pytest.approx(4.0, abs=0.1)


# --- the connection --------------------------------------------------------------------------------------------------


@virtual_time
async def test_before_it_is_connected_it_says_so_at_once() -> None:
    smsc = Smsc(unreachable=True)
    async with connected(smsc) as line:
        assert not line.up
        assert line.note == "smsc.test:2775 cannot be reached: nobody listens"
        with pytest.raises(TemporaryError, match="nobody listens"):
            await line.send(order("Hi"))
        smsc.unreachable = False
        await asyncio.sleep(2)
        assert line.up
        assert line.note == "connected to smsc.test:2775"
        assert await line.send(order("Hi")) == ["1"]


@virtual_time
async def test_a_wrong_password_is_told_without_the_password() -> None:
    async with connected(Smsc(), password="wrong-one") as line:
        assert not line.up
        assert line.note == (
            "smsc.test:2775 refuses the sign-in (ESME_RINVPASWD (0x0E): wrong password): "
            "check system_id, password and bind"
        )


@virtual_time
async def test_a_lost_connection_comes_back() -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        for times in (1, 2, 3):
            smsc.break_all()
            await asyncio.sleep(0.1)
            assert not line.up
            await asyncio.sleep(8)
            assert line.up
            assert len(smsc.binds) == times + 1


@virtual_time
async def test_pauses_grow_to_a_minute() -> None:
    smsc = Smsc(bind_status=0x0D)
    async with connected(smsc):
        await asyncio.sleep(3600)
    assert 50 <= len(smsc.binds) <= 90


@virtual_time
async def test_a_far_end_that_is_dead_without_a_word_is_found() -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        await asyncio.sleep(200)
        assert line.up
        assert smsc.heard.count(Command.ENQUIRE_LINK) == 6
        smsc.deaf = True
        await asyncio.sleep(61)
        assert not line.up
        assert line.note == "smsc.test:2775: the SMSC has not answered within 30 s"


@virtual_time
async def test_the_far_end_asks_whether_we_are_there_and_says_good_bye() -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        smsc.send_raw(bytes.fromhex("00000010 00000015 00000000 00000009"))  # enquire_link
        smsc.send_raw(bytes.fromhex("00000010 00000007 00000000 0000000a"))  # replace_sm: not ours to answer
        await asyncio.sleep(0.1)
        assert smsc.heard == [0x80000015, Command.GENERIC_NACK]
        smsc.send_raw(bytes.fromhex("00000010 00000006 00000000 0000000b"))  # unbind
        await asyncio.sleep(0.1)
        assert smsc.heard[-1] == 0x80000006
        assert line.note == "smsc.test:2775: the SMSC has ended the session"


@pytest.mark.parametrize("octets", ["0000000f 00000015 00000000 00000001", "7fffffff 00000015 00000000 00000001"])
@virtual_time
async def test_octets_that_are_no_packet_end_the_session(octets: str) -> None:
    smsc = Smsc()
    async with connected(smsc) as line:
        smsc.send_raw(bytes.fromhex(octets))
        await asyncio.sleep(0.1)
        assert not line.up
        assert "has sent a packet of" in line.note
        await asyncio.sleep(2)
        assert line.up


@virtual_time
async def test_it_takes_its_leave() -> None:
    smsc = Smsc()
    async with connected(smsc):
        pass
    assert smsc.heard == [Command.UNBIND]


@virtual_time
async def test_one_connection_each_way() -> None:
    smsc, inbox = Smsc(receipts=lambda _pdu: [1.0]), Inbox()
    async with connected(smsc, inbox, binds=EACH_WAY) as line:
        assert sorted(smsc.binds) == [Command.BIND_RECEIVER, Command.BIND_TRANSMITTER]
        assert await line.send(order("Hi")) == ["1"]
        await asyncio.sleep(2)
    assert [(each.reference, each.fate) for each in inbox.reports] == [("1", Fate.DELIVERED)]


# --- what it brings --------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_receipt_is_answered_only_when_it_is_kept() -> None:
    smsc, inbox = Smsc(), Inbox(gate=asyncio.Event())
    async with connected(smsc, inbox) as line:
        smsc.bring(receipt("77", "380671234567", "Office"))
        await asyncio.sleep(10)
        assert smsc.statuses == []
        assert await line.send(order("Hi")) == ["1"]  # a slow store holds nothing else up
        assert inbox.gate is not None
        inbox.gate.set()
        await asyncio.sleep(1)
    assert smsc.statuses == [0]
    assert inbox.reports == [SmsReport("77", Fate.DELIVERED, "DELIVRD", to="+380671234567")]


@virtual_time
async def test_what_cannot_be_kept_is_brought_again() -> None:
    smsc, inbox = Smsc(), Inbox(failing=2)
    async with connected(smsc, inbox):
        smsc.bring(smpp34.DeliverSm("380671234567", "5050", b"Hello", source_addr_ton=1))
        await asyncio.sleep(1)
    assert smsc.statuses == [0x64, 0x64, 0]
    (came,) = inbox.came
    assert (came.sender, came.to, came.text) == ("+380671234567", "5050", "Hello")
    assert came.at == datetime(2026, 11, 23, 10, 0, 0, 100_000, tzinfo=UTC)


@virtual_time
async def test_what_comes_again_because_our_answer_was_lost_counts_once() -> None:
    smsc, inbox = Smsc(), Inbox()
    yes = smpp34.DeliverSm("380671234567", "5050", b"yes", source_addr_ton=1)
    async with connected(smsc, inbox) as line:
        smsc.bring(yes)
        await asyncio.sleep(1)
        smsc.bring(yes)  # he says it twice: both count
        await asyncio.sleep(1)
        assert len(inbox.came) == 2
        smsc.break_all()
        await asyncio.sleep(5)
        assert line.up
        smsc.bring(yes)
        smsc.bring(yes)
        await asyncio.sleep(1)
        assert len(inbox.came) == 2
        smsc.bring(yes)
        await asyncio.sleep(1)
        assert len(inbox.came) == 3
        await asyncio.sleep(120)
        smsc.break_all()
        await asyncio.sleep(5)
        smsc.bring(yes)  # answered long before the end
        await asyncio.sleep(1)
        assert len(inbox.came) == 4
    assert smsc.statuses == [0] * 6


@virtual_time
async def test_what_is_being_kept_when_the_connection_breaks_counts_once() -> None:
    smsc, inbox = Smsc(), Inbox(gate=asyncio.Event())
    async with connected(smsc, inbox) as line:
        smsc.bring(smpp34.DeliverSm("380671234567", "5050", b"yes", source_addr_ton=1))
        await asyncio.sleep(1)
        smsc.break_all()
        await asyncio.sleep(0.1)
        assert not line.up
        with pytest.raises(TemporaryError):
            await line.send(order("Hi"))
        assert inbox.gate is not None
        inbox.gate.set()
        await asyncio.sleep(30)
        assert smsc.statuses == [0]
    assert [each.text for each in inbox.came] == ["yes"]


@virtual_time
async def test_what_is_being_kept_when_the_exchange_stops_is_kept_and_answered() -> None:
    smsc, inbox = Smsc(), Inbox(gate=asyncio.Event())
    assert inbox.gate is not None
    async with connected(smsc, inbox):
        smsc.bring(smpp34.DeliverSm("380671234567", "5050", b"yes", source_addr_ton=1))
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(2, inbox.gate.set)
    assert smsc.statuses == [0]
    assert [each.text for each in inbox.came] == ["yes"]
    assert smsc.heard == [0x80000005, Command.UNBIND]


@virtual_time
async def test_what_nobody_can_read_does_not_come_for_ever() -> None:
    smsc, inbox = Smsc(), Inbox()
    async with connected(smsc, inbox) as line:
        smsc.bring(smpp34.DeliverSm("380671234567", "5050", b"\x01\x02", data_coding=4))
        smsc.to_deliver.append(b"\0")
        smsc.bring(smpp34.DeliverSm("380671234567", "5050", b"after it"))
        await asyncio.sleep(1)
        assert line.up
    assert smsc.statuses == [0, 0x65, 0]
    assert [each.text for each in inbox.came] == ["after it"]


@virtual_time
async def test_a_message_name_in_two_bases_is_one_name() -> None:
    smsc, inbox = (
        Smsc(receipts=lambda _pdu: [1.0], written_id=lambda n: (f"{n + 0xABC0:08X}", str(n + 0xABC0))),
        Inbox(),
    )
    async with connected(smsc, inbox, id_base=IdBase.HEX_DECIMAL) as line:
        (reference,) = await line.send(order("Hi"))
        await asyncio.sleep(2)
    assert reference == "43969"
    assert [each.reference for each in inbox.reports] == ["43969"]


# --- settings --------------------------------------------------------------------------------------------------------

GIVEN = {"host": "smsc.test", "system_id": "office", "password": "secret12"}


def test_the_least_that_must_be_given() -> None:
    line = SmppLine.from_settings("operator", GIVEN)
    assert (line.name, line.up, line.note) == ("operator", False, "not connected yet")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"host": ""}, "needs the setting 'host'"),
        ({"port": "70000"}, "'port' of the SMS line 'operator' is a number from 1 to 65535"),
        ({"window": "-1"}, "'window' of the SMS line 'operator' is a number from 1 to 1000"),
        ({"tls": "maybe"}, "'tls' of the SMS line 'operator' is one of no, yes"),
        ({"bind": "both"}, "is one of transceiver, transmitter\\+receiver, transmitter"),
        ({"sender_ton": "9"}, "'sender_ton' of the SMS line 'operator' is a number from 0 to 7"),
        ({"passwort": "x"}, "has no setting 'passwort'; it has host, port"),
        ({"password": "тайна"}, "system_id, password and system_type"),
    ],
)
def test_wrong_settings_are_told(changed: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        SmppLine.from_settings("operator", {**GIVEN, **changed})
    assert "secret12" not in str(told.value)
    assert "тайна" not in str(told.value)


def test_the_password_is_declared_secret_and_shown_nowhere() -> None:
    assert [each.name for each in SmppLine.SETTINGS if each.secret] == ["password"]
    assert "secret12" not in repr(SignIn("office", "secret12"))
