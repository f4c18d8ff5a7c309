"""The manual of expressions, made of what they are: `python -m cordboard.scenario.expressions.manual FOLDER`."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cordboard.scenario.expressions.errors import (
    MAX_DIGITS,
    MAX_ITEMS,
    MAX_LENGTH,
    MAX_NESTED,
    MAX_TEXT,
)
from cordboard.scenario.expressions.function import Example, Function, Theme
from cordboard.scenario.expressions.functions import THEMES
from cordboard.scenario.expressions.lazy import LAZY, LazyFunction
from cordboard.scenario.expressions.manual_text import INTRODUCTION
from cordboard.scenario.expressions.names import CALL_DATA
from cordboard.scenario.expressions.operators import ARITHMETIC
from cordboard.scenario.values import ValueType

_MADE = "<!-- Made by tools/write-expressions-docs from the source; do not edit. -->\n"
_LAZY_THEME = "logic"


def pages() -> Mapping[str, str]:
    """Each page of the manual by the name of its file."""
    return {"README.md": _readme(), **{f"{theme.slug}.md": _page(theme) for theme in THEMES}}


def _readme() -> str:
    bounds = {
        "length": f"{MAX_LENGTH:,}",
        "text": f"{MAX_TEXT:,}",
        "items": f"{MAX_ITEMS:,}",
        "nested": MAX_NESTED,
        "digits": MAX_DIGITS,
    }
    return _MADE + INTRODUCTION.format(
        operators=_operators(), call_data=_call_data(), index=_index(), count=len(list(_everything())), **bounds
    )


def _operators() -> str:
    rows = [
        f"| {a.value} `{symbol}` {b.value} | {result.value} |" for (symbol, a, b), (result, _) in ARITHMETIC.items()
    ]
    return "| operation | gives |\n|---|---|\n" + "\n".join(rows)


def _call_data() -> str:
    rows = [f"| `{name}` | {datum.type.value} | {datum.help} |" for name, datum in CALL_DATA.items()]
    return "| name | type | what it is |\n|---|---|---|\n" + "\n".join(rows)


def _everything() -> Iterable[tuple[Theme, Function | LazyFunction]]:
    for theme in THEMES:
        yield from ((theme, function) for function in _functions(theme))


def _functions(theme: Theme) -> list[Function | LazyFunction]:
    return [*(LAZY if theme.slug == _LAZY_THEME else ()), *theme]


def _index() -> str:
    lines = []
    for theme in THEMES:
        names = ", ".join(f"[{each.name}]({theme.slug}.md#{each.name})" for each in _functions(theme))
        lines.append(f"- **[{theme.title}]({theme.slug}.md)**: {names}")
    return "\n".join(lines)


def _page(theme: Theme) -> str:
    functions = _functions(theme)
    overview = "\n".join(f"| [`{_signature(each)}`](#{each.name}) | {_cell(each.help)} |" for each in functions)
    parts = [
        f"{_MADE}# {theme.title}\n\n{theme.about}\n\n[All functions](README.md#functions)",
        f"| function | what it gives |\n|---|---|\n{overview}",
        *(_entry(each) for each in functions),
    ]
    return "\n\n".join(parts) + "\n"


def _entry(function: Function | LazyFunction) -> str:
    lines = [f"## {function.name}", "", f"`{_signature(function)}`{_result(function)}", "", function.help, ""]
    if isinstance(function, Function) and function.parameters:
        lines += [_arguments(function), ""]
    others = [name for name in dict.fromkeys((function.russian, function.ukrainian)) if name != function.name]
    if others:
        lines += ["Also written " + ", ".join(f"`{name}`" for name in others) + ".", ""]
    lines.append(_examples(function.examples))
    return "\n".join(lines)


def _signature(function: Function | LazyFunction) -> str:
    return function.signature


def _result(function: Function | LazyFunction) -> str:
    if isinstance(function, LazyFunction):
        return ""
    if function.keeps:
        return " → of the type of its arguments"
    return f" → {function.result.value}" if function.result else ""


def _arguments(function: Function) -> str:
    described = []
    for each in function.parameters:
        kind = " or ".join(kind.value for kind in ValueType if kind in each.types) or "anything"
        if each.alike:
            kind = f"{kind}, all of one type" if len(each.types) else "anything, all of one type"
        more = ", as often as you like" if each.repeats else ", may be left out" if each.optional else ""
        described.append(f"`{each.name}` {kind}{more}")
    return "Arguments: " + "; ".join(described) + "."


def _examples(examples: Iterable[Example]) -> str:
    rows = "\n".join(f"| {_code(expression)} | {_code(shown) if shown else ''} |" for expression, shown in examples)
    return f"| expression | shows |\n|---|---|\n{rows}"


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(folder: Path) -> None:
    """Write the pages, and remove what is no page any more."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
