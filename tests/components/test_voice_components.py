from pathlib import Path

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Clip, EndReason, LegState
from cordboard.testing.audio import silence, tone_wav, write_wav
from cordboard.testing.components import Trial, voice

MENU = """
    ask:
      component: menu
      text: Press one for sales
      wrong_key_text: No such key
      pressed: key
      keys:
        - {id: sales, key: "1", to: sold}
        - {id: operator, key: "0"}
    sold:
      component: play
      text: Sales here
"""
KEYS = "- {name: key}\n- {name: number}\n- {name: pin, secret: true}"


# --- answer, reject, hang_up --------------------------------------------------------------------------------------


@virtual_time
async def test_answer_lets_voices_flow() -> None:
    async with Trial(voice("a: {component: answer, exits: {done: b}}\nb: {component: pause, duration: 10s}")) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert phone.states == [LegState.CALLING, LegState.ANSWERED, LegState.ENDED]
    assert trial.path == ["a.done", "b.done"]
    assert trial.seconds == pytest.approx(10)


@pytest.mark.parametrize("reason", ["rejected", "busy", "not_found", "unreachable"])
def test_reject_tells_the_reason_and_goes_on_without_the_call(reason: str) -> None:
    @virtual_time
    async def body() -> None:
        steps = f"a: {{component: reject, reason: {reason}, exits: {{done: b}}}}\nb: {{component: pause, duration: 2s}}"
        async with Trial(voice(steps)) as trial:
            phone = trial.call()
            await trial.ended()
        assert phone.told is EndReason(reason)
        assert LegState.ANSWERED not in phone.states
        assert trial.path == ["a.done", "b.done"]

    body()


@virtual_time
async def test_hang_up_ends_the_call_and_the_scenario_goes_on() -> None:
    steps = """
        a: {component: play, text: Goodbye, exits: {done: b}}
        b: {component: hang_up, exits: {done: c}}
        c: {component: assign, assignments: [{variable: key, value: gone}]}
    """
    async with Trial(voice(steps, variables=KEYS)) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.told is EndReason.HUNG_UP
    assert trial.path == ["a.done", "b.done", "c.done"]
    assert trial.variables["key"] == "gone"


# --- play, say_digits ---------------------------------------------------------------------------------------------


@virtual_time
async def test_play_answers_and_says_a_text_with_inserts() -> None:
    step = 'a: {component: play, text: "Good day, {name}!", language: uk}'
    async with Trial(voice(step, variables="- {name: name, value: Anna}")) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert phone.texts == ["Good day, Anna!"]
    assert trial.speech.said == [("Good day, Anna!", "uk")]
    assert trial.path == ["a.done"]


@virtual_time
async def test_play_stops_at_a_key_which_the_next_component_takes() -> None:
    steps = """
        a: {component: play, text: A very long text that goes on and on, stop_keys: "12", exits: {key_pressed: b}}
        b: {component: ask_digits, longest: 1, variable: key, exits: {done: c}}
        c: {component: pause, duration: 0s}
    """
    async with Trial(voice(steps, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("very long")
        phone.press("3")
        phone.press("2")
        await trial.ended()
    assert trial.path == ["a.key_pressed", "b.done", "c.done"]
    assert trial.variables["key"] == "3"
    assert trial.seconds == pytest.approx(0)


@virtual_time
async def test_play_takes_a_file_instead_of_the_text(tmp_path: Path) -> None:
    tone_wav(tmp_path / "hello.wav", 440, seconds=1.5)
    async with Trial(voice("a: {component: play, file: hello.wav, text: not this}"), prompts=tmp_path) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert phone.heard[0].sound == Clip(tmp_path / "hello.wav", "hello.wav")
    assert trial.seconds == pytest.approx(1.5)
    assert trial.speech.said == []


@pytest.mark.parametrize(
    ("step", "heard"),
    [
        ("file: absent.wav, text: Good day", "Good day"),
        ("file: absent, texts: {en: Good day, uk: Добрий день}, language: uk", "Добрий день"),
        ("file: written.wav", "Somebody has written it down"),
        ("file: written.wav, language: uk", "Хтось це записав"),
        ("file: our-new_prices.wav", "our new prices"),
        ("file: ../secret.wav, text: Good day", "Good day"),
        ("parts: [{file: written.wav}]", "Somebody has written it down"),
    ],
)
def test_a_prompt_that_cannot_be_played_is_spoken(
    tmp_path: Path, step: str, heard: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    write_wav(tmp_path / "secret.wav", silence(0.1))
    (folder / "written.txt").write_text("Somebody has written it down\n", encoding="utf-8")
    (folder / "written.uk.txt").write_text("Хтось це записав\n", encoding="utf-8")

    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"a: {{component: play, {step}}}"), prompts=folder) as trial:
            phone = trial.call()
            await phone.wait_state(LegState.ENDED)
        assert phone.texts == [heard]
        assert trial.path == ["a.done"]

    body()
    assert "Until then it is done without" in caplog.text


@virtual_time
async def test_music_that_is_not_there_is_silence(tmp_path: Path) -> None:
    steps = """
        a: {component: background_music, file: absent.wav, exits: {done: b}}
        b: {component: play, text: Good day}
    """
    async with Trial(voice(steps), prompts=tmp_path) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["Good day"]


@pytest.mark.parametrize(("language", "file"), [("uk", "hello.uk.wav"), ("ru", "hello.wav"), ("", "hello.wav")])
def test_a_prompt_is_played_in_the_language_of_the_call(tmp_path: Path, language: str, file: str) -> None:
    for name in ("hello.wav", "hello.uk.wav"):
        tone_wav(tmp_path / name, 440, seconds=0.5)

    @virtual_time
    async def body() -> None:
        steps = f"""
            a: {{component: set_language, language: "{language}", exits: {{done: b}}}}
            b: {{component: play, file: hello, exits: {{done: c}}}}
            c: {{component: play, parts: [{{file: hello}}]}}
        """
        async with Trial(voice(steps), prompts=tmp_path) as trial:
            phone = trial.call()
            await trial.ended()
        assert [heard.sound for heard in phone.heard] == [Clip(tmp_path / file, "hello")] * 2

    body()


@virtual_time
async def test_what_is_put_into_markup_is_no_markup() -> None:
    steps = """
        a: {component: play, ssml: 'Dear <emphasis>{name}</emphasis>, <break time="1s"/> good day', speed: 0.5}
    """
    async with Trial(voice(steps, variables="- {name: name, value: \"<voice name='x'/> & Sons\"}")) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.path == ["a.done"]
    # As the simulated voice says it: what stands between tags.
    assert phone.texts == ["Dear <voice name='x'/> & Sons , good day"]
    assert trial.speech.manners == [("", 0.5)]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("ssml: <audio/>", "there is no tag <audio> here"),
        ("ssml: <p>x", "no sound markup"),
        ("ssml: <p>x</p>, text: x", "give either a text or one with markup"),
    ],
)
def test_markup_is_checked_before_it_is_published(step: str, fault: str) -> None:
    @virtual_time
    async def body() -> None:
        text = voice(f"a: {{component: play, {step}}}", variables="- {name: number}")
        async with Trial(text) as trial:
            trial.call()
            with pytest.raises(ScenarioError, match=fault):
                await trial.ended()

    body()


# Language, voice and speed of each text.
@pytest.mark.parametrize(
    ("chosen", "step", "heard"),
    [
        ("", "play, text: x", ("", "", 1.0)),
        ("", "play, text: x, voice: Anna, speed: 1.5", ("", "Anna", 1.5)),
        ("", "say, value: 1, voice: Anna, speed: 0.5", ("", "Anna", 0.5)),
        ("language: uk, voice: 'Anatol, Anna', speed: 0.9", "play, text: x", ("uk", "Anatol, Anna", 0.9)),
        ("language: uk, voice: Anatol, speed: 0.9", "say, value: 1", ("uk", "Anatol", 0.9)),
        ("voice: Anatol, speed: 0.9", "say_digits, digits: 1", ("", "Anatol", 0.9)),
        ("voice: Anatol, speed: 0.9", "play, text: x, voice: Natalia, speed: 1", ("", "Natalia", 1.0)),
    ],
)
def test_a_voice_and_a_speed_are_of_the_step_or_of_the_call(
    chosen: str, step: str, heard: tuple[str, str, float]
) -> None:
    @virtual_time
    async def body() -> None:
        steps = f"""
            a: {{component: set_language, {chosen}{"," if chosen else ""} exits: {{done: b}}}}
            b: {{component: {step}}}
        """
        async with Trial(voice(steps)) as trial:
            trial.call()
            await trial.ended()
        assert [
            (language, *how) for (_, language), how in zip(trial.speech.said, trial.speech.manners, strict=True)
        ] == [heard]

    body()


@virtual_time
async def test_what_a_step_does_not_choose_stays() -> None:
    steps = """
        a: {component: set_language, language: ru, voice: Anna, exits: {done: b}}
        b: {component: set_language, speed: 2, exits: {done: c}}
        c: {component: play, text: x, exits: {done: d}}
        d: {component: set_language, voice: usual, exits: {done: e}}
        e: {component: play, text: x, exits: {done: f}}
        f: {component: set_language, language: "", exits: {done: g}}
        g: {component: play, text: x}
    """
    async with Trial(voice(steps)) as trial:
        trial.call()
        await trial.ended()
    assert [language for _, language in trial.speech.said] == ["ru", "ru", ""]
    assert trial.speech.manners == [("Anna", 2.0), ("", 2.0), ("", 2.0)]


@virtual_time
async def test_say_digits_says_each_digit() -> None:
    async with Trial(voice('a: {component: say_digits, digits: "+38 (067) 105", language: en}')) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert trial.speech.said == [("3, 8, 0, 6, 7, 1, 0, 5", "en")]
    assert phone.texts == ["3, 8, 0, 6, 7, 1, 0, 5"]
    assert trial.path == ["a.done"]


@virtual_time
async def test_say_digits_has_nothing_to_say() -> None:
    async with Trial(voice("a: {component: say_digits, digits: none}")) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.done"]
    assert trial.speech.said == []


# --- menu ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_key_of_the_menu_stops_the_prompt_and_has_its_exit() -> None:
    async with Trial(voice(MENU, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        phone.press("1")
        await phone.wait_heard("Sales here")
        await trial.ended()
    assert trial.path == ["ask.sales", "sold.done"]
    assert trial.variables["key"] == "1"
    assert phone.heard[0].until == phone.heard[0].at


@virtual_time
async def test_a_key_after_the_prompt_counts_too() -> None:
    async with Trial(voice(MENU, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        await trial.wait(5)
        assert phone.hearing is None
        phone.press("0")
        await trial.ended()
    assert trial.path == ["ask.operator"]


@virtual_time
async def test_nothing_pressed_is_asked_again_and_given_up() -> None:
    async with Trial(voice(MENU, variables=KEYS)) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.path == ["ask.nothing_pressed"]
    assert phone.texts == ["Press one for sales"] * 3
    assert trial.variables["key"] == ""
    assert trial.seconds == pytest.approx(3 * (19 / 14 + 5), abs=0.01)


@virtual_time
async def test_wrong_keys_are_told_and_given_up() -> None:
    async with Trial(voice(MENU, variables=KEYS)) as trial:
        phone = trial.call()
        for _ in range(3):
            await phone.wait_heard("Press one")
            phone.press("77")
        await trial.ended()
    assert trial.path == ["ask.wrong_key"]
    assert phone.texts == ["Press one for sales", "No such key"] * 2 + ["Press one for sales"]


@virtual_time
async def test_a_wrong_key_is_forgiven() -> None:
    async with Trial(voice(MENU, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        phone.press("9")
        await phone.wait_heard("No such key")
        phone.press("1")
        await phone.wait_heard("Sales here")
        await trial.ended()
    assert trial.path == ["ask.sales", "sold.done"]


@virtual_time
async def test_a_menu_that_may_not_be_interrupted_speaks_to_its_end() -> None:
    async with Trial(voice(MENU.replace("pressed: key", "interruptible: no"))) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        phone.press("1")
        await phone.wait_heard("Sales here")
    assert phone.heard[0].until == pytest.approx(19 / 14)


@virtual_time
async def test_a_caller_who_hangs_up_in_the_menu_ends_the_main_branch_alone() -> None:
    steps = """
        ask: {component: menu, text: Press one, keys: [{id: one, key: "1"}], exits: {nothing_pressed: never}}
        never: {component: play, text: Never}
        after: {component: assign, assignments: [{variable: key, value: after}]}
    """
    async with Trial(voice(steps, variables=KEYS, after_hangup="after")) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        phone.hang_up()
        await trial.ended()
    assert trial.walked == ["ask", "after"]
    assert [step.branch for step in trial.steps] == ["main", "after_hangup"]
    assert trial.variables["key"] == "after"
    assert phone.texts == ["Press one"]


@virtual_time
async def test_the_branch_after_the_hang_up_runs_also_where_no_cord_leads_on() -> None:
    steps = """
        ask: {component: menu, text: Press one, keys: [{id: one, key: "1"}]}
        after: {component: assign, assignments: [{variable: key, value: after}]}
    """
    async with Trial(voice(steps, variables=KEYS, after_hangup="after")) as trial:
        phone = trial.call()
        await phone.wait_heard("Press one")
        phone.hang_up()
        await trial.ended()
    assert trial.walked == ["ask", "after"]


# --- ask_digits ---------------------------------------------------------------------------------------------------

ASK = """
    ask: {component: ask_digits, text: Your number, variable: number, longest: 5, shortest: 3, next_wait: 2s}
"""


@virtual_time
async def test_digits_end_with_the_end_key() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("105#")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.variables["number"] == "105"
    assert trial.seconds == pytest.approx(0)


@virtual_time
async def test_digits_end_with_the_last_one() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("123456")
        await trial.ended()
    assert trial.variables["number"] == "12345"


@virtual_time
async def test_digits_end_when_no_more_come() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("123")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.seconds == pytest.approx(2)


@virtual_time
async def test_too_few_digits_are_asked_for_again() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("1#")
        await phone.wait_heard("Your number")
        phone.press("234#")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.variables["number"] == "234"


@virtual_time
async def test_too_few_digits_are_given_up() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        for _ in range(3):
            await phone.wait_heard("Your number")
            phone.press("12#")
        await trial.ended()
    assert trial.path == ["ask.too_short"]


@virtual_time
async def test_no_digits_are_given_up() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.path == ["ask.nothing_pressed"]
    assert phone.texts == ["Your number"] * 3


@virtual_time
async def test_a_secret_variable_is_not_in_the_trace() -> None:
    async with Trial(voice("ask: {component: ask_digits, longest: 4, variable: pin}", variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ANSWERED)
        phone.press("4821")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert "4821" not in repr(trial.steps) + repr(trial.variables)


@virtual_time
async def test_a_caller_who_hangs_up_while_being_asked() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("12")
        phone.hang_up()
        await trial.ended()
    assert trial.walked == ["ask"]
    assert phone.texts == ["Your number"]


# --- texts in several languages -----------------------------------------------------------------------------------

GREETING = """
    greet:
      component: play
      texts:
        en: Welcome
        ru: Здравствуйте
        uk: Вітаємо
      language: {language}
"""


@pytest.mark.parametrize(
    ("language", "said"), [("uk", "Вітаємо"), ("ru", "Здравствуйте"), ("en", "Welcome"), ('""', "Welcome")]
)
def test_a_prompt_in_several_languages_is_said_in_the_one_of_the_step(language: str, said: str) -> None:
    @virtual_time
    async def call() -> None:
        async with Trial(voice(GREETING.replace("{language}", language))) as trial:
            await trial.call().wait_heard(said)

    call()


@virtual_time
async def test_a_language_that_nobody_speaks_here_is_a_fault_of_the_scenario() -> None:
    async with Trial(voice("greet: {component: play, texts: {en: Welcome, de: Willkommen}}")) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert phone.texts == []
