"""From the text of an expression to a Python expression made of generated names alone.

Names, texts and numbers of the user never reach Python's parser: each is replaced by a name of ours (`n0`, `n1` …)
behind which the token is kept. What remains are operators and brackets, which Python parses with the
precedence that Excel has (`&` binds weaker than `+` and stronger than `=` in both).
"""

import ast
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cordboard.scenario.expressions.errors import MAX_LENGTH, ExpressionError


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, call data or a function, as the user wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text or a number."""

    value: str | Decimal | bool


Atom = Name | Constant

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d{1,28}(?:\.\d{1,28})?(?![\w.]))
      | (?P<text>"(?:[^"]|"")*")
      | (?P<name>[^\W\d]\w*)
      | (?P<op><>|<=|>=|[=<>+\-*/&;()\[\]])
    """,
    re.VERBOSE,
)
_OPERATORS = {"=": "==", "<>": "!=", ";": ","}
_WANTS_MORE = frozenset({"==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "&", ",", "and", "or", "not", "in"})
_WORDS = {"and": "and", "or": "or", "not": "not", "и": "and", "или": "or", "не": "not", "in": "in"}
_WORDS |= {"і": "and", "й": "and", "та": "and", "або": "or"}
_CONSTANTS = {"true": True, "false": False, "да": True, "нет": False, "истина": True, "ложь": False}
_CONSTANTS |= {"так": True, "ні": False, "істина": True, "хиба": False}
_HINTS = {
    ",": "arguments are separated by `;`, and 12.5 is written with a point",
    ":": 'a time of day is time(9; 30) or, beside another, "09:30"',
    "'": 'texts stand in double quotes: "text"',
    "!": "not equal is written <>",
    "^": "a power is power(base; exponent)",
    "%": "there is no percent sign; divide by 100",
    ".": 'there are no attributes; a field of a record is record["name"]',
    "{": "braces are for inserts in texts, not for expressions",
    '"': "the text has no closing quote",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """Python's tree, the atoms behind its names, and where each column of it was in the text."""

    tree: ast.expr
    atoms: Mapping[str, Atom]
    _offsets: tuple[int, ...]
    _columns: tuple[int, ...]

    def column(self, node: ast.expr) -> int:
        """The column (from 1) of a node in the user's text."""
        return _column(node.col_offset, self._offsets, self._columns)


def parse(text: str, shift: int = 0) -> Parsed:
    """Read an expression without its `=`. `shift` characters stood before it. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text)} characters", 1 + shift, f"at most {MAX_LENGTH}")
    atoms: dict[str, Atom] = {}
    parts: list[str] = []
    offsets: list[int] = []
    columns: list[int] = []
    length = position = depth = 0
    while position < len(text):
        column = position + 1 + shift
        match = _TOKEN.match(text, position)
        if match is None:
            char = text[position]
            hint = "a name cannot begin with a digit" if char.isdigit() else _HINTS.get(char, "")
            raise ExpressionError(f"{char!r} cannot stand here", column, hint)
        position = match.end()
        if match.lastgroup == "space":
            continue
        part = _part(match, atoms)
        depth += (part in {"(", "["}) - (part in {")", "]"})
        if depth > 50:
            raise ExpressionError("too many brackets inside each other", column, "compute a part in a variable first")
        offsets.append(length)
        columns.append(column)
        parts.append(part)
        length += len(part) + 1
    source = " ".join(parts)
    try:
        tree = ast.parse(source or "()", mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        offset = (getattr(error, "offset", None) or 1) - 1
        column = _column(offset, tuple(offsets), tuple(columns)) if offsets else 1 + shift
        if parts and parts[-1] in _WANTS_MORE:
            column = columns[-1]
        raise ExpressionError(
            "the expression is not complete or has something too much", column, _advice(parts)
        ) from error
    return Parsed(tree, atoms, tuple(offsets), tuple(columns))


def _part(match: "re.Match[str]", atoms: dict[str, Atom]) -> str:
    token = match[0]
    lower = token.lower()
    match match.lastgroup:
        case "op":
            return _OPERATORS.get(token, token)
        case "name" if lower in _WORDS and not _is_call(match):
            return _WORDS[lower]
        case "name":
            atom: Atom = Constant(_CONSTANTS[lower]) if lower in _CONSTANTS and not _is_call(match) else Name(token)
        case "number":
            atom = Constant(Decimal(token))
        case _:
            atom = Constant(token[1:-1].replace('""', '"'))
    name = f"n{len(atoms)}"
    atoms[name] = atom
    return name


def _is_call(match: "re.Match[str]") -> bool:
    """Whether a bracket follows at once: and(a;b) is the function, a and (b) the operator."""
    return match.string.startswith("(", match.end())


def _advice(parts: list[str]) -> str:
    opened = sum(part in {"(", "["} for part in parts) - sum(part in {")", "]"} for part in parts)
    if opened > 0:
        return "a closing bracket is missing"
    if opened < 0:
        return "there is a closing bracket too much"
    return "look before and after this place" if parts else "write something behind the `=`"


def _column(offset: int, offsets: tuple[int, ...], columns: tuple[int, ...]) -> int:
    index = bisect_right(offsets, offset) - 1
    return columns[max(index, 0)] if columns else 1
