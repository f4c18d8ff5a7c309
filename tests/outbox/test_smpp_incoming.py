"""What a deliver_sm tells."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from cordboard.outbox.sms.ports import Fate, IncomingSms, SmsReport
from cordboard.outbox.sms.smpp_incoming import IdBase, UnreadableError, reference, told
from cordboard.outbox.sms.smpp_wire import Tag

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HEX, DEC = IdBase.HEX_DECIMAL, IdBase.DECIMAL_HEX


def came(text: bytes = b"", coding: int = 0, esm: int = 0, tlvs: Mapping[Tag, bytes] | None = None) -> smpp34.DeliverSm:
    tags = [smpp34.Tlv(tag, value) for tag, value in (tlvs or {}).items()]
    pdu = smpp34.DeliverSm(
        "380671234567",
        "5050",
        text,
        source_addr_ton=1,
        source_addr_npi=1,
        data_coding=coding,
        esm_class=esm,
        tlvs=tags,
    )
    back = smpp34.decode(pdu.encode())
    assert isinstance(back, smpp34.DeliverSm)
    return back


def report(text: str, base: IdBase = IdBase.SAME, tlvs: Mapping[Tag, bytes] | None = None) -> SmsReport:
    found = told(came(text.encode(), esm=4, tlvs=tlvs), base, NOW)
    assert isinstance(found, SmsReport)
    return found


def message(pdu: smpp34.DeliverSm) -> IncomingSms:
    found = told(pdu, IdBase.SAME, NOW)
    assert isinstance(found, IncomingSms)
    return found


# --- receipts -------------------------------------------------------------------------------------------------------

USUAL = "id:0123456789 sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{} err:{} text:Your code"


@pytest.mark.parametrize(
    ("word", "code", "fate", "words"),
    [
        ("DELIVRD", "000", Fate.DELIVERED, "DELIVRD"),
        ("EXPIRED", "254", Fate.FAILED, "EXPIRED err:254"),
        ("DELETED", "000", Fate.FAILED, "DELETED"),
        ("UNDELIV", "0A1", Fate.FAILED, "UNDELIV err:0A1"),
        ("REJECTD", "005", Fate.FAILED, "REJECTD err:005"),
        ("ACCEPTD", "000", Fate.PENDING, "ACCEPTD"),
        ("ENROUTE", "000", Fate.PENDING, "ENROUTE"),
        ("UNKNOWN", "000", Fate.PENDING, "UNKNOWN"),
        ("delivrd", "0", Fate.DELIVERED, "DELIVRD"),
    ],
)
def test_a_receipt_in_the_usual_text(word: str, code: str, fate: Fate, words: str) -> None:
    assert report(USUAL.format(word, code)) == SmsReport("0123456789", fate, words, to="+380671234567")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("id:a-b.c_9 stat:DELIVRD", "a-b.c_9"),
        ("ID:77 STAT:DELIVRD ERR:000", "77"),
        ("stat:DELIVRD id:77", "77"),
        ("id:77 sub:1 dlvrd:1 stat:DELIVRD err:0 Text:id:88 stat:UNDELIV", "77"),
    ],
)
def test_receipts_in_unusual_texts(text: str, name: str) -> None:
    assert (report(text).reference, report(text).fate) == (name, Fate.DELIVERED)


@pytest.mark.parametrize(
    ("state", "fate"),
    [(1, Fate.PENDING), (2, Fate.DELIVERED), (3, Fate.FAILED), (4, Fate.FAILED), (5, Fate.FAILED), (8, Fate.FAILED)],
)
def test_parameters_count_more_than_the_text(state: int, fate: Fate) -> None:
    tlvs = {Tag.RECEIPTED_MESSAGE_ID: b"99\0", Tag.MESSAGE_STATE: bytes([state])}
    assert (report("id:77 stat:ENROUTE", tlvs=tlvs).reference, report("", tlvs=tlvs).fate) == ("99", fate)


def test_a_receipt_by_parameters_alone_says_its_state() -> None:
    tlvs = {Tag.RECEIPTED_MESSAGE_ID: b"99\0", Tag.MESSAGE_STATE: b"\x05"}
    assert told(came(tlvs=tlvs), IdBase.SAME, NOW) == SmsReport("99", Fate.FAILED, "state 5", to="+380671234567")


@pytest.mark.parametrize("text", ["", "stat:DELIVRD", "id: stat:DELIVRD", "\xff\xfe"])
def test_a_receipt_of_nobody_knows_what_is_passed_over(text: str) -> None:
    with pytest.raises(UnreadableError, match="does not tell of which message"):
        report(text)


def test_a_person_cannot_write_a_receipt() -> None:
    assert message(came(b"id:77 stat:DELIVRD")).text == "id:77 stat:DELIVRD"


@pytest.mark.parametrize(
    ("base", "answered", "receipted"),
    [(HEX, "0001A2B3", "107187"), (HEX, "1a2b3", "0000107187"), (DEC, "107187", "0001a2b3"), (HEX, "x-1", "x-1")],
)
def test_a_name_in_two_bases(base: IdBase, answered: str, receipted: str) -> None:
    assert report(f"id:{receipted} stat:DELIVRD", base=base).reference == reference(answered, base)
    # By SMPP 3.4 §5.3.2.12 the parameter has it as the answer had it.
    tlvs = {Tag.RECEIPTED_MESSAGE_ID: answered.encode() + b"\0"}
    assert report("", base=base, tlvs=tlvs).reference == reference(answered, base)


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0, b"\x00\x1b\x65 ok", "@€ ok"),
        (1, b"plain @", "plain @"),
        (3, b"caf\xe9", "café"),
        (6, bytes([0xBF, 0xE0]), "Пр"),
        (8, "Дякую 👍".encode("utf-16-be"), "Дякую 👍"),
        (0x11, b"\x00flash", "@flash"),
        (0x18, "так".encode("utf-16-be"), "так"),
        (0xF1, b"\x00", "@"),
    ],
)
def test_alphabets(coding: int, octets: bytes, text: str) -> None:
    assert message(came(octets, coding)) == IncomingSms("+380671234567", "5050", text, NOW)


@pytest.mark.parametrize("coding", [2, 4, 9, 0x14, 0xF5])
def test_data_are_no_text(coding: int) -> None:
    with pytest.raises(UnreadableError, match=f"data_coding {coding}"):
        message(came(b"\x01\x02", coding))


def test_a_part_with_a_header() -> None:
    got = message(came(bytes([5, 0, 3, 0xAB, 3, 2]) + "так".encode("utf-16-be"), 8, esm=0x40))
    assert (got.text, got.reference, got.part, got.parts) == ("так", 0xAB, 2, 3)


def test_a_part_with_a_wide_reference_behind_another_element() -> None:
    header = bytes([0x05, 4, 0x15, 0xB3, 0, 0, 8, 4, 0x12, 0x34, 2, 1])
    got = message(came(bytes([len(header)]) + header + b"Hi", esm=0x40))
    assert (got.text, got.reference, got.part, got.parts) == ("Hi", 0x1234, 1, 2)


def test_a_part_by_parameters_with_its_text_in_a_parameter() -> None:
    tlvs = {
        Tag.SAR_MSG_REF_NUM: b"\x01\x02",
        Tag.SAR_TOTAL_SEGMENTS: b"\x02",
        Tag.SAR_SEGMENT_SEQNUM: b"\x01",
        Tag.MESSAGE_PAYLOAD: b"x" * 400,
    }
    got = message(came(tlvs=tlvs))
    assert (got.text, got.reference, got.part, got.parts) == ("x" * 400, 0x102, 1, 2)


@pytest.mark.parametrize(
    "header", [b"\x05\x00\x03\x07\x02\x03", b"\x05\x00\x03\x07\x02\x00", b"\x05\x00\x03\x07\x00\x01"]
)
def test_a_header_that_cannot_be_makes_a_whole_message(header: bytes) -> None:
    got = message(came(header + b"Hi", esm=0x40))
    assert (got.text, got.part, got.parts) == ("Hi", 1, 1)


@pytest.mark.parametrize("octets", [b"", b"\x05\x00\x03"])
def test_a_header_longer_than_the_message_is_unreadable(octets: bytes) -> None:
    with pytest.raises(UnreadableError, match="longer than the message"):
        message(came(octets, esm=0x40))


@given(st.binary(max_size=140), st.integers(0, 255), st.integers(0, 255))
def test_whatever_comes_is_told_or_unreadable(octets: bytes, coding: int, esm: int) -> None:
    with suppress(UnreadableError):
        assert isinstance(told(came(octets, coding, esm), IdBase.SAME, NOW), SmsReport | IncomingSms)
