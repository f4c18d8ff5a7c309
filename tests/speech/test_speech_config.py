from pathlib import Path

import pytest

from cordboard.speech.config import SpeechConfigError, load, load_or_usual
from cordboard.speech.engine import Voice

OWN = '[engines.own]\nkind = "command"\ncommand = ["/bin/cat", "{voice}"]\nvoices = {ru = ["Maria", "Ivan"]}\n'
CLOUD = '[engines.cloud]\nkind = "http"\nurl = "https://tts.test/"\nvoices = {en = ["Joe"]}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "speech.toml"


def test_without_a_file_all_is_as_usual(file: Path) -> None:
    config = load(file, file.parent)
    assert [engine.name for engine in config.engines] == ["rhvoice", "espeak-ng"]
    assert (config.manner.speed, dict(config.manner.voices), config.cache_megabytes) == (1.0, {}, 500)


def test_all_that_may_stand_there(file: Path) -> None:
    file.write_text(
        'order = ["cloud", "rhvoice", "own"]\nspeed = 0.9\ncache_megabytes = 50\n'
        'voices = {ru = "Aleksandr", uk = "Anatol, Natalia"}\n'
        + OWN
        + "seconds = 3\n"
        + CLOUD
        + 'form = "form"\nfields = {q = "{text}"}\nheaders = {X-Key = "S3cret"}\n',
        encoding="utf-8",
    )
    config = load(file, file.parent)
    assert [engine.name for engine in config.engines] == ["cloud", "rhvoice", "own"]
    assert list(config.engines[2].voices()) == [Voice("Maria", "ru"), Voice("Ivan", "ru")]
    assert (config.manner.speed, dict(config.manner.voices), config.cache_megabytes) == (
        0.9, {"ru": "Aleksandr", "uk": "Anatol, Natalia"}, 50
    )  # fmt: skip


def test_ones_own_engines_come_first(file: Path) -> None:
    file.write_text(OWN, encoding="utf-8")
    assert [engine.name for engine in load(file, file.parent).engines] == ["own", "rhvoice", "espeak-ng"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("speed = fast", r"speech\.toml: Invalid value .*Mend that line"),
        ("speed = 3", r"speech\.toml: speed: write a number from 0\.5 to 2"),
        ("speed = true", "speed: write a number"),
        ("pace = 1", "pace: there is no such setting; known are order, speed"),
        ("cache_megabytes = 1.5", "cache_megabytes: write a whole number"),
        ('order = ["rhvoice", "acapela"]', "order: .* there are rhvoice, espeak-ng"),
        ("order = []", "order: write a list"),
        ('order = ["rhvoice", "rhvoice"]', "each once"),
        ('voices = {de = "Hans"}', "voices: write the names"),
        ("voices = {ru = 1}", "voices: write the names"),
        ("engines = 1", "engines: write a table"),
        ("[engines.x]\nkind = 'shell'", r'engines\.x\.kind: write kind = "command" or'),
        (OWN.replace("own", "rhvoice"), r"engines\.rhvoice: this name is taken"),
        (OWN + "url = 'x'", r"engines\.own\.url: there is no such setting"),
        (OWN + "seconds = 0", r"engines\.own\.seconds: write how long"),
        (OWN.replace('["/bin/cat", "{voice}"]', '"say | sox"'), r"engines\.own\.command: write a list"),
        (OWN.replace("{voice}", "--v={voice}"), r"engines\.own\.command: an argument is a plain word"),
        (OWN.replace("/bin/cat", "{voice}"), r"engines\.own\.command: an argument"),
        (OWN.replace("{voice}", "{text}"), r"engines\.own\.command: an argument"),
        (OWN.replace("ru =", "de ="), r"engines\.own\.voices: write a list of voices for each language"),
        (CLOUD.replace("https:", "file:"), r"engines\.cloud\.url: write the address"),
        (CLOUD + "form = 'xml'", r"engines\.cloud\.form: write json or form"),
        (CLOUD + "fields = {q = 'x'}", r"engines\.cloud\.fields: one field must be"),
        (CLOUD + "headers = {q = 1}", r"engines\.cloud\.headers: write a table of texts"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(file: Path, written: str, fault: str) -> None:
    file.write_text(written, encoding="utf-8")
    with pytest.raises(SpeechConfigError, match=fault):
        load(file, file.parent)


def test_all_faults_are_told_together(file: Path) -> None:
    file.write_text("speed = 3\npace = 1", encoding="utf-8")
    with pytest.raises(SpeechConfigError) as found:
        load(file, file.parent)
    assert len(str(found.value).splitlines()) == 2


def test_an_exchange_with_a_broken_file_speaks_as_usual(file: Path) -> None:
    file.write_text("speed = 3", encoding="utf-8")
    assert [engine.name for engine in load_or_usual(file, file.parent).engines] == ["rhvoice", "espeak-ng"]
