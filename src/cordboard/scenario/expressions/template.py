"""Texts with inserts: `Hello {name}!`."""

from collections.abc import Callable

from cordboard.scenario.expressions.bounds import text_too_long
from cordboard.scenario.expressions.compiler import Compiled, compile_expression
from cordboard.scenario.expressions.errors import MAX_TEXT, ExpressionError
from cordboard.scenario.expressions.names import Names, Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import SIMPLE, ValueType, show

T = ValueType


def compile_template(text: str, scope: Scope, escape: Callable[[str], str] = str) -> Compiled:
    """Compile a text with `{expression}` inserts; `{{` is a brace. Raises ExpressionError.

    What the inserts give is put through `escape`.
    """
    if "{" not in text and "}" not in text:
        return Compiled(T.TEXT, lambda _: text, constant=True)
    pieces: list[str | Compiled] = []
    for piece, shift in _pieces(text):
        pieces.append(piece if shift is None else _insert(piece, shift, scope))
    names = frozenset(name for piece in pieces if isinstance(piece, Compiled) for name in piece.names)
    if not any(isinstance(piece, Compiled) for piece in pieces):
        plain = "".join(str(piece) for piece in pieces)
        return Compiled(T.TEXT, lambda _: plain, constant=True)

    def run(values: Names) -> str:
        shown = []
        left = MAX_TEXT
        for piece in pieces:
            shown.append(piece if isinstance(piece, str) else escape(show(piece.evaluate(values))))
            left -= len(shown[-1])
            if left < 0:
                raise text_too_long()
        return "".join(shown)

    return Compiled(T.TEXT, run, names)


def _insert(source: str, shift: int, scope: Scope) -> Compiled:
    compiled = compile_expression(source, scope, shift)
    if compiled.type is not None and compiled.type not in SIMPLE | {T.LIST}:
        message = said("a {type} cannot be inserted into a text", type=compiled.type.value)
        raise ExpressionError(message, shift + 1, said('take a field of it: {record["name"]}'))
    return compiled


def _pieces(text: str) -> "list[tuple[str, int | None]]":
    """Texts, and expressions with the number of characters before them."""
    found: list[tuple[str, int | None]] = []
    plain: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char in "{}" and text[position : position + 2] == char * 2:
            plain.append(char)
            position += 2
        elif char == "{":
            end, quoted = position + 1, False
            while end < len(text) and (quoted or text[end] != "}"):
                quoted ^= text[end] == '"'
                end += 1
            if end >= len(text):
                raise ExpressionError(
                    said("the brace is not closed"), position + 1, said("write {name}, or {{ for a brace")
                )
            found += [("".join(plain), None), (text[position + 1 : end], position + 1)]
            plain, position = [], end + 1
        elif char == "}":
            raise ExpressionError(said("there is a closing brace too much"), position + 1, said("write }} for a brace"))
        else:
            plain.append(char)
            position += 1
    found.append(("".join(plain), None))
    return found
