"""Texts as other people's editors leave them: line ends, byte order marks, tabs, no final newline."""

from collections.abc import Callable

import pytest

from cordboard.scenario.text import edit, read, write

TEXT = """\
scenario: work
kind: service

# What it counts.
variables:
  - {name: a}
start: s   # here
fault: e
steps:
  s:
    component: pause
    # Not too long.
    duration: 1s
    exits:
      done: e
  e:
    component: stop

layout:
  s: 0 0
"""
VARIANTS: dict[str, Callable[[str], str]] = {
    "as we write it": str,
    "windows": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "both": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "no end": lambda text: text.removesuffix("\n"),
    "blanks": lambda text: text.replace("component: stop\n", "component: stop   \n\n\n") + "\n\n",
}


@pytest.mark.parametrize("vary", VARIANTS.values(), ids=VARIANTS)
def test_each_reads_as_the_same_scenario(vary: Callable[[str], str]) -> None:
    assert read(vary(TEXT)).faults == []
    assert read(vary(TEXT)).scenario == read(TEXT).scenario


@pytest.mark.parametrize("vary", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("steps", "s", "duration"), "5s"),
        (("steps", "s", "note"), "first\nsecond"),
        (("steps", "s", "exits", "done"), "s"),
        (("mode",), "single"),
        (("title",), "Робота"),
        (("fault",), None),
        (("layout", "e"), "10 20"),
    ],
)
def test_an_edit_is_the_same_in_each(vary: Callable[[str], str], path: tuple[str, ...], value: str | None) -> None:
    # Only a missing newline at the end is put there, when something comes behind it.
    assert edit(vary(TEXT), path, value).rstrip() == vary(edit(TEXT, path, value)).rstrip()


def test_names_of_the_top_come_to_their_place() -> None:
    changed = TEXT
    for name, value in (("key", "=a"), ("at_most", "3"), ("mode", "at_most"), ("title", "Work")):
        changed = edit(changed, (name,), value)
    head = "kind: service\ntitle: Work\nmode: at_most\nat_most: 3\nkey: =a\n\n# What it counts.\nvariables:\n"
    assert changed == TEXT.replace("kind: service\n\n# What it counts.\nvariables:\n", head)
    changed = edit(TEXT, ("after_hangup",), "e")
    assert changed == TEXT.replace("start: s   # here\n", "start: s   # here\nafter_hangup: e\n")


def test_a_place_needs_no_quotes() -> None:
    assert edit(TEXT, ("layout", "e"), "10 -20") == TEXT + "  e: 10 -20\n"
    assert edit(TEXT, ("layout", "s"), "1 2") == TEXT.replace("s: 0 0", "s: 1 2")


@pytest.mark.parametrize("tab", ["    duration:\t1s", "\tduration: 1s", "    duration: 1s \t"])
def test_a_tab_is_called_a_tab(tab: str) -> None:
    (fault,) = read(TEXT.replace("    duration: 1s", tab)).faults
    assert (fault.line, fault.message, fault.hint) == (13, "this is no YAML: a tab stands here", "write spaces instead")


def test_a_written_text_ends_with_a_newline() -> None:
    scenario = read(VARIANTS["both"](TEXT)).scenario
    assert scenario is not None
    assert write(scenario).endswith("  s: 0 0\n")
    assert "\r" not in write(scenario)
