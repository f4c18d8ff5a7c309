import re
import string
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.locale import tell
from cordboard.locale.tables import table
from cordboard.testing.sentences import sentences

FOREIGN = {"ru": "іїєґІЇЄҐ", "uk": "ыэёъЫЭЁЪ"}
SOURCE = sentences()
VAGUE = frozenset({"{name}: {fault}", "{0}{1}: {2}", "variable {0}: {1}", "; the cord of a row stands in it as `to`"})
"""Frames around other words: what stands in them is told by itself."""


def _names(text: str) -> list[str]:
    return sorted(re.findall(r"(?<!\{)\{(\w+)\}", text))


def _filled(template: str) -> str:
    """The template as a user reads it, with a value for each place."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return template
    if any(name is not None and not re.fullmatch(r"\w+", name + (spec or "")) for _, name, spec, _ in parts):
        return template  # braces that are meant as such
    if all(name is None for _, name, _, _ in parts):
        return template  # said as it stands
    return "".join(literal + ("" if name is None else "'X'") for literal, name, *_ in parts)


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_every_sentence_of_the_source_is_there_and_no_other(language: str) -> None:
    known = table("sentences", language)
    missing = {text: SOURCE[text] for text in SOURCE.keys() - known.keys()}
    assert not missing, "write these into locale/*/sentences_*.toml"
    assert not known.keys() - SOURCE.keys(), "the source does not say these any more: take them out"


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_a_translation_has_the_same_values_and_its_own_letters(language: str) -> None:
    for english, told in table("sentences", language).items():
        assert _names(english) == _names(told), english
        assert not set(told) & set(FOREIGN[language]), told
        assert told != english or english in VAGUE


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_each_sentence_is_known_again_by_its_english_text(language: str) -> None:
    for english, told in table("sentences", language).items():
        if english in VAGUE:
            continue
        assert tell(_filled(english), language) == _filled(told), english


def test_what_stands_within_a_sentence_is_told_too() -> None:
    told = "переменная 'pin': 'abc' — не число: напишите 12 или 12.5"
    assert tell("variable 'pin': 'abc' is no number: write 12 or 12.5", "ru") == told
    assert tell("a text does not fit into a number", "uk") == "тип текст не підходить до типу число"
    assert tell("texts: de is no language here: possible are en, ru and uk", "ru").startswith("texts: de — здесь")


def test_the_users_own_words_and_unknown_sentences_stay() -> None:
    assert tell("there is no step 'no such day, {0}'", "ru") == "нет шага 'no such day, {0}'"
    assert tell("something else happened", "uk") == "something else happened"
    assert tell("there is no step 'x'", "en") == "there is no step 'x'"
    assert tell("there is no step 'x'", "de") == "there is no step 'x'"


def test_a_check_speaks_the_language_of_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "main.yaml"
    file.write_text("scenario: main\nkind: voice\nstart: end\nsteps:\n  end: {component: stopp}\n", encoding="utf-8")
    monkeypatch.setenv("LANG", "uk_UA.UTF-8")
    told = CliRunner().invoke(app, ["scenario", "check", str(file), "--data", str(tmp_path)])
    assert told.exit_code == 1
    assert "main.yaml:5:9: помилка: крок end component: невідомий компонент 'stopp' (можливо, 'stop'?)" in told.output
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "en")
    assert (
        "error: step end component: unknown component 'stopp'"
        in CliRunner().invoke(app, ["scenario", "check", str(file)]).output
    )
