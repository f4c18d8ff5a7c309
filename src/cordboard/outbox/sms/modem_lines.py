"""What a modem writes, in pieces: answers, prompts, and what it tells unasked in the middle of them. Pure.

3GPP TS 27.007 §4 (answers) and TS 27.005 §3.4 (what is told unasked).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """It waits for a PDU."""


@dataclass(frozen=True, slots=True)
class Final:
    """The last line of an answer: OK, or an error."""

    error: str = ""
    """Empty: it is OK. Else the line itself."""
    kind: str = ""
    """CMS or CME, if it has a number."""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Info:
    """A line of an answer, or one told unasked: whoever knows what was asked can tell."""

    name: str
    """+CSQ."""
    value: str
    """What stands behind the colon."""
    pdu: str = ""
    """The hexadecimal digits of the next line, if such a line belongs to it."""


Told = Prompt | Final | Info

_WITH_PDU = frozenset({"+CMT", "+CDS", "+CMGL", "+CMGR"})
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_ERROR = re.compile(r"\+(CM[SE]) ERROR:\s*(.*)")
_INFO = re.compile(r"([+^*#%]\w+):\s?(.*)")
_LONGEST_LINE = 2000


class Lines:
    """Cuts octets into what was told."""

    def __init__(self) -> None:
        self._rest = b""
        self._waiting: list[Info] = []
        """Lines whose PDU has not come yet, the youngest last."""

    def feed(self, octets: bytes) -> Iterator[Told]:
        """What is complete with these octets."""
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + octets)
        for line in lines:
            yield from self._line(line.decode("ascii", "replace").strip())
        if self._rest.lstrip() == b">" or self._rest.lstrip().startswith(b"> "):
            self._rest = b""
            yield Prompt()
        elif len(self._rest) > _LONGEST_LINE:
            self._rest = b""

    def _line(self, line: str) -> Iterator[Told]:
        if _HEX.fullmatch(line) and self._waiting:
            # Something told unasked may stand between a line and its PDU: the youngest gets it.
            of = self._waiting.pop()
            yield Info(of.name, of.value, line)
        elif found := _ERROR.fullmatch(line):
            kind, code = found[1], found[2]
            self._waiting.clear()
            yield Final(line, kind, int(code)) if code.isdecimal() else Final(line)
        elif line in {"OK", "ERROR"} or line.startswith(("COMMAND NOT SUPPORT", "TOO MANY PARAMETERS")):
            self._waiting.clear()
            yield Final("" if line == "OK" else line)
        elif found := _INFO.fullmatch(line):
            info = Info(found[1], found[2])
            if info.name in _WITH_PDU:
                self._waiting.append(info)
            else:
                yield info


def values(text: str) -> list[str]:
    """The values of a line, `0,1,"Kyivstar"`, without their quotation marks."""
    return [quoted or plain.strip() for quoted, plain in re.findall(r'"([^"]*)"|([^,"]+)', text) if quoted or plain]
