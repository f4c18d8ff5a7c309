"""docs/stories.md tells the truth: what it names is there, and every test of a story is named."""

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "stories.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = {label: PAGE.parent / path for label, path in re.findall(r"^\[(\w+)\]: (\S+)$", TEXT, re.MULTILINE)}


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"\[(test_\w+)\]\[(\w+)\]", TEXT)
    assert [name for name, label in named if name not in names_in(FILES[label])] == []


def test_every_test_of_a_story_is_named() -> None:
    stories = set(Path(__file__).parent.glob("test_s[0-9]*.py"))
    assert {file.resolve() for file in FILES.values()} == stories
    assert {name for file in stories for name in names_in(file)} == set(re.findall(r"\[(test_\w+)\]\[", TEXT))


def test_every_link_leads_to_a_file() -> None:
    assert [path for path in re.findall(r"\]\((\.\./\S+?)\)", TEXT) if not (PAGE.parent / path).exists()] == []
