"""Each example of a story: it can be published, its tests take its exits and pass, its README names what there is."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = sorted(EXAMPLES.glob("s[0-9][0-9]-*"))


def answer(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["scenario", *map(str, arguments)])
    return result.exit_code, result.output


def test_there_are_some() -> None:
    assert STORIES


@pytest.mark.slow
@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_nothing_is_wrong_with_it(folder: Path, tmp_path: Path) -> None:
    code, output = answer("check", folder, "--data", tmp_path)
    assert output.endswith("can be published\n")
    assert (code, len(output.splitlines())) == (0, 1), output


@pytest.mark.slow
@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_its_tests_pass_and_cover_the_exits(folder: Path) -> None:
    code, output = answer("test", folder, "--coverage", "--min-coverage", "95")
    assert [line for line in output.splitlines() if line.startswith("FAILED")] == []
    assert code == 0, output


@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_its_readme_names_each_scenario_and_table(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    names = [str(file.relative_to(folder)) for file in (*folder.glob("*.yaml"), *folder.glob("tables/*"))]
    assert [name for name in names if f"({name})" not in readme] == []
