"""How a text is cut into short messages. Pure. 3GPP TS 23.038 (alphabets) and TS 23.040 §9.2.3.24 (parts)."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from cordboard.outbox.sms.ports import Coding, Part

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038 §6.2.1: a letter's place is its septet."""
_ESCAPE = 0x1B
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""§6.2.1.1: after an escape, so these take two septets."""
_SEPTETS: Mapping[str, bytes] = MappingProxyType(
    {letter: bytes([place]) for place, letter in enumerate(_BASIC) if place != _ESCAPE}
    | {letter: bytes([_ESCAPE, place]) for letter, place in _EXTENSION.items()}
)
_LETTERS = {septets: letter for letter, septets in _SEPTETS.items()}

_SIMPLE = str.maketrans(
    dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‘’‚‛‹›ʼ′`´", "'")
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " ")
    | dict.fromkeys("\u200b\u2060\ufeff\u00ad")
    | {"…": "...", "•": "*", "·": "*", "№": "No"}
)
"""Typographic signs, and what a typewriter writes in their stead. None: nothing."""

WHOLE: Mapping[Coding, int] = MappingProxyType({Coding.GSM7: 160, Coding.UCS2: 70})
"""Septets, or units of 16 bits, of a text in one part."""
PIECE: Mapping[Coding, int] = MappingProxyType({Coding.GSM7: 153, Coding.UCS2: 67})
"""The same of each of several parts: their header takes 6 octets."""
MOST_PARTS = 255
"""The header counts in one octet."""


class TooLongError(ValueError):
    """The text does not fit into as many parts as the network can count."""


def segments(text: str, reference: int, *, simplify: bool = False) -> tuple[Coding, Sequence[Part]]:
    """Cut a text into parts that the receiving phone joins again. Raises TooLongError beyond 255 of them.

    GSM 7 bit if it has every letter, else UCS-2 for the whole text. `reference` is what the parts have in common: the
    lowest 8 bits of it are told in each. With `simplify` typographic signs become plain ones where that makes fewer
    parts; otherwise the text stays as it is written.
    """
    coding, pieces = _cut(text)
    if simplify and (plain := text.translate(_SIMPLE)) != text:
        simple_coding, simple = _cut(plain)
        if len(simple) < len(pieces):
            coding, pieces = simple_coding, simple
    if len(pieces) > MOST_PARTS:
        raise TooLongError(f"the text needs {len(pieces)} parts: {MOST_PARTS} are possible")
    return coding, [
        Part(_read(coding, piece), piece, _header(reference, len(pieces), number))
        for number, piece in enumerate(pieces, 1)
    ]


def count(text: str, *, simplify: bool = False) -> int:
    """How many parts a text takes, and is paid for. Raises TooLongError."""
    return len(segments(text, 0, simplify=simplify)[1])


def _cut(text: str) -> tuple[Coding, Sequence[bytes]]:
    coding = Coding.GSM7 if all(letter in _SEPTETS for letter in text) else Coding.UCS2
    if coding is Coding.GSM7:
        letters = [_SEPTETS[letter] for letter in text]
    else:
        # A lone half of a pair is nothing that could be sent: it becomes a question mark.
        sound = text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
        letters = [letter.encode("utf-16-be") for letter in sound]
    unit = 1 if coding is Coding.GSM7 else 2
    if sum(map(len, letters)) <= WHOLE[coding] * unit:
        return coding, [b"".join(letters)]
    return coding, list(_filled(letters, PIECE[coding] * unit))


def _filled(letters: Sequence[bytes], octets: int) -> Iterator[bytes]:
    """As many letters as each part takes; none is ever split."""
    piece = bytearray()
    for letter in letters:
        if len(piece) + len(letter) > octets:
            yield bytes(piece)
            piece.clear()
        piece += letter
    yield bytes(piece)


def _header(reference: int, parts: int, number: int) -> bytes:
    """TS 23.040 §9.2.3.24.1: concatenated messages, 8-bit reference. None for a single part."""
    return bytes([5, 0, 3, reference & 0xFF, parts, number]) if parts > 1 else b""


def _read(coding: Coding, piece: bytes) -> str:
    return piece.decode("utf-16-be") if coding is Coding.UCS2 else from_septets(piece)


def from_septets(septets: bytes) -> str:
    """The text of GSM 7-bit septets, one an octet. What the table does not know is told as TS 23.038 §6.2.1.1 says."""
    text = []
    at = 0
    while at < len(septets):
        wide = septets[at] == _ESCAPE and at + 1 < len(septets)
        step = 2 if wide else 1
        # An escape before what no table has shows the sign of the basic table; a last escape a space.
        found = _LETTERS.get(septets[at : at + step]) or _LETTERS.get(septets[at + 1 : at + 2] if wide else b"", " ")
        text.append(found)
        at += step
    return "".join(text)
