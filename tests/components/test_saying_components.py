"""What is said, in which language, before the answer or after it."""

from pathlib import Path

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Clip, LegState
from cordboard.testing.audio import tone_wav
from cordboard.testing.components import Trial, voice

# --- parts --------------------------------------------------------------------------------------------------------


@virtual_time
async def test_parts_are_heard_one_after_the_other_without_a_gap(tmp_path: Path) -> None:
    tone_wav(tmp_path / "jingle.wav", 440, seconds=1.5)
    steps = """
        a:
          component: play
          parts:
            - {file: jingle.wav}
            - {text: "Good day, {name}"}
            - {file: jingle.wav}
    """
    async with Trial(voice(steps, variables="- {name: name, value: Anna}"), prompts=tmp_path) as trial:
        phone = trial.call()
        await trial.ended()
    jingle = Clip(tmp_path / "jingle.wav", "jingle.wav")
    assert [heard.sound for heard in phone.heard] == [jingle, Clip(None, "Good day, Anna"), jingle]
    assert [heard.until for heard in phone.heard[:-1]] == [heard.at for heard in phone.heard[1:]]
    assert trial.path == ["a.done"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("", "You owe two hryvnias. Thank you"),
        ("uk", "Ваш борг дві гривні. Thank you"),
        ("ru", "Ваш долг две гривны. Thank you"),
    ],
)
def test_spoken_parts_are_one_sentence_in_the_language_of_the_step(language: str, said: str) -> None:
    steps = f"""
        a:
          component: play
          language: "{language}"
          parts:
            - {{en: You owe, uk: Ваш борг, ru: Ваш долг}}
            - {{value: =debt, what: money, currency: UAH}}
            - {{text: ". Thank you"}}
    """

    @virtual_time
    async def body() -> None:
        async with Trial(voice(steps, variables="- {name: debt, type: number, value: 2}")) as trial:
            phone = trial.call()
            await trial.ended()
        assert phone.texts == [said.replace(".", " .")]

    body()


@virtual_time
async def test_a_key_stops_all_parts() -> None:
    steps = 'a: {component: play, parts: [{text: First of two}, {text: Second}], stop_keys: "1"}'
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await phone.wait_heard("First")
        phone.press("1")
        await trial.ended()
    assert trial.path == ["a.key_pressed"]
    assert trial.seconds == pytest.approx(0)


@pytest.mark.parametrize(
    "part", ["{}", "{text: A, file: b.wav}", "{en: A, text: B}", "{value: '1', recording: x}", "{what: money}"]
)
def test_a_part_is_one_thing(part: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"a: {{component: play, parts: [{part}]}}")) as trial:
            with pytest.raises(ScenarioError, match="a part is one thing: a text, its en, ru and uk, a value, a file"):
                await trial.runner.prepare()

    body()


@virtual_time
async def test_a_recording_that_is_not_there_leaves_by_error() -> None:
    steps = """
        a: {component: play, parts: [{recording: "{name}"}], exits: {error: b}}
        b: {component: play, text: Sorry}
    """
    async with Trial(voice(steps, variables="- {name: name, value: ../../etc/passwd}")) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["Sorry"]
    assert trial.steps[0].error == "there is no recording '../../etc/passwd'"


# --- say ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ("value: '21', what: number, language: en", "twenty-one"),
        ("value: '1', what: number, gender: feminine, language: ru", "одна"),
        ("value: '3', what: ordinal, language: en", "third"),
        ("value: '5.50', what: money, currency: uah, language: uk", "п'ять гривень п'ятдесят копійок"),
        ("value: 1 USD, what: money, language: en", "one dollar"),
        ("value: '-3', what: temperature, language: en", "minus three degrees"),
        ("value: '105', what: digits, language: en", "one zero five"),
        ("value: 1h30m, what: duration, language: en", "one hour thirty minutes"),
    ],
)
def test_say_says_a_value_in_words(properties: str, said: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"a: {{component: say, {properties}}}")) as trial:
            phone = trial.call()
            await trial.ended()
        assert [text.replace("\u2019", "'") for text in phone.texts] == [said]
        assert trial.path == ["a.done"]

    body()


@pytest.mark.parametrize(("what", "said"), [("date", "twenty-third"), ("time", "noon"), ("datetime", "noon")])
def test_say_knows_the_moment_in_the_zone_of_the_office(what: str, said: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"a: {{component: say, value: =now, what: {what}, language: en}}")) as trial:
            phone = trial.call()
            await trial.ended()
        assert said in phone.texts[0]

    body()


@virtual_time
async def test_say_says_a_phone_in_groups() -> None:
    async with Trial(voice("a: {component: say, value: =caller, what: phone, language: en}")) as trial:
        phone = trial.call("+380671234567")
        await trial.ended()
    assert phone.texts[0].startswith("plus three")


@pytest.mark.parametrize(
    ("value", "what", "words"),
    [
        ("many", "number", "is no number"),
        ('""', "number", "there is nothing to say"),
        ("12", "money", "is no money"),
        ("words", "digits", "has other signs than digits"),
    ],
)
def test_what_cannot_be_said_leaves_by_error(value: str, what: str, words: str) -> None:
    steps = f"""
        a: {{component: say, value: {value}, what: {what}, exits: {{error: b}}}}
        b: {{component: play, text: Sorry}}
    """

    @virtual_time
    async def body() -> None:
        async with Trial(voice(steps)) as trial:
            phone = trial.call()
            await trial.ended()
        assert trial.path == ["a.error", "b.done"]
        assert words in trial.steps[0].error
        assert phone.texts == ["Sorry"]

    body()


# --- the language of the call -------------------------------------------------------------------------------------


@virtual_time
async def test_the_chosen_language_holds_for_all_that_follows_also_in_other_scenarios() -> None:
    main = voice(
        """
        a: {component: set_language, language: uk, exits: {done: b}}
        b: {component: play, texts: {en: Welcome, uk: Вітаємо}, exits: {done: c}}
        c: {component: play, text: Hello, language: en, exits: {done: d}}
        d: {component: call_scenario, scenario: inner, exits: {done: e}}
        e: {component: set_language, exits: {done: f}}
        f: {component: play, texts: {en: Goodbye, uk: До побачення}}
        """
    )
    inner = voice("i: {component: say, value: '2'}", name="inner")
    async with Trial(main, inner) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["Вітаємо", "Hello", "два", "Goodbye"]


@virtual_time
async def test_the_language_may_be_computed_and_an_unknown_one_leaves_by_error() -> None:
    steps = """
        a: {component: set_language, language: =wanted, exits: {done: b}}
        b: {component: assign, assignments: [{variable: wanted, value: de}], exits: {done: c}}
        c: {component: set_language, language: =wanted, exits: {error: d}}
        d: {component: play, texts: {en: Welcome, ru: Здравствуйте}}
    """
    async with Trial(voice(steps, variables="- {name: wanted, value: ru}")) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.walked == ["a", "b", "c", "d"]
    assert phone.texts == ["Здравствуйте"]


# --- before the answer --------------------------------------------------------------------------------------------


@virtual_time
async def test_what_is_said_before_the_answer_is_heard_and_nobody_pays() -> None:
    steps = """
        a: {component: play, text: We are closed, answer: no, exits: {done: b}}
        b: {component: reject}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["We are closed"]
    assert LegState.ANSWERED not in phone.states
    assert trial.seconds == pytest.approx(13 / 14)


@virtual_time
async def test_early_media_lets_music_be_heard_before_the_answer() -> None:
    steps = """
        a: {component: early_media, exits: {done: b}}
        b: {component: background_music, text: La la, answer: no, exits: {done: c}}
        c: {component: pause, duration: 10s, exits: {done: d}}
        d: {component: reject, reason: busy}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.wait(5)
        assert phone.hearing == Clip(None, "La la")
        await trial.ended()
    assert LegState.ANSWERED not in phone.states


@virtual_time
async def test_ring_rings_and_does_not_answer() -> None:
    steps = """
        a: {component: ring, exits: {done: b}}
        b: {component: pause, duration: 10s, exits: {done: c}}
        c: {component: play, text: Welcome, exits: {done: d}}
        d: {component: ring}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.wait(9)
        assert phone.states == [LegState.CALLING, LegState.RINGING]
        await trial.ended()
    assert phone.states == [LegState.CALLING, LegState.RINGING, LegState.ANSWERED, LegState.ENDED]
    assert trial.path == ["a.done", "b.done", "c.done", "d.done"]


# --- background music ---------------------------------------------------------------------------------------------

MUSIC = """
    a: {component: background_music, text: La la, exits: {done: b}}
    b: {component: pause, duration: 20s, exits: {done: c}}
    c: {component: play, text: One moment, exits: {done: d}}
    d: {component: pause, duration: 5s}
"""


@virtual_time
async def test_music_plays_behind_the_steps_until_something_else_does() -> None:
    async with Trial(voice(MUSIC)) as trial:
        phone = trial.call()
        await trial.wait(19)
        assert phone.hearing == Clip(None, "La la")
        await phone.wait_heard("One moment")
        await trial.wait(3)
        assert phone.hearing is None
        await trial.ended()
    assert trial.path == ["a.done", "b.done", "c.done", "d.done"]


@virtual_time
async def test_music_is_stopped() -> None:
    steps = """
        a: {component: background_music, text: La la, exits: {done: b}}
        b: {component: pause, duration: 2s, exits: {done: c}}
        c: {component: background_music, music: stop, exits: {done: d}}
        d: {component: pause, duration: 2s}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.wait(3)
        assert phone.texts[0] == "La la"
        assert phone.hearing is None
        await trial.ended()


@virtual_time
async def test_music_goes_on_while_the_office_is_asked() -> None:
    steps = """
        a: {component: background_music, text: La la, exits: {done: b}}
        b: {component: check_pin, login: slow, pin: "4821", exits: {right: c}}
        c: {component: play, text: Thank you}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.wait(9)
        assert phone.hearing == Clip(None, "La la")
        await phone.wait_heard("Thank you")


@virtual_time
async def test_who_hangs_up_ends_the_music() -> None:
    async with Trial(voice(MUSIC)) as trial:
        phone = trial.call()
        await trial.wait(5)
        phone.hang_up()
        await trial.ended()
    assert phone.hearing is None
    assert trial.walked == ["a", "b"]


# --- keys to the other side ---------------------------------------------------------------------------------------


@virtual_time
async def test_keys_are_sent_with_pauses() -> None:
    steps = """
        a: {component: answer, exits: {done: b}}
        b: {component: send_dtmf, keys: "12,,{code}#"}
    """
    async with Trial(voice(steps, variables='- {name: code, value: "34"}')) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.keys_heard == "1234#"
    assert trial.seconds == pytest.approx(2 + 5 * 0.16)
    assert trial.path == ["a.done", "b.done"]


@virtual_time
async def test_what_is_no_key_leaves_by_error() -> None:
    steps = """
        a: {component: send_dtmf, keys: "{code}", exits: {error: b}}
        b: {component: play, text: Sorry}
    """
    async with Trial(voice(steps, variables="- {name: code, value: 12a}")) as trial:
        phone = trial.call()
        await trial.ended()
    assert "'a' is no key of a telephone" in trial.steps[0].error
    assert phone.texts == ["Sorry"]
