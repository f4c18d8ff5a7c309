"""JSON: the answers of other programs, and what is sent to them."""

import json
import re
from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, Money, parse_json, shorten, show

json_theme = Theme(
    "json",
    "JSON",
    "An object becomes a record, an array a list, a number an exact number, null nothing. In an expression a quote "
    'inside a text is written twice: `json_parse("{""a"": 1}")`.',
)
_STEP = re.compile(r"\.?([^\W\d][\w-]*)|\[(-?\d{1,6})\]")


@json_theme.function(
    "изjson зjson", ('json_parse("{""name"": ""Ann""}")["name"]', "Ann"), ('json_parse("[1.10, 2]")[1]', "1.1")
)
def json_parse(text: str) -> Any:
    """The value that a text in JSON shows."""
    return parse_json(text)


@json_theme.function("вjson уjson", ('json_text(record("name"; "Ann"; "debt"; 12.50))', '{"name":"Ann","debt":12.5}'))
def json_text(value: Any) -> str:
    """Any value as JSON. Dates, durations, phones and money are texts."""
    return _written(value)


def _written(value: Any) -> str:
    match value:
        case None | bool():
            return json.dumps(value)
        case Decimal():
            return show(value)
        case list():
            return f"[{','.join(map(_written, value))}]"
        case dict():
            return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_written(v)}" for k, v in value.items()) + "}"
        case Money():
            return json.dumps(show(value))
    return json.dumps(show(value), ensure_ascii=False)


@json_theme.function("ejson єjson", ("""is_json("{}")""", "true"), ('is_json("{")', "false"))
def is_json(text: str) -> bool:
    """Whether json_parse() would succeed."""
    try:
        parse_json(text)
    except BadValueError:
        return False
    return True


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    end = 0
    for match in _STEP.finditer(path[:500]):
        if match.start() != end:
            break
        steps.append(match[1] if match[1] is not None else int(match[2]))
        end = match.end()
    if end != len(path) or path.startswith("."):
        raise BadValueError(said("{path!r} is no path: write customer.phones[0].number", path=shorten(path)))
    return steps


@json_theme.function(
    "путьjson шляхjson",
    ('json_path(json_parse("{""a"": {""b"": [5, 6]}}"); "a.b[0]")', "5"),
    ('json_path("{""a"": 1}"; "a")', "1"),
    ('json_path("{""a"": 1}"; "b.c"; "none")', "none"),
    path=_steps,
)
def json_path(value: Any, path: str, default: Any = None) -> Any:
    """What stands at a path of fields and places (from 0) in a record, a list or a text in JSON; else the default."""
    found = parse_json(value) if isinstance(value, str) else value
    if not isinstance(found, list | dict):
        raise ExpressionError(said("a path leads into a record, a list or a text in JSON"))
    for step in _steps(path):
        found = _inside(found, step)
    return default if found is None else found


def _inside(whole: Any, step: str | int) -> Any:
    if isinstance(whole, dict) and isinstance(step, str):
        return whole.get(step)
    if isinstance(whole, list) and isinstance(step, int) and -len(whole) <= step < len(whole):
        return whole[step]
    return None
