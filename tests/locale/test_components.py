"""Components in Russian and Ukrainian: all is said, nothing is stale, and nobody forgot a change of the English."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cordboard.components import catalogue
from cordboard.locale import LANGUAGES, describe_in
from cordboard.locale.components import SHARED, mark_of
from cordboard.locale.tables import table

OTHERS = [language for language in LANGUAGES if language != "en"]
DESCRIBED = {described["kind"]: described for described in catalogue().describe()}
EACH = pytest.mark.parametrize("kind", DESCRIBED)
IN_EACH = pytest.mark.parametrize("language", OTHERS)

FOREIGN_LETTERS = {"ru": "іїєґІЇЄҐ", "uk": "ыэёъЫЭЁЪ"}


def keyed_words(described: Mapping[str, Any]) -> dict[str, str]:
    """All words for people in one description, by where they stand."""
    words = {"title": described["title"], "help": described["help"]}
    words |= {f"exit {name}": title for name, title in described["exit_titles"].items()}
    words |= {f"example {index}": each["caption"] for index, each in enumerate(described["examples"], start=1)}
    return words | dict(_of_properties(described["properties"], ""))


def _of_properties(properties: list[dict[str, Any]], path: str) -> Iterator[tuple[str, str]]:
    for each in properties:
        name = f"{path}{each['name']}"
        yield f"{name}.title", each["title"]
        yield f"{name}.help", each["help"]
        titles = each.get("choice_titles", {})
        for choice in each.get("choices", []):
            yield f"{name}.choices.{choice}", titles.get(choice, choice)
        yield from _of_properties(each.get("fields", []), f"{name}.")


def marked(text: str) -> list[str]:
    """What stands in a text as code or as the name of an exit: the same in all languages."""
    return sorted(set(re.findall(r"`[^`]+`|\*\w+\*", text)))


@IN_EACH
@EACH
def test_every_word_of_a_component_is_translated(kind: str, language: str) -> None:
    told = keyed_words(describe_in(DESCRIBED[kind], language))
    assert [where for where, text in told.items() if not re.search("[а-яіїєґ]", text)] == []


@IN_EACH
@EACH
def test_a_translation_is_in_its_own_letters(kind: str, language: str) -> None:
    foreign = set(FOREIGN_LETTERS[language])
    told = keyed_words(describe_in(DESCRIBED[kind], language))
    assert {where: text for where, text in told.items() if foreign & set(text)} == {}


@IN_EACH
@EACH
def test_a_translation_names_the_same_exits_and_the_same_code(kind: str, language: str) -> None:
    english, told = keyed_words(DESCRIBED[kind]), keyed_words(describe_in(DESCRIBED[kind], language))
    other = {where: (marked(english[where]), marked(told[where])) for where in english}
    assert {where: pair for where, pair in other.items() if pair[0] != pair[1]} == {}


@IN_EACH
@EACH
def test_a_translation_is_of_the_present_english(kind: str, language: str) -> None:
    mark = mark_of(DESCRIBED[kind])
    assert table("components", language)[kind].get("of") == mark, (
        f"the English words of {kind} have changed: look through its translation, then write beneath [{kind}] in "
        f'locale/{language}/components_{DESCRIBED[kind]["group"]}.toml: of = "{mark}"'
    )


@IN_EACH
def test_nothing_in_the_tables_is_left_from_what_is_gone(language: str) -> None:
    tables = dict(table("components", language))
    tables.pop(SHARED)
    assert tables.keys() - DESCRIBED.keys() == set()
    assert [stale for kind, words in tables.items() for stale in _stale(DESCRIBED[kind], words)] == []


def _stale(described: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[str]:
    kind = described["kind"]
    yield from (f"{kind}: {key}" for key in words.keys() - {"of", "title", "help", "exits", "examples", "properties"})
    yield from (f"{kind}: exit {name}" for name in words.get("exits", {}).keys() - set(described["exits"]))
    if len(words.get("examples", [])) > len(described["examples"]):
        yield f"{kind}: more captions than examples"
    yield from (f"{kind}: {path}" for path in _stale_properties(described["properties"], words.get("properties", {})))


def _stale_properties(properties: list[dict[str, Any]], words: Mapping[str, Any]) -> Iterator[str]:
    known = {each["name"]: each for each in properties}
    for name, own in words.items():
        if name not in known:
            yield name
            continue
        yield from (f"{name}.{key}" for key in own.keys() - {"title", "help", "choices", "fields"})
        yield from (f"{name}.choices.{c}" for c in own.get("choices", {}).keys() - set(known[name].get("choices", [])))
        inner = _stale_properties(known[name].get("fields", []), own.get("fields", {}))
        yield from (f"{name}.{path}" for path in inner)


@IN_EACH
def test_shared_words_are_used_and_stand_for_one_meaning(language: str) -> None:
    tables = table("components", language)
    shared = tables[SHARED]
    assert shared.keys() == {"exits", "properties"}
    meanings: dict[str, set[str]] = {f"exit {name}": set() for name in shared["exits"]}
    meanings |= {f"{name}.{key}": set() for name, own in shared["properties"].items() for key in own}
    for kind, described in DESCRIBED.items():
        words = tables[kind]
        for name in described["exits"]:
            if name in shared["exits"] and name not in words.get("exits", {}):
                meanings[f"exit {name}"].add(name)
        _add_meanings(meanings, described["properties"], words.get("properties", {}), shared["properties"])
    assert {key: found for key, found in meanings.items() if len(found) != 1} == {}


def _add_meanings(
    meanings: dict[str, set[str]],
    properties: list[dict[str, Any]],
    words: Mapping[str, Any],
    shared: Mapping[str, Any],
) -> None:
    for each in properties:
        own = words.get(each["name"], {})
        for key in shared.get(each["name"], {}).keys() - own.keys():
            if key in each:
                meanings[f"{each['name']}.{key}"].add(str(each[key]))
        _add_meanings(meanings, each.get("fields", []), own.get("fields", {}), shared)


def test_a_translation_leaves_alone_what_is_no_word() -> None:
    described = DESCRIBED["dial"]
    told = describe_in(described, "uk")
    assert told["title"] == "Перемикання"
    assert told["exit_titles"]["busy"] == "зайнято"
    assert [each["name"] for each in told["properties"]] == [each["name"] for each in described["properties"]]
    assert [each["step"] for each in told["examples"]] == [each["step"] for each in described["examples"]]
    assert told["exits"] == described["exits"]


def test_english_is_what_stands_in_the_source() -> None:
    assert describe_in(DESCRIBED["menu"], "en") == DESCRIBED["menu"]


def test_a_change_of_any_english_word_changes_the_mark() -> None:
    described = DESCRIBED["play"]
    marks = {mark_of(described), mark_of(described | {"title": "?"}), mark_of(described | {"help": "?"})}
    marks.add(mark_of(described | {"examples": []}))
    parts = next(each for each in described["properties"] if each["name"] == "parts")
    fields = [parts["fields"][0] | {"help": "?"}, *parts["fields"][1:]]
    marks.add(mark_of(described | {"properties": [parts | {"fields": fields}]}))
    marks.add(mark_of(described | {"properties": [parts]}))
    assert len(marks) == 6


def test_another_order_of_properties_does_not_change_the_mark() -> None:
    described = DESCRIBED["play"]
    assert mark_of(described | {"properties": described["properties"][::-1]}) == mark_of(described)
