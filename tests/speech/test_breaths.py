import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.speech.breaths import SHORT, breaths

FILLER = "This is said so that the text is long enough to be cut in two at all, which is not done with short ones. "


@pytest.mark.parametrize(
    ("beginning", "first"),
    [
        ("Good day. You have called us. ", "Good day. You have called us."),
        ("Вы позвонили на ул. Ленина. ", "Вы позвонили на ул. Ленина."),
        ("Вас приветствует А. П. Чехов, г. Таганрог. ", "Вас приветствует А. П. Чехов, г. Таганрог."),
        ("Is it you? ", "Is it you?"),
        ("To go on press 1. ", "To go on press 1."),
        ("It costs 1.5 hryvnias today. ", "It costs 1.5 hryvnias today."),
    ],
)
def test_it_is_cut_behind_sentences(beginning: str, first: str) -> None:
    assert breaths(beginning + FILLER * 2)[0] == first


def test_a_first_sentence_that_is_long_is_cut_in_its_clauses() -> None:
    text = "Добрый день, вы позвонили в компанию, которая работает с девяти до шести, " * 3 + "до свидания."
    pieces = breaths(text)
    assert len(pieces[0]) <= 60
    assert pieces[0].endswith(",")


def test_the_first_piece_is_the_shortest_and_none_is_long() -> None:
    pieces = breaths(("Вас приветствует компания АйТи-СФЕРА, ждём вас. " * 30).strip())
    assert len(pieces[0]) <= 60
    assert len(pieces[1]) <= 120
    assert max(map(len, pieces)) <= 300
    assert len(pieces) < 10


@given(st.text("аб .,!?1\u2026-", max_size=800).map(lambda text: " ".join(text.split())))
def test_nothing_is_lost(text: str) -> None:
    assert " ".join(breaths(text)) == text
    assert len(text) > SHORT or breaths(text) == [text]
