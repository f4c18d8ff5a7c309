import pytest

from cordboard.phone import ScriptError, Step, parse_script


def test_keys_waits_and_words() -> None:
    assert parse_script("1, wait 2, 105#,hold,  Wait 0.5 ,resume, Hang  up") == [
        Step("press", keys="1"),
        Step("wait", seconds=2.0),
        Step("press", keys="105#"),
        Step("hold"),
        Step("wait", seconds=0.5),
        Step("resume"),
        Step("hang up"),
    ]
    assert parse_script("  ") == []


@pytest.mark.parametrize(
    ("text", "position"), [("1, wiat 2", 4), ("1,,2", 3), ("wait", 1), ("12x", 1), ("wait 99999", 1), ("1, 2,", 6)]
)
def test_a_mistake_is_named_with_its_place(text: str, position: int) -> None:
    with pytest.raises(ScriptError, match=f"At character {position}: .* Steps are keys"):
        parse_script(text)
