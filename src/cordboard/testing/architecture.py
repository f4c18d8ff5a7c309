"""What the tests of the tree's own rules read: its files and what they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "cordboard"
TESTS = ROOT / "tests"


def python_files(*folders: Path) -> list[Path]:
    """Every Python file below `folders`, in a stable order."""
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def name_of(file: Path) -> str:
    """The file's path from the root of the repository, as messages show it."""
    return file.relative_to(ROOT).as_posix()


def imported_modules(file: Path) -> Iterator[str]:
    """The full names of the modules that `file` imports, at any depth; relative imports are left out."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
