"""Tests never wait on the real clock: they run in virtual time or wait for a condition."""

import ast
from collections.abc import Iterator

import pytest

from cordboard.testing.architecture import TESTS, name_of, python_files

# File → why it cannot do without. Keep it short.
ALLOWED = {
    "tests/durability/test_office_survives.py": "a database that is locked for five seconds is what it tries",
    "tests/switch/test_originate.py": "two ends act within milliseconds of each other: the races are what it tries",
}


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain or a name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def in_virtual_time(function: ast.AST, file_has_it: bool) -> bool:
    """A test must wear the decorator itself; helpers may sleep if the file's tests run in virtual time."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    decorators = [each.func if isinstance(each, ast.Call) else each for each in function.decorator_list]
    if any(dotted(each).endswith("virtual_time") for each in decorators):
        return True
    return file_has_it and not function.name.startswith(("test", "Test"))


def polls(tree: ast.AST) -> Iterator[ast.Call]:
    """Sleeps of at most 50 ms in a `while <condition>`: a wait for something that nobody announces."""
    for loop in ast.walk(tree):
        if not isinstance(loop, ast.While) or isinstance(loop.test, ast.Constant):
            continue
        for node in ast.walk(loop):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                seconds = node.args[0].value
                if isinstance(seconds, int | float) and seconds <= 0.05:
                    yield node


def real_sleeps(source: str) -> Iterator[int]:
    """The lines of `source` that would wait on the real clock."""
    tree = ast.parse(source)
    file_has_it = any(
        alias.name == "virtual_time"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )
    polling = set(polls(tree))
    for top in tree.body:
        for node in ast.walk(top):
            if not isinstance(node, ast.Call) or node in polling:
                continue
            name = dotted(node.func)
            if name == "time.sleep":
                yield node.lineno
            elif name in {"asyncio.sleep", "anyio.sleep", "sleep"}:
                instant = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
                if not instant and not in_virtual_time(top, file_has_it):
                    yield node.lineno


def test_no_test_sleeps() -> None:
    found = [
        f"{name_of(file)}:{line}"
        for file in python_files(TESTS)
        if name_of(file) not in ALLOWED
        for line in real_sleeps(file.read_text(encoding="utf-8"))
    ]
    assert found == []


VIRTUAL = "from cordboard.simulation.virtual_time import virtual_time\n"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def test_x():\n    time.sleep(1)\n", [2]),
        ("async def test_x():\n    await asyncio.sleep(0.1)\n", [2]),
        ("async def test_x():\n    await asyncio.sleep(0)\n", []),
        (VIRTUAL + "async def test_x():\n    await asyncio.sleep(1)\n", [3]),
        (VIRTUAL + "@virtual_time\nasync def test_x():\n    await asyncio.sleep(1)\n", []),
        (VIRTUAL + "@virtual_time\nasync def test_x():\n    time.sleep(1)\n", [4]),
        ("async def test_x():\n    while not ready():\n        await asyncio.sleep(0.01)\n", []),
        ("async def test_x():\n    while not ready():\n        await asyncio.sleep(1)\n", [3]),
        ("async def test_x():\n    while True:\n        await asyncio.sleep(0.01)\n", [3]),
        (VIRTUAL + "async def helper():\n    await asyncio.sleep(1)\n", []),
    ],
)
def test_the_rule_sees_a_sleep(source: str, lines: list[int]) -> None:
    assert list(real_sleeps(source)) == lines
