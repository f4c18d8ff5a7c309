"""What a modem writes, cut into pieces, and what its error numbers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.outbox.sms.modem_errors import Outcome, outcome, words
from cordboard.outbox.sms.modem_lines import Final, Info, Lines, Prompt, Told, values


def told(*octets: bytes) -> list[Told]:
    lines = Lines()
    return [each for some in octets for each in lines.feed(some)]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"\r\nOK\r\n", [Final()]),
        (b"AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n", [Info("+CSQ", "17,99"), Final()]),
        (b"\r\n> ", [Prompt()]),
        (b"AT+CMGS=16\r\r\n> ", [Prompt()]),
        (b"\r\nERROR\r\n", [Final("ERROR")]),
        (b"\r\n+CMS ERROR: 38\r\n", [Final("+CMS ERROR: 38", "CMS", 38)]),
        (b"\r\n+CME ERROR: SIM busy\r\n", [Final("+CME ERROR: SIM busy")]),
        (b"\r\n+CMT: ,24\r\n00AF\r\n", [Info("+CMT", ",24", "00AF")]),
        (b"\r\n+CMGL: 1,0,,5\r\n+CDS: 3\r\n0102\r\n0304\r\nOK\r\n",
         [Info("+CDS", "3", "0102"), Info("+CMGL", "1,0,,5", "0304"), Final()]),
        (b"\r\n^RSSI: 20\r\nRING\r\n00AF\r\n", [Info("^RSSI", "20")]),
        # A line whose PDU never came does not swallow what a later answer has.
        (b"\r\n+CMGL: 1,0,,5\r\nOK\r\n00AF\r\n", [Final()]),
        (b"\xff\xfe\r\nOK\r\n", [Final()]),
    ],
)  # fmt: skip
def test_what_is_told(octets: bytes, expected: list[Told]) -> None:
    assert told(octets) == expected
    assert told(*(octets[at : at + 1] for at in range(len(octets)))) == expected


@given(st.lists(st.binary(max_size=50)))
def test_noise_is_no_error(octets: list[bytes]) -> None:
    for each in told(*octets):
        assert isinstance(each, Prompt | Final | Info)


def test_values_of_a_line() -> None:
    assert values('0,0,"Київ, стар",7') == ["0", "0", "Київ, стар", "7"]
    assert values("1, 5") == ["1", "5"]


@pytest.mark.parametrize(
    ("kind", "code", "follows", "text"),
    [
        ("CMS", 1, Outcome.NEVER, "+CMS ERROR 1: nobody has this number"),
        ("CMS", 8, Outcome.LATER, "check the SIM's balance"),
        ("CMS", 38, Outcome.LATER, "network out of order"),
        ("CMS", 322, Outcome.LATER, "the memory is full"),
        ("CMS", 332, Outcome.UNKNOWN, "the network has not answered"),
        ("CMS", 512, Outcome.LATER, "a number of the modem's own"),
        ("CME", 30, Outcome.LATER, "no network"),
        ("CME", 31, Outcome.UNKNOWN, "the network has not answered"),
    ],
)
def test_error_numbers(kind: str, code: int, follows: Outcome, text: str) -> None:
    assert outcome(kind, code) is follows
    assert text in words(kind, code)
