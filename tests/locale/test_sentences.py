import re
import string
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, create_model
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.components import catalogue
from cordboard.locale import describe_in, tell
from cordboard.locale.tables import table
from cordboard.scenario.catalogue import describe
from cordboard.scenario.pydantic_words import collapsed
from cordboard.testing.sentences import ROOMS, TOLD, files, heads, helps, lost, sentences

FOREIGN = {"ru": "іїєґІЇЄҐ", "uk": "ыэёъЫЭЁЪ"}
SOURCE = helps() | sentences()
VAGUE = frozenset(
    {"{name}: {fault}", "{0}{1}: {2}", "variable {0}: {1}", "; the cord of a row stands in it as `to`"}
    | {"{name}: expected {wanted}, was {row}", "not_heard {text}: heard {told}"}
    | {"cordboard {0}", "--keys: {0}.", "--since: {0}."}
    | {"+{0} ERROR {1}: {2}", "ESME_{0} (0x{1}): {2}"}
)
"""Frames around other words: what stands in them is told by itself."""
EXCUSED = {
    "_unlike(function, one, other)": "made with said() there",
    "no_sign(known(a))": "made with said() there",
    "mismatch(symbol, known(x), known(y))": "made with said() there",
    "mismatch(symbol, known(a), known(b))": "made with said() there",
    "mismatch(symbol, left, right)": "made with said() there",
    "hour if unit == 'm' else day": "made with said() there",
    "before['error']": "told once already, and kept in the store",
    "plain": "becomes a BadScheduleError",
    "part.strip()": "becomes a Fault or a CalendarError",
    "told": "becomes a CalendarError; or made with words() nearby",
    "why": "the note of a session that has ended, set where it ended",
    "pcm.decode(errors='replace')": "said by RHVoice's own process, in rhvoice_library.py",
    "_FAULTS[why].format(name=self._name, **_LIMITS, words=head.get('words', ''))": "a table of sentences",
    "_FAULTS['password'].format(name=path.name)": "a table of sentences",
    "'\\n'.join((f'{file}: {fault}' for fault in faults))": "sentences that are yielded there",
    "'\\n'.join((_sentence(error) for error in fault.errors()))": "made by _sentence() there",
    "'; '.join((f\"{'.'.join(path)}: {text}\" for path, text in collapsed(error)))": "sentences of pydantic_words",
}
"""What an error is given that is no literal, and why."""


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
def test_every_head_of_a_table_is_there_and_no_other(language: str) -> None:
    assert table("heads", language).keys() == heads()


@pytest.mark.parametrize("file", list(files(*ROOMS, *TOLD)), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_users_are_told_is_a_literal_that_can_be_found(file: Path) -> None:
    assert not lost(file, EXCUSED)


def test_a_sentence_that_cannot_be_found_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cordboard.testing.sentences.SOURCE", tmp_path)
    (tmp_path / "bad.py").write_text(
        'said(f"no {x}")\nraise ScenarioError(made)\nsaid("no {x}", x=1)\n', encoding="utf-8"
    )
    assert lost(tmp_path / "bad.py", {}) == [
        "bad.py:1: said() takes a literal, not f'no {x}'",
        "bad.py:2: ScenarioError is given made",
    ]


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_a_translation_has_the_same_values_and_its_own_letters(language: str) -> None:
    for english, told in table("sentences", language).items():
        assert _names(english) == _names(told), english
        assert not set(told) & set(FOREIGN[language]), told
        assert told != english or english in VAGUE
        assert english.endswith(".") == told.endswith("."), english


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_each_sentence_is_known_again_by_its_english_text(language: str) -> None:
    for english, told in table("sentences", language).items():
        if english in VAGUE:
            continue
        assert tell(_filled(english), language) == _filled(told), english
        if not english.endswith((".", ")", "…", ":")):  # a command puts a full stop behind a fault
            assert tell(f"{_filled(english)}.", language) == f"{_filled(told)}.", english


def test_what_stands_within_a_sentence_is_told_too() -> None:
    told = "переменная 'pin': 'abc' — не число: напишите 12 или 12.5"
    assert tell("variable 'pin': 'abc' is no number: write 12 or 12.5", "ru") == told
    assert tell("a text does not fit into a number", "uk") == "тип текст не підходить до типу число"
    assert tell("texts: de is no language here: possible are en, ru and uk", "ru").startswith("texts: de — здесь")


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            "the SMS line k is down: /dev/tty: the modem is gone; crm is down: crm.test:80 cannot be reached: refused",
            "линия SMS k не работает: /dev/tty: модем пропал; crm не работает: до crm.test:80 не достучаться: refused",
        ),
        (
            "line k: 1 of 2 parts were taken: /dev/ttyUSB0 answered +CMS ERROR 38: network out of order",
            "линия k: из 2 частей принято 1: /dev/ttyUSB0, ответ +CMS ERROR 38: сеть неисправна",
        ),
        (
            "smsc:2775 is not connected: the SMSC has not answered within 10 s; not connected yet",
            "с smsc:2775 нет соединения: SMSC не ответил; секунд прошло: 10; соединения ещё нет",
        ),
        (
            "crm.test was lost before it answered: ReadError; nobody knows whether it arrived",
            "связь с crm.test потеряна до ответа: ReadError; дошло ли до неё, неизвестно",
        ),
        (
            "No engine could speak the text (espeak-ng failed: x; RHVoice took longer than 5 s). "
            "To get the engines anew: rm -r .speech && make up",
            "Ни один синтезатор не смог произнести текст (espeak-ng, отказ: x; RHVoice работает дольше 5 с). "
            "Поставить их заново: rm -r .speech && make up",
        ),
        ("there is no sheet 'a'; there are: b, c.", "нет листа 'a'; есть: b, c."),
    ],
)
def test_sentences_within_frames_and_beside_others_are_told_each(sentence: str, told: str) -> None:
    assert tell(sentence, "ru") == told


def test_the_users_own_words_and_unknown_sentences_stay() -> None:
    assert tell("there is no step 'no such day, {0}'", "ru") == "нет шага 'no such day, {0}'"
    assert tell("something else happened", "uk") == "something else happened"
    assert tell("there is no step 'x'", "en") == "there is no step 'x'"
    assert tell("there is no step 'x'", "de") == "there is no step 'x'"


def test_a_variable_may_be_called_like_a_type() -> None:
    assert tell("variable number: expected 1, is 2", "ru") == "переменная number: ожидалось 1, а в ней 2"
    assert tell("possible are number, value", "uk") == "можливі number, value"


def test_a_list_is_told_if_each_of_its_parts_is_known() -> None:
    told = "до этого не дошло: слышит 'a, waits', через 1s, нажимает 1"
    assert tell("it did not come to this: hears 'a, waits', after 1s, presses 1", "ru") == told
    assert tell("waits, somewhere", "ru") == "waits, somewhere"


@pytest.mark.parametrize(
    ("limits", "value", "told"),
    [
        ({"gt": 0}, 0, "должно быть больше 0"),
        ({"ge": 5}, 4, "должно быть 5 или больше"),
        ({"lt": 3}, 3, "должно быть меньше 3"),
        ({"le": 3}, 4, "должно быть 3 или меньше"),
        ({"le": timedelta(minutes=90)}, timedelta(hours=2), "должно быть 1h30m или меньше"),
        ({"gt": timedelta(0)}, timedelta(0), "должно быть больше 0s"),
        ({"multiple_of": 2}, 3, "должно делиться на 2"),
        ({"min_length": 1}, "", "текст пуст, напишите его"),
        ({"min_length": 3}, "ab", "текст слишком короткий: знаков меньше 3"),
        ({"max_length": 1}, "ab", "текст слишком длинный: знаков больше 1"),
        ({"max_length": 1}, [1, 2], "список слишком длинный: элементов больше 1"),
        ({"pattern": "^[a-z]$"}, "A", "должно быть записано по образцу ^[a-z]$"),
    ],
)
def test_what_pydantic_finds_is_told(limits: dict[str, Any], value: Any, told: str) -> None:
    shape = create_model("Shape", value=(type(value), Field(**limits)))
    with pytest.raises(ValidationError) as wrong:
        shape.model_validate({"value": value})
    assert [(path, tell(text, "ru")) for path, text in collapsed(wrong.value)] == [(("value",), told)]


class _Shape(BaseModel):
    a: int
    b: Literal["x", "y"]
    c: str


def test_types_and_choices_that_do_not_fit_are_told_too() -> None:
    with pytest.raises(ValidationError) as wrong:
        _Shape.model_validate({"a": "one", "b": "z"})
    assert [(*path, tell(text, "uk")) for path, text in collapsed(wrong.value)] == [
        ("a", "тут очікується ціле число"),
        ("b", "тут це неможливо; напишіть x, y"),
        ("c", "цього бракує"),
    ]


def test_a_transcript_and_a_failed_test_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.yaml").write_text(
        "scenario: main\nkind: voice\nstart: hello\nsteps:\n"
        "  hello: {component: play, text: answers, exits: {done: end}}\n  end: {component: stop}\n",
        encoding="utf-8",
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "t.yaml").write_text("scenario: main\nexpect:\n  heard: goodbye\n", encoding="utf-8")
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "ru")
    run = CliRunner()
    shown = run.invoke(app, ["scenario", "simulate", str(tmp_path / "main.yaml"), "--data", str(tmp_path)])
    assert "caller звонит, номер: +380501234567" in shown.output
    assert "caller слышит: answers" in shown.output  # words of the scenario stay
    assert shown.output.splitlines()[-1] == "finished через 0.5s"
    failed = run.invoke(app, ["scenario", "test", str(tmp_path), "--data", str(tmp_path)])
    assert "t.yaml:3: heard 'goodbye': этого нет в услышанном: “answers”" in failed.output
    assert failed.output.splitlines()[-1] == "тестов: 1, не прошло: 1"


def test_the_help_of_a_property_is_told_as_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "main.yaml"
    file.write_text("scenario: main\nkind: voice\nstart: a\nsteps:\n  a: {component: say}\n", encoding="utf-8")
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "ru")
    told = CliRunner().invoke(app, ["scenario", "check", str(file), "--data", str(tmp_path)]).output
    help_ = describe_in(describe(next(each for each in catalogue() if each.kind == "say")), "ru")["properties"][0][
        "help"
    ]
    assert f"нет свойства 'value' ({help_})" in told


def test_a_check_speaks_the_language_of_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "main.yaml"
    file.write_text("scenario: main\nkind: voice\nstart: end\nsteps:\n  end: {component: stopp}\n", encoding="utf-8")
    for stronger in ("CORDBOARD_LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(stronger, raising=False)
    monkeypatch.setenv("LANG", "uk_UA.UTF-8")
    told = CliRunner().invoke(app, ["scenario", "check", str(file), "--data", str(tmp_path)])
    assert told.exit_code == 1
    assert "main.yaml:5:9: помилка: крок end component: невідомий компонент 'stopp' (можливо, 'stop'?)" in told.output
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "en")
    assert (
        "error: step end component: unknown component 'stopp'"
        in CliRunner().invoke(app, ["scenario", "check", str(file)]).output
    )
