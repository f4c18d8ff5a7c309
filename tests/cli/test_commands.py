from pathlib import Path

import pytest
from rich.table import Table
from typer.testing import CliRunner

from cordboard.cli.common import Telling, verbatim
from cordboard.cli.lazy import load
from cordboard.cli.main import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    place, line = COMMANDS[name]
    command = load(name, place)
    assert (command.name, " ".join((command.help or "").split()).startswith(line)) == (name, True)


def test_a_command_that_there_is_none_of_is_told_with_its_neighbours() -> None:
    told = CliRunner().invoke(app, ["hok"])
    assert told.exit_code == 2
    assert "Did you mean 'hook'" in told.output


def test_a_sub_command_tells_its_own_options() -> None:
    told = CliRunner().invoke(app, ["line", "add", "--help"])
    assert told.exit_code == 0
    assert "cordboard line add" in told.output or "root line add" in told.output


def test_help_and_answers_are_in_the_language_of_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "uk")
    run = CliRunner()
    assert "Зовнішні лінії." in run.invoke(app, ["--help"]).output
    assert "Власний номер лінії." in run.invoke(app, ["line", "add", "--help"]).output
    assert "немає станції: запустіть її" in run.invoke(app, ["line", "list", "--data", str(tmp_path)]).output


def test_what_is_the_users_own_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "ru")
    console = Telling(highlight=False)
    table = Table("name")
    table.add_row("name")
    console.print("No calls.", verbatim(["No calls."]), table)
    told = capsys.readouterr().out
    assert told.startswith("Вызовов нет. No calls.")
    assert "имя" in told
    assert "name" in told
