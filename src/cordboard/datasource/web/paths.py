"""JSON path (RFC 9535) within bounds: what a path costs grows with the answer, not with its square. Pure."""

import re
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery

MOST = 1000
"""Values that one path gives."""
_LONGEST = 300
_AT_MOST = {"$": 1, "..": 1, "?": 3, ",": 3}
"""What would multiply the cost if it stood there more often."""
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")


class BadPathError(ValueError):
    """It is no path that is followed here; the text says why."""


class _Bounded(JSONPathEnvironment):
    """Without functions: patterns may take for ever, and the rest can be done in expressions."""

    max_recursion_depth = 50

    def setup_function_extensions(self) -> None:
        """There are none."""


_ENVIRONMENT = _Bounded()


@lru_cache(maxsize=512)
def checked_path(path: str) -> JSONPathQuery:
    """Compile a path. The `$` at its beginning may be left out. Raises BadPathError."""
    whole = path.strip()
    if not whole.startswith("$"):
        whole = f"${whole}" if whole.startswith(("[", ".")) else f"$.{whole}"
    if len(whole) > _LONGEST:
        raise BadPathError(f"a path has at most {_LONGEST} characters")
    bare = _QUOTED.sub("", whole)
    if any(bare.count(sign) > most for sign, most in _AT_MOST.items()):
        raise BadPathError(
            f"the path {path!r} costs too much: it may have one `$`, one `..`, three `?` and three commas"
        )
    try:
        return _ENVIRONMENT.compile(whole)
    except JSONPathError as fault:
        message = f"{path!r} is no path: write $.customer.phones[0] or $[?@.code == 'USD'].rate"
        raise BadPathError(message) from fault


def quoted(value: str) -> str:
    """A value as it stands between the quotes of a path, single or double: it ends neither."""
    return "".join(f"\\u{ord(sign):04x}" if sign in "'\"\\" or sign < " " else sign for sign in value)


def values_at(value: Any, path: str, most: int = MOST) -> list[Any]:
    """The first values at a path in records and lists, in their order. Raises BadPathError."""
    query = checked_path(path)
    if not isinstance(value, list | dict):
        return [] if query.segments else [value]
    try:
        return [node.value for node in islice(query.finditer(value), most)]
    except JSONPathError as fault:
        raise BadPathError(f"the path {path!r} cannot be followed: {fault}") from fault
