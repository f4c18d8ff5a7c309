"""Menus and digits: what is said to who presses nothing, too little or the wrong thing; digits that are confirmed."""

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, voice

KEYS = "- {name: number}"
ASK = """
    ask:
      component: ask_digits
      text: Your number
      variable: number
      longest: 5
      shortest: 3
      attempts: 3
      nothing_pressed_text: I heard nothing
      too_short_texts: {en: Three digits at least, uk: Щонайменше три цифри}
"""
CONFIRM = """
    ask: {component: ask_digits, text: Your number, variable: number, longest: 3, attempts: 2, confirm: yes}
"""


@virtual_time
async def test_nothing_and_too_few_digits_have_words_of_their_own() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("I heard nothing")
        await phone.wait_heard("Your number")
        phone.press("12#")
        await phone.wait_heard("Three digits at least")
        await phone.wait_heard("Your number")
        phone.press("123#")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.variables["number"] == "123"


@virtual_time
async def test_the_last_attempt_has_no_words_behind_it() -> None:
    async with Trial(voice(ASK, variables=KEYS)) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.path == ["ask.nothing_pressed"]
    assert phone.texts == ["Your number", "I heard nothing"] * 2 + ["Your number"]


@virtual_time
async def test_digits_are_read_back_and_confirmed() -> None:
    async with Trial(voice(CONFIRM, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("105")
        await phone.wait_heard("You have entered 1, 0, 5.")
        phone.press("1")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.variables["number"] == "105"


@virtual_time
async def test_digits_that_are_wrong_are_entered_again() -> None:
    async with Trial(voice(CONFIRM, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("105")
        await phone.wait_heard("You have entered")
        phone.press("2")
        await phone.wait_heard("Your number")
        phone.press("106")
        await phone.wait_heard("You have entered 1, 0, 6.")
        phone.press("1")
        await trial.ended()
    assert trial.path == ["ask.done"]
    assert trial.variables["number"] == "106"


@virtual_time
async def test_who_never_confirms_is_given_up() -> None:
    async with Trial(voice(CONFIRM, variables=KEYS)) as trial:
        phone = trial.call()
        for _ in range(2):
            await phone.wait_heard("Your number")
            phone.press("105")
            await phone.wait_heard("You have entered")
            phone.press("7")
            await phone.wait_heard("You have entered")
        await trial.ended()
    assert trial.path == ["ask.not_confirmed"]


@virtual_time
async def test_digits_typed_ahead_do_not_confirm_what_was_not_heard() -> None:
    async with Trial(voice(CONFIRM, variables=KEYS)) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("1051")
        await phone.wait_heard("You have entered 1, 0, 5.")
        await trial.wait(1)
        assert trial.path == []
        phone.press("1")
        await trial.ended()
    assert trial.path == ["ask.done"]


@pytest.mark.parametrize(("language", "words"), [("ru", "Вы ввели 1, 0, 5."), ("uk", "Ви ввели 1, 0, 5.")])
def test_the_question_is_asked_in_the_language_of_the_call(language: str, words: str) -> None:
    @virtual_time
    async def body() -> None:
        text = CONFIRM.replace("ask: {", f"ask: {{language: {language}, ")
        async with Trial(voice(text, variables=KEYS)) as trial:
            phone = trial.call()
            await phone.wait_heard("Your number")
            phone.press("105")
            await phone.wait_heard(words)
            phone.press("1")
            await trial.ended()
        assert trial.path == ["ask.done"]

    body()


@virtual_time
async def test_who_hangs_up_at_the_question_leaves_his_digits_behind() -> None:
    steps = CONFIRM + "    after: {component: log, text: 'it was {number}'}\n"
    async with Trial(voice(steps, variables=KEYS, after_hangup="after")) as trial:
        phone = trial.call()
        await phone.wait_heard("Your number")
        phone.press("105")
        await phone.wait_heard("You have entered")
        phone.hang_up()
        await trial.ended()
    assert trial.walked == ["ask", "after"]
    assert trial.steps[1].properties["text"] == "it was 105"


@virtual_time
async def test_a_menu_says_something_else_to_who_presses_nothing() -> None:
    steps = """
        ask:
          component: menu
          text: Press one
          wrong_key_texts: {en: No such key, ru: Нет такой кнопки}
          nothing_pressed_text: Are you there
          keys: [{id: one, key: "1"}]
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await phone.wait_heard("Are you there")
        await phone.wait_heard("Press one")
        phone.press("5")
        await phone.wait_heard("No such key")
        await phone.wait_heard("Press one")
        phone.press("1")
        await trial.ended()
    assert trial.path == ["ask.one"]
