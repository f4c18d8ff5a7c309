import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from cordboard.outbox.sms.ports import Coding
from cordboard.outbox.sms.segments import TooLongError, count, from_septets, segments

ASTRAL = "\U0001f4de"
"""A telephone receiver: two units of UCS-2."""


@pytest.mark.parametrize(
    ("text", "coding", "lengths"),
    [
        ("", Coding.GSM7, [0]),
        ("Hello", Coding.GSM7, [5]),
        ("a" * 160, Coding.GSM7, [160]),
        ("a" * 161, Coding.GSM7, [153, 8]),
        ("a" * 306, Coding.GSM7, [153, 153]),
        ("a" * 307, Coding.GSM7, [153, 153, 1]),
        ("€" * 80, Coding.GSM7, [160]),
        ("€" * 81, Coding.GSM7, [152, 10]),
        ("a" * 152 + "€" + "a" * 10, Coding.GSM7, [152, 12]),
        ("a" * 151 + "€" + "a" * 10, Coding.GSM7, [153, 10]),
        ("[]{}~\\^|\f€", Coding.GSM7, [20]),
        ("ç", Coding.UCS2, [2]),
        ("Ç", Coding.GSM7, [1]),
        ("ж" * 70, Coding.UCS2, [140]),
        ("ж" * 71, Coding.UCS2, [134, 8]),
        ("ж" * 134, Coding.UCS2, [134, 134]),
        ("ж" * 135, Coding.UCS2, [134, 134, 2]),
        (ASTRAL * 35, Coding.UCS2, [140]),
        (ASTRAL * 36, Coding.UCS2, [132, 12]),
        ("a" * 160 + "ж", Coding.UCS2, [134, 134, 54]),
        ("\x1b", Coding.UCS2, [2]),
        ("\ud83d", Coding.UCS2, [2]),
    ],
)
def test_a_text_is_cut_where_the_network_cuts_it(text: str, coding: Coding, lengths: list[int]) -> None:
    found, parts = segments(text, 7)
    assert (found, [len(part.user_data) for part in parts]) == (coding, lengths)
    assert count(text) == len(lengths)


def test_septets_and_units_are_those_of_the_standard() -> None:
    _, (part,) = segments("@Δ_\x20a€{ü", 0)
    assert part.user_data == bytes([0x00, 0x10, 0x11, 0x20, 0x61, 0x1B, 0x65, 0x1B, 0x28, 0x7E])
    _, (part,) = segments("Є" + ASTRAL, 0)
    assert part.user_data == b"\x04\x04\xd8\x3d\xdc\xde"
    assert part.text == "Є" + ASTRAL


def test_a_lone_half_of_a_pair_is_not_sent() -> None:
    _, (part,) = segments("\udcdea", 0)
    assert part.user_data == b"\xff\xfd\x00a"


def test_parts_bear_one_reference_their_number_and_their_place() -> None:
    _, parts = segments("ж" * 150, 0x1A5)
    assert [part.header for part in parts] == [b"\x05\x00\x03\xa5\x03" + bytes([place]) for place in (1, 2, 3)]
    assert [part.header for part in segments("one", 9)[1]] == [b""]


def test_typographic_signs_become_plain_ones_where_that_saves() -> None:
    quoted = "“Quiet – please…”\u00a0" + "a" * 60
    assert (count(quoted), count(quoted, simplify=True)) == (2, 1)
    coding, (part,) = segments(quoted, 0, simplify=True)
    assert (coding, part.text[:20]) == (Coding.GSM7, '"Quiet - please..." ')


def test_typographic_signs_stay_where_nothing_is_saved_or_nobody_asked() -> None:
    for text in ("“short”", "“Дякуємо” – " + "ж" * 60):
        assert segments(text, 0, simplify=True) == segments(text, 0)
        assert segments(text, 0)[1][0].text.startswith(text[:10])


def test_more_parts_than_an_octet_counts_are_refused() -> None:
    assert count("a" * 153 * 255) == 255
    with pytest.raises(TooLongError, match="the text needs 256 parts: 255 are possible"):
        count("a" * (153 * 255 + 1))


def test_septets_that_no_table_has_are_read_as_the_standard_says() -> None:
    assert from_septets(b"\x1b\x61") == "a"  # an unknown extension: the letter of the basic table
    assert from_septets(b"a\x1b") == "a "


TEXTS = st.one_of(
    st.text("aZ@€[]{}|~^\\\f\n £é", max_size=500),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.text("ab€ж" + ASTRAL, min_size=60, max_size=320),
)


@given(TEXTS)
def test_nothing_is_lost_split_or_too_long(text: str) -> None:
    coding, parts = segments(text, 0)
    assert "".join(part.text for part in parts) == text
    units = [len(part.user_data) // (1 if coding is Coding.GSM7 else 2) for part in parts]
    whole, piece = (160, 153) if coding is Coding.GSM7 else (70, 67)
    assert units[0] <= whole if len(parts) == 1 else max(units) <= piece
    if len(parts) > 1:
        assert sum(units) > whole
        assert min(units[:-1]) >= piece - 1  # full, but for a letter of two units


@given(TEXTS.filter(bool))
def test_smsutil_cuts_it_the_same(text: str) -> None:
    text = text.replace("\x1b", "?")  # smsutil would send a bare escape
    oracle = smsutil.split(text)
    coding, parts = segments(text, 0)
    assert oracle.encoding == ("gsm0338" if coding is Coding.GSM7 else "utf_16_be")
    assert [part.content for part in oracle.parts] == [part.text for part in parts]
