from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from cordboard.cli.prompt import app

Command = Callable[..., Result]


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, words)


def said(result: Result, status: int = 0) -> str:
    assert result.exit_code == status, result.output
    return result.output


def audio(path: Path) -> str:
    soundfile.write(str(path), 0.1 * np.sin(np.arange(88200) / 10), 44100)
    return str(path)


def test_prompts_are_added_listed_and_removed(cordboard: Command, tmp_path: Path) -> None:
    assert "Prompt welcome is 2.1 s long" in said(cordboard("add", audio(tmp_path / "welcome.uk.flac")))
    said(cordboard("add", audio(tmp_path / "take 7.mp3"), "--name", "bye", "--text", "Bye, bye"))
    said(cordboard("text", "closed", "Мы закрыты", "--language", "ru"))
    listed = [line.split() for line in said(cordboard("list")).splitlines()[1:]]
    assert listed == [
        ["bye", "2.1", "Bye,", "bye"],
        ["closed", "ru", "spoken", "Мы", "закрыты"],
        ["welcome", "uk", "2.1"],
    ]
    assert said(cordboard("texts")) == ('prompt,language,text\nbye,,"Bye, bye"\nclosed,ru,Мы закрыты\nwelcome,uk,\n')
    assert "removed" in said(cordboard("remove", "welcome", "--language", "uk"))
    assert "There is no prompt welcome" in said(cordboard("remove", "welcome", "--language", "uk"), 1)
    assert sorted(path.name for path in (tmp_path / "prompts").iterdir()) == ["bye.txt", "bye.wav", "closed.ru.txt"]


def test_what_will_not_do_is_told(cordboard: Command, tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"noise")
    assert "noise.wav cannot be read as audio" in said(cordboard("add", str(tmp_path / "noise.wav")), 1)
    assert "no name for a prompt" in said(cordboard("add", audio(tmp_path / "my greeting.flac")), 1)
    assert "is no language" in said(cordboard("text", "a", "b", "--language", "de"), 1)
    assert "no name for a prompt" in said(cordboard("remove", "../x"), 1)
