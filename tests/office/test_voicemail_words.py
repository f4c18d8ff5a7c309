"""What is said and written: in three languages, each in its own letters."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from cordboard.office import voicemail_words as words
from cordboard.office.voicemail_words import written

TEN = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
SAID = {name: each for name, each in vars(words).items() if isinstance(each, Mapping) and not name.startswith("_")}
OWN = {"en": "[A-Za-z]", "ru": "[А-Яа-яЁё]", "uk": "[А-Яа-яІіЇїЄєҐґ']"}
FOREIGN = {"en": "[А-я]", "ru": "[іїєґІЇЄҐ]", "uk": "[ыэёъЫЭЁЪ]"}


@pytest.mark.parametrize("name", SAID)
def test_everything_is_said_in_three_languages(name: str) -> None:
    assert set(SAID[name]) == {"en", "ru", "uk"}
    for language, text in SAID[name].items():
        assert re.search(OWN[language], text)
        assert not re.search(FOREIGN[language], text)


def test_the_mail_names_the_caller_as_far_as_he_is_known() -> None:
    def told(language: str, caller: str, name: str) -> tuple[str, str]:
        return written(language, caller=caller, name=name, box="anna", at=TEN, seconds=65.4)

    assert told("en", "067", "Ольга") == (
        "Voice message from Ольга (067), 1:05",
        "Ольга (067) has left a message of 1:05 for anna on 2026-11-23 at 08:05.",
    )
    assert told("ru", "067", "")[0] == "Голосовое сообщение от 067, 1:05"
    assert told("uk", "", "Ольга")[0] == "Голосове повідомлення від Ольга, 1:05"
    assert told("xx", "", "")[0] == "Voice message from a hidden number, 1:05"
