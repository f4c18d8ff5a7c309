"""`cordboard source`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cordboard.cli.source import app

PASSWORD = "pa'ss word"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr("cordboard.config.Settings.set_up", True)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, given: str | None = None) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*words, "--data", str(tmp_path / "var")], input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_a_database_is_set_tried_listed_and_removed(command: Callable[..., Any], tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "crm.sqlite") as database:
        database.execute("CREATE TABLE clients AS SELECT 'Олена' AS name")
    database.close()
    assert command("set", "crm", "sqlite", str(tmp_path / "crm.sqlite"), "--seconds", "5")[0] == 0
    code, output = command("test", "crm", "SELECT name FROM clients")
    assert (code, "name: Олена" in output, "crm has answered within" in output) == (0, True, True)
    code, output = command("list")
    assert "crm.sqlite" in output
    assert "read" in output
    assert command("remove", "crm") == (0, "crm is forgotten\n")
    code, output = command("test", "crm")
    assert (code, "there is no data source 'crm'" in output) == (1, True)


def test_a_password_is_read_and_never_shown(command: Callable[..., Any]) -> None:
    code, output = command(
        "set", "crm", "postgresql", "crm", "--host", "127.0.0.1", "--port", "1", "--user", "reader",
        "--password-file", "-", given=f"{PASSWORD}\n",
    )  # fmt: skip
    assert (code, PASSWORD in output) == (0, False)
    shown = command("list")[1] + command("test", "crm")[1]
    assert "does not answer" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["set", "oktell", "sqlite", "x"], "oktell is the exchange's own call log"),
        (["set", "crm", "sqlite", "x", "--option", "tls=maybe"], "tls is one of off, on, verify"),
        (["set", "crm", "sqlite", "x", "--option", "fast"], "fast is no option"),
        (["set", "crm", "mysql", "x", "--user", "u", "--password-file", "/nowhere/at/all"], "cannot be read"),
        (["remove", "crm"], "There is no data source crm"),
    ],
)
def test_mistakes_are_told(command: Callable[..., Any], words: list[str], sentence: str) -> None:
    code, output = command(*words)
    assert (code, sentence in " ".join(output.split())) == (1, True)
