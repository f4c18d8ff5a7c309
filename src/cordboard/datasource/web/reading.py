"""What an answer says: JSON, XML and text as values. Pure.

XML becomes records: an element is the record of its attributes (`@name`) and of the elements in it, without their
prefixes; a name that comes several times is a list; an element with words alone is a text, and its words stand as
`#text` where it has more. Entities, document types and the network are never followed.
"""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from charset_normalizer import from_bytes
from lxml import etree

ATTRIBUTE = "@"
TEXT = "#text"
_DEEPEST = 20
_MOST_DIGITS = 28


class ReadAs(StrEnum):
    """How an answer is read."""

    AUTO = "auto"
    """As its content type says; what is neither JSON nor XML is a text."""
    JSON = "json"
    XML = "xml"
    TEXT = "text"


class BadAnswerError(ValueError):
    """The answer cannot be read; the text says why."""


class Exact(float):
    """A number with a fraction that remembers how it was written: paths compare it, scenarios get it exactly."""

    __slots__ = ("written",)

    def __new__(cls, written: str) -> "Exact":
        """Read it."""
        number = super().__new__(cls, written)
        number.written = written
        return number

    written: str


def read_answer(body: bytes, content_type: str, wanted: ReadAs = ReadAs.AUTO) -> Any:
    """The value: records, lists, texts, numbers (int and Exact, see `exact`), booleans, None. Raises BadAnswerError."""
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    if wanted is ReadAs.AUTO:
        wanted = _kind(kind)
    if not body.strip():
        return "" if wanted is ReadAs.TEXT else None
    return _READERS[wanted](body, _charset(rest))


def _kind(content_type: str) -> ReadAs:
    ending = content_type.rpartition("/")[2]
    if ending == "json" or ending.endswith("+json"):
        return ReadAs.JSON
    if content_type != "application/xhtml+xml" and (ending == "xml" or ending.endswith("+xml")):
        return ReadAs.XML
    return ReadAs.TEXT


def _charset(parameters: str) -> str:
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""


def decoded(body: bytes, charset: str) -> str:
    """The text. Without a known charset it is UTF-8, else what it looks like."""
    for each in filter(None, (charset, "utf-8")):
        try:
            return body.decode(each).removeprefix("\ufeff")
        except (LookupError, UnicodeDecodeError):
            continue
    best = from_bytes(body[:50_000]).best()
    return body.decode(best.encoding if best else "utf-8", "replace")


def read_json(body: bytes, charset: str = "") -> Any:
    """RFC 8259. Raises BadAnswerError."""
    try:
        value = json.loads(
            decoded(body, charset), parse_float=_fraction, parse_int=_whole, parse_constant=_not_a_number
        )
    except BadAnswerError:
        raise
    except RecursionError as fault:
        raise BadAnswerError("the answer is nested too deeply") from fault
    except ValueError as fault:
        raise BadAnswerError(f"the answer is no JSON: {fault}") from fault
    _check_depth(value, 0)
    return value


def _whole(written: str) -> int:
    if len(written) > _MOST_DIGITS:
        raise BadAnswerError(f"the number {written[:30]}… in the answer has too many digits")
    return int(written)


def _fraction(written: str) -> Exact:
    number = Exact(written)
    if len(written) > 2 * _MOST_DIGITS or not math.isfinite(number) or abs(Decimal(written).adjusted()) > _MOST_DIGITS:
        raise BadAnswerError(f"the number {written[:30]} in the answer has too many digits")
    return number


def _not_a_number(written: str) -> Any:
    raise BadAnswerError(f"the answer is no JSON: {written} is no number")


def _check_depth(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadAnswerError("the answer is nested too deeply")
    if isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            _check_depth(item, depth + 1)


def exact(value: Any) -> Any:
    """A value for scenarios: its numbers are Decimals."""
    match value:
        case bool():
            return value
        case Exact():
            return Decimal(value.written)
        case int():
            return Decimal(value)
        case list():
            return [exact(item) for item in value]
        case dict():
            return {name: exact(item) for name, item in value.items()}
    return value


def read_xml(body: bytes, charset: str = "") -> Any:
    """A record with the root's name and value. Raises BadAnswerError.

    The charset of the answer's head is stronger than the document's (RFC 7303 §3).
    """
    try:
        parser = etree.XMLParser(
            encoding=charset or None, resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True,
            remove_pis=True, huge_tree=False,
        )  # fmt: skip
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, LookupError, ValueError) as fault:
        raise BadAnswerError(f"the answer is no XML: {fault}") from fault
    if root.getroottree().docinfo.doctype:
        raise BadAnswerError("the answer has a document type, which is not read: nothing good hides in one")
    return {_name(root.tag): _value(root, 0)}


def _value(element: "etree._Element", depth: int) -> Any:
    if depth > _DEEPEST:
        raise BadAnswerError("the answer is nested too deeply")
    found: dict[str, Any] = {ATTRIBUTE + _name(name): value for name, value in element.attrib.items()}
    several: set[str] = set()
    words = [element.text or ""]
    for child in element:
        name, value = _name(child.tag), _value(child, depth + 1)
        if name not in found:
            found[name] = value
        elif name in several:
            found[name].append(value)
        else:
            several.add(name)
            found[name] = [found[name], value]
        words.append(child.tail or "")
    text = "".join(words).strip()
    if not found:
        return text
    return found | {TEXT: text} if text else found


def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2]


_READERS: Mapping[ReadAs, Callable[[bytes, str], Any]] = MappingProxyType(
    {ReadAs.JSON: read_json, ReadAs.XML: read_xml, ReadAs.TEXT: decoded}
)
