import pytest
from typer.testing import CliRunner

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
