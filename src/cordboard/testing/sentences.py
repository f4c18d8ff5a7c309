"""The sentences that the source says to users: found in its code, as templates."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1]
ROOMS = ("scenario", "components")
_SAYING = frozenset({"said"})
_GIVEN_TO = frozenset(
    {"ScenarioError", "BadValueError", "ExpressionError", "EvaluationError", "ValueError", "LimitReached", "Fault"}
    | {"_fault", "report", "add", "warn"}
)
"""What takes a message, and perhaps a hint."""
_HINTS = frozenset({"hint", "message"})
PYDANTIC = (
    "input should be greater than {0}",
    "input should be greater than or equal to {0}",
    "input should be less than {0}",
    "input should be less than or equal to {0}",
    "string should match pattern {0}",
    "string should have at least {0} character",
    "string should have at least {0} characters",
    "string should have at most {0} character",
    "string should have at most {0} characters",
    "input should be {0}",
)
"""What pydantic says of a property, as `written.collapsed` hands it on. (pydantic/errors/validation_errors)"""


def sentences() -> dict[str, str]:
    """Template to the file in which it stands. Values are numbered in an f-string and named in `said`."""
    found = dict.fromkeys(PYDANTIC, "pydantic")
    for room in ROOMS:
        for file in sorted((SOURCE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                for text in _of(node):
                    found.setdefault(text, str(file.relative_to(SOURCE)))
    return found


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in _SAYING and node.args and isinstance(node.args[0], ast.Constant):
            # How a value is written makes no difference to its translation.
            yield re.sub(r"\{(\w+)![rs]\}", r"{\1}", str(node.args[0].value))
        elif name in _GIVEN_TO:
            given = [*node.args, *(each.value for each in node.keywords if each.arg in _HINTS)]
            yield from (text for each in given for text in _literal(each))
    elif isinstance(node, ast.Assign | ast.AugAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if getattr(target, "id", "") in _HINTS:
            yield from _literal(node.value)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from (text for text in _literal(node.value) if text.startswith("did you mean"))


def _literal(node: ast.expr) -> Iterator[str]:
    """Words with a blank between them: the rest are names and signs."""
    match node:
        case ast.IfExp():
            yield from _literal(node.body)
            yield from _literal(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _literal(value)
        case ast.Constant(value=str() as text) if " " in text.strip() and len(text) > 8:
            yield text
        case ast.JoinedStr():
            parts, number = [], 0
            for each in node.values:
                if isinstance(each, ast.Constant):
                    parts.append(str(each.value).replace("{", "{{").replace("}", "}}"))
                else:
                    parts.append(f"{{{number}}}")
                    number += 1
            if " " in (text := "".join(parts)).strip() and len(text) > 8:
                yield text
