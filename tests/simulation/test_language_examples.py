"""The examples of the language: they can be published, their tests pass, and hardly an exit is untried."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app

FOLDER = Path(__file__).parents[2] / "examples" / "language"


def answer(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["scenario", *map(str, arguments)])
    return result.exit_code, result.output


def test_nothing_is_wrong_with_them(tmp_path: Path) -> None:
    code, output = answer("check", FOLDER, "--data", tmp_path)
    assert (code, output) == (0, "14 scenarios can be published\n")


@pytest.mark.slow
def test_their_tests_pass_and_cover_the_exits() -> None:
    code, output = answer("test", FOLDER, "--coverage", "--min-coverage", "90")
    assert [line for line in output.splitlines() if line.startswith("FAILED")] == []
    assert code == 0, output


def test_the_readme_names_each() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in FOLDER.glob("*.yaml") if f"({file.name})" not in readme] == []
