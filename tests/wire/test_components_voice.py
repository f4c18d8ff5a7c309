"""What speaks, listens and answers, on real SIP and RTP: what the phone does, hears and is told."""

from pathlib import Path

import numpy as np
import pytest

from cordboard.speech.service import find_engines
from cordboard.telephony import LegState
from cordboard.testing.audio import SAMPLE_RATE, Samples, read_wav
from cordboard.testing.components import voice
from cordboard.testing.exchange import until
from cordboard.testing.real_components import (
    SPEECH,
    Row,
    gets_keys,
    hangs_up,
    hears,
    hears_words,
    is_hung_up_on,
    is_turned_away,
    presses,
    reaches,
    wire,
)

pytestmark = [pytest.mark.slow, pytest.mark.wire]
ENGINES = [engine for engine in find_engines(SPEECH) if engine.voices()]
speaks = pytest.mark.skipif(not ENGINES, reason="no speech engine: run tools/fetch-speech")

LOUD = 500
"""The least sample that is no silence."""

UNANSWERED = (
    *(
        Row(f"reject_{reason}", f"a: {{component: reject, reason: {reason}}}", (is_turned_away(status),), "a.done")
        for reason, status in (("busy", 486), ("rejected", 603), ("not_found", 404), ("unreachable", 480))
    ),
    Row(
        "ring",
        """
        a: {component: ring, exits: {done: b}}
        b: {component: pause, duration: 500ms, exits: {done: c}}
        c: {component: reject, reason: busy, exits: {done: d}}
        d: {component: pause, duration: 100ms}
        """,
        (reaches(LegState.RINGING), is_turned_away(486)),
        "a.done b.done c.done d.done",
    ),
    Row(
        "early_media",
        """
        a: {component: early_media, exits: {done: b}}
        b: {component: background_music, file: long-540.wav, answer: no, exits: {done: c}}
        c: {component: pause, duration: 1500ms, exits: {done: d}}
        d: {component: play, file: 1000.wav, answer: no, exits: {done: e}}
        e: {component: reject, reason: not_found}
        """,
        (hears(540, 1000), is_turned_away(404)),
        "a.done b.done c.done d.done e.done",
    ),
)

ANSWERED = (
    Row(
        "answer_and_hang_up",
        """
        a: {component: answer, exits: {done: b}}
        b: {component: pause, duration: 300ms, exits: {done: c}}
        c: {component: hang_up, exits: {done: d}}
        d: {component: assign, assignments: [{variable: gone, value: "yes"}]}
        """,
        (reaches(LegState.ANSWERED), is_hung_up_on()),
        "a.done b.done c.done d.done",
        variables="- {name: gone}",
        holds={"gone": "yes"},
    ),
    Row(
        "background_music",
        """
        a: {component: background_music, file: long-540.wav, exits: {done: b}}
        b: {component: pause, duration: 1s, exits: {done: c}}
        c: {component: play, file: 1000.wav, exits: {done: d}}
        d: {component: pause, duration: 1m}
        """,
        (hears(540, 1000, None), hangs_up()),
        "a.done b.done c.done d.",
    ),
    Row(
        "send_dtmf",
        'a: {component: answer, exits: {done: b}}\nb: {component: send_dtmf, keys: "105#*", exits: {done: c}}\n'
        "c: {component: pause, duration: 300ms}",
        (gets_keys("105#*"),),
        "a.done b.done c.done",
    ),
    Row(
        "for_each_item",
        """
        a: {component: answer, exits: {done: b}}
        b: {component: for_each, items: =split("1 2 3"; " "), item: key, exits: {item: c, done: d}}
        c: {component: send_dtmf, keys: "{key}", exits: {done: b}}
        d: {component: pause, duration: 300ms}
        """,
        (gets_keys("123"),),
        "a.done b.item c.done b.item c.done b.item c.done b.done d.done",
        variables="- {name: key}",
    ),
)

MENU = """
    ask: {component: menu, file: long-540.wav, attempts: 2, wait: 300ms, pressed: key,
          keys: [{id: one, key: "1", to: said}], exits: {wrong_key: wrong, nothing_pressed: none}}
    said: {component: play, file: 1000.wav}
    wrong: {component: send_dtmf, keys: "8"}
    none: {component: send_dtmf, keys: "9"}
"""
ASK = "ask: {component: ask_digits, file: long-540.wav, variable: key, longest: 8, shortest: 2, attempts: 2}"
KEYS = (
    Row("menu_key", MENU, (hears(540), presses("1"), hears(1000)), "ask.one said.done", "- {name: key}"),
    Row(
        "menu_wrong_then_right",
        MENU,
        (hears(540), presses("7"), hears(540), presses("1"), hears(1000)),
        "ask.one said.done",
        "- {name: key}",
        holds={"key": "1"},
    ),
    Row(
        "menu_wrong",
        MENU,
        (hears(540), presses("7"), hears(540), presses("0")),
        "ask.wrong_key wrong.done",
        "- {name: key}",
    ),
    Row(
        "menu_nothing",
        MENU.replace("long-540", "1000"),
        (hears(1000, None, 1000), is_hung_up_on()),
        "ask.nothing_pressed none.done",
        "- {name: key}",
    ),
    Row(
        "digits_end_key",
        ASK,
        (hears(540), presses("0105#"), is_hung_up_on()),
        "ask.done",
        "- {name: key}",
        holds={"key": "0105"},
    ),
    Row(
        "digits_longest",
        ASK.replace("longest: 8", "longest: 3"),
        (hears(540), presses("123"), is_hung_up_on()),
        "ask.done",
        "- {name: key}",
        holds={"key": "123"},
    ),
    Row(
        "digits_too_few_twice",
        ASK,
        (hears(540), presses("1#"), hears(540), presses("2#"), is_hung_up_on()),
        "ask.too_short",
        "- {name: key}",
    ),
)


async def test_who_is_not_answered_does_not_pay(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=UNANSWERED) as on:
        await on.play(UNANSWERED)


async def test_who_is_answered(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=ANSWERED) as on:
        await on.play(ANSWERED)


async def test_keys_of_the_phone(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=KEYS) as on:
        await on.play(KEYS)


# --- speech -------------------------------------------------------------------------------------------------------


def says(language: str, *words: str) -> Row:
    """A number, an amount, and a date, in one language."""
    steps = f"""
        a: {{component: set_language, language: {language}, exits: {{done: b}}}}
        b: {{component: say, value: "21", exits: {{done: c}}}}
        c: {{component: say, value: 2.50 UAH, what: money, exits: {{done: d}}}}
        d: {{component: say, value: "2026-12-31", what: date}}
    """
    return Row(f"say_{language}", steps, (hears_words(*words),), "a.done b.done c.done d.done")


QUESTION = "You have entered {}. If this is right, press 1. To enter it again, press 2."
SAYS = (
    says("en", "twenty-one", "two hryvnias and fifty kopiykas", "the thirty-first of December, twenty twenty-six"),
    says(
        "ru", "двадцать один", "две гривны пятьдесят копеек", "тридцать первое декабря две тысячи двадцать шестого года"
    ),
    says(
        "uk", "двадцять один", "дві гривні п'ятдесят копійок", "тридцять перше грудня дві тисячі двадцять шостого року"
    ),
    Row(
        "texts",
        """
        a: {component: set_language, language: uk, exits: {done: b}}
        b: {component: play, texts: {en: Welcome, uk: Вітаємо вас}, exits: {done: c}}
        c: {component: play, text: Good bye my friend, language: en}
        """,
        (hears_words("Вітаємо вас", "Good bye my friend"),),
        "a.done b.done c.done",
    ),
    Row(
        "say_digits",
        'a: {component: say_digits, digits: "+38 067", language: en}',
        (hears_words("3, 8, 0, 6, 7"), is_hung_up_on()),
        "a.done",
    ),
    Row(
        "confirmed",
        "a: {component: ask_digits, file: long-540.wav, variable: key, longest: 4, confirm: yes, language: en}",
        (
            hears(540),
            presses("12#"),
            hears_words(QUESTION.format("1, 2")),
            presses("2"),
            hears(540),
            presses("34#"),
            hears_words(QUESTION.format("1, 2"), QUESTION.format("3, 4")),
            presses("1"),
            is_hung_up_on(),
        ),
        "a.done",
        "- {name: key}",
        holds={"key": "34"},
    ),
)


@speaks
async def test_what_is_said_in_three_languages(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=SAYS) as on:
        await on.play(SAYS)


@speaks
async def test_files_words_and_values_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    mixed = Row(
        "mixed",
        """
        a:
          component: play
          language: en
          parts:
            - {file: 440.wav}
            - {text: You have}
            - {value: "21"}
            - {text: letters}
            - {file: 620.wav}
        """,
        (hears(440, 620), is_hung_up_on(), hears_words("You have twenty-one letters")),
        "a.done",
    )
    async with wire(tmp_path, rows=[mixed]) as on:
        await on.play([mixed])
        heard = read_wav(tmp_path / "calls" / "call-1.wav")
    assert longest_silence(heard) < 0.25


async def test_a_key_stops_the_prompt_within_200_ms(tmp_path: Path) -> None:
    steps = """
        a: {component: play, file: long-540.wav, stop_keys: "5", exits: {key_pressed: b}}
        b: {component: ask_digits, longest: 1, variable: key, exits: {done: c}}
        c: {component: pause, duration: 1500ms}
    """
    async with wire(tmp_path, voice(steps, variables="- {name: key}")) as on:
        phone = await on.x.call_in("700")
        await phone.hears(540)
        await phone.press("5")
        await until(lambda: on.ended("main"))
        await phone.call.ended()
    assert on.path("main") == ["a.key_pressed", "b.done", "c.done"]
    assert on.variables("main")["key"] == "5"
    at = {(fact.what, fact.detail): fact.at for fact in phone.call.timeline}
    # What the phone hears is recorded from the answer on.
    silent = at["status", "200"] + np.flatnonzero(np.abs(read_wav(phone.call.heard)) > LOUD)[-1] / SAMPLE_RATE
    assert 0 < silent - at["press", "5"] < 0.2


def longest_silence(sound: Samples) -> float:
    """In seconds, between the first and the last that is heard."""
    return float(np.diff(np.flatnonzero(np.abs(sound) > LOUD)).max()) / SAMPLE_RATE
