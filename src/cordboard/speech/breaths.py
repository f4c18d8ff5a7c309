"""A long text, cut where one breathes: its beginning is heard while the rest is still being made."""

import re
from collections.abc import Iterator, Sequence

SHORT = 80
"""Characters, about six seconds. Such a text is made in a tenth of a second: it stays whole."""
LONG_SENTENCE = 120
"""One that is cut between its clauses, if it comes first."""
FIRST, LATER = 60, 300
"""The first piece is the smallest: somebody waits for it. What follows has the time that the first one takes."""

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_ABBREVIATED = re.compile(
    r"(?:\b[^\W\d_]|\b(?:ул|вул|пр|просп|пл|пер|бул|буд|кв|кор|стр|тел|им|ім|др|та|руб|коп|грн|тыс|тис|млн|млрд"
    r"|обл|mr|mrs|ms|dr|st|ave|rd|no|vs|ext|inc|ltd))\.$",
    re.IGNORECASE,
)
"""Behind these, and behind the letter of a name, the sentence goes on."""
_CLAUSE = re.compile(r"(?<=[,;:—])\s+")


def breaths(text: str) -> Sequence[str]:
    """The text in pieces that are spoken one after the other; nothing of it is lost but the spaces between them."""
    if len(text) <= SHORT:
        return [text]
    pieces: list[str] = []
    limit = FIRST
    for part in _parts(text):
        if pieces and len(pieces[-1]) + len(part) < limit:
            pieces[-1] += f" {part}"
        else:
            if pieces:
                limit = min(2 * limit, LATER)
            pieces.append(part)
    return pieces


def _parts(text: str) -> Iterator[str]:
    """Its sentences; the first one in clauses, if it is long."""
    sentences: list[str] = []
    for part in _SENTENCE.split(text):
        if sentences and _ABBREVIATED.search(sentences[-1][-8:]):
            sentences[-1] += f" {part}"
        else:
            sentences.append(part)
    if len(sentences[0]) > LONG_SENTENCE:
        yield from _CLAUSE.split(sentences.pop(0))
    yield from sentences
