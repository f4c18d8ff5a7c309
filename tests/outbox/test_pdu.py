"""PDUs as phones and networks write them, each as literal octets, and round trips."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smsutil import split

from cordboard.outbox.sms.pdu import Deliver, StatusReport, read, submit
from cordboard.outbox.sms.pdu_fields import (
    address,
    fill_bits,
    pack,
    read_address,
    read_time,
    unpack,
    validity,
)
from cordboard.outbox.sms.pdu_header import Place
from cordboard.outbox.sms.ports import Fate
from cordboard.outbox.sms.segments import segments

HOUR = timedelta(hours=1)

# --- out ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "text", "octets"),
    [
        # The example of every description: hellohello in septets.
        ("+46708251358", "hellohello", "00 31 00 0B 91 6407281553F8 00 00 0B 0A E8329BFD4697D9EC37"),
        ("5050", "Hi", "00 31 00 04 81 0505 00 00 0B 02 C834"),
        ("111", "€", "00 31 00 03 81 11F1 00 00 0B 02 9B32"),
        ("+380671234567", "Так", "00 31 00 0C 91 836017325476 00 08 0B 06 0422 0430 043A"),
    ],
)
def test_a_text_in_one_part(to: str, text: str, octets: str) -> None:
    coding, (part,) = segments(text, 0)
    assert submit(to, part, coding, HOUR) == bytes.fromhex(octets)


def test_a_long_text_has_a_header_and_a_bit_that_fills() -> None:
    coding, (first, second) = segments("A" * 160 + "B", 0x2A)
    sent = submit("111", first, coding, HOUR)
    assert sent[:9] == bytes.fromhex("00 71 00 03 81 11F1 00 00")
    assert sent[10] == 160  # septets: seven for the header and its filling, 153 of text
    assert sent[11:17] == bytes.fromhex("05 00 03 2A 02 01")
    # The first A stands after one bit of nothing: 1000001 shifted by one.
    assert sent[17] == 0x82
    assert len(sent) == 11 + 140
    assert submit("111", second, coding, HOUR)[10:] == bytes.fromhex("0F 0500032A0202 82C16030180C0A01")


def test_a_long_cyrillic_text() -> None:
    coding, parts = segments("ї" * 71, 1)
    sent = [submit("111", part, coding, HOUR) for part in parts]
    assert [each[10] for each in sent] == [140, 14]
    assert sent[1][11:] == bytes.fromhex("050003010202 0457 0457 0457 0457")


@pytest.mark.parametrize("to", ["", "+", "Office", "+38 067", "1" * 21])
def test_not_everything_is_a_number(to: str) -> None:
    coding, (part,) = segments("Hi", 0)
    with pytest.raises(ValueError, match="is no number that a phone can send to"):
        submit(to, part, coding, HOUR)


@pytest.mark.parametrize(
    ("left", "period"),
    [
        (timedelta(0), 0),
        (timedelta(minutes=9), 0),
        (timedelta(minutes=10), 1),
        (timedelta(hours=12), 143),
        (timedelta(hours=12, minutes=29), 143),
        (timedelta(hours=12, minutes=30), 144),
        (timedelta(hours=24), 167),
        (timedelta(hours=47), 167),
        (timedelta(days=2), 168),
        (timedelta(days=30), 196),
        (timedelta(days=34), 196),
        (timedelta(days=35), 197),
        (timedelta(days=1000), 255),
    ],
)
def test_validity_periods(left: timedelta, period: int) -> None:
    assert validity(left) == period


# --- in -------------------------------------------------------------------------------------------------------------


def test_a_message_in_septets() -> None:
    pdu = "07917283010010F5 04 0BC8 7238880900F1 0000 99309251619580 0A E8329BFD4697D9EC37"
    assert read(bytes.fromhex(pdu)) == Deliver(
        "27838890001", "hellohello", datetime(2099, 3, 29, 13, 16, 59, tzinfo=UTC)
    )


def test_a_message_from_a_name() -> None:
    # "Kyivstar" in eight septets: fourteen semi-octets that count.
    name = pack(b"Kyivstar")
    pdu = bytes.fromhex("00 04 0E D0") + name + bytes.fromhex("00 00 62113201000080 02 C834")
    assert read(pdu) == Deliver("Kyivstar", "Hi", datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


def test_a_part_in_ucs2_with_a_wide_reference_from_a_zone_before_greenwich() -> None:
    pdu = "00 44 0C 91 836017325476 00 08 621132010000 0A 0D 06 08 04 1234 03 02 0422 0430 043A"
    assert read(bytes.fromhex(pdu)) == Deliver(
        "+380671234567", "Так", datetime(2026, 11, 23, 15, 0, tzinfo=UTC), Place(0x1234, 2, 3)
    )


def test_a_part_in_septets_with_a_header() -> None:
    pdu = "00 44 03 81 11F1 00 00 62113201000000 0F 0500032A0202 82C16030180C0A01"
    got = read(bytes.fromhex(pdu))
    assert isinstance(got, Deliver)
    assert (got.sender, got.place) == ("111", Place(0x2A, 2, 2))
    assert got.text == "AAAAAAAB"


@pytest.mark.parametrize(
    ("status", "fate", "words"),
    [
        (0x00, Fate.DELIVERED, "received by the phone"),
        (0x01, Fate.PENDING, "handed on, whether it arrived is not known"),
        (0x30, Fate.PENDING, "status 0x30"),
        (0x46, Fate.FAILED, "its validity period is over"),
        (0x62, Fate.FAILED, "no answer from the phone, it is not tried again"),
        (0xFF, Fate.FAILED, "status 0xFF"),
    ],
)
def test_status_reports(status: int, fate: Fate, words: str) -> None:
    pdu = f"07 91 8376010000F0 06 2A 0C 91 836017325476 62113201000080 62113201100080 {status:02X}"
    got = read(bytes.fromhex(pdu))
    assert got == StatusReport(0x2A, "+380671234567", status, datetime(2026, 11, 23, 8, 1, tzinfo=UTC))
    assert (got.fate, got.words) == (fate, words)


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        ("", "service centre"),
        ("07 91 83", "service centre"),
        ("00 01 00", "neither a message nor a report"),
        ("00 04 0C 91 8376", "ends in an address"),
        ("00 04 02 91 21 00 00 6211320100", "ends before its text"),
        ("00 04 02 91 21 00 04 62113201000000 01 FF", "no text"),
        ("00 44 02 91 21 00 08 62113201000000 02 09 00", "header is longer"),
        ("00 06 2A 02 91 21 62113201000000 621132", "ends before its status"),
        ("00 06", "ends before its status"),
    ],
)
def test_what_is_broken_is_told(pdu: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(bytes.fromhex(pdu))


def test_a_time_that_cannot_be_is_none() -> None:
    assert read_time(bytes.fromhex("00000000000000")) is None


@pytest.mark.parametrize(("scheme", "text"), [(0x00, "@"), (0x10, "@"), (0xC8, "@"), (0xD0, "@"), (0xF1, "@")])
def test_coding_schemes_of_septets(scheme: int, text: str) -> None:
    got = read(bytes.fromhex(f"00 04 02 91 21 00 {scheme:02X} 62113201000000 01 00"))
    assert isinstance(got, Deliver)
    assert got.text == text


# --- round trips ----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=160).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_septets_come_back(septets: bytes, fill: int) -> None:
    assert unpack(pack(septets, fill), len(septets), fill) == septets


@given(st.from_regex(r"\+?[0-9*#abc]{1,20}", fullmatch=True))
def test_addresses_come_back(number: str) -> None:
    octets = address(number)
    assert read_address(octets + b"rest") == (number, len(octets))


STAMP = bytes.fromhex("62113201000000")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400), st.integers(0, 255))
def test_what_one_phone_sends_another_reads(text: str, reference: int) -> None:
    coding, parts = segments(text, reference)
    got = []
    for part in parts:
        sent = submit("+380671234567", part, coding, HOUR)
        to, scheme, length_and_text = sent[3:11], sent[12], sent[14:]
        # As the service centre hands it on: of the first octet the header's bit stays, a time stands for the validity.
        back = read(bytes([0, sent[1] & 0x40]) + to + bytes([0, scheme]) + STAMP + length_and_text)
        assert isinstance(back, Deliver)
        got.append(back)
    assert "".join(each.text for each in got) == text
    assert [each.place.part for each in got] == list(range(1, len(parts) + 1))


@given(st.text(st.sampled_from("abc €[]{}ñжї👍"), min_size=1, max_size=500))
def test_a_text_takes_as_many_parts_as_the_oracle_says_and_each_fits(text: str) -> None:
    coding, parts = segments(text, 1)
    assert len(parts) == len(split(text).parts)
    # Eleven octets stand before a text to 111, which takes 140 at most.
    assert max(len(submit("111", part, coding, HOUR)) for part in parts) <= 151


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_told_broken(octets: bytes) -> None:
    try:
        read(octets)
    except ValueError as fault:
        told = str(fault)
    else:
        told = "read"
    assert told


def test_bits_that_fill() -> None:
    assert [fill_bits(header) for header in (0, 6, 7, 13)] == [0, 1, 0, 1]
