"""The manual of the components in docs/ is the one that their classes and the tables of locale/ make."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.components import catalogue
from cordboard.locale import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs" / "components"
OTHERS = [language for language in LANGUAGES if language != "en"]
IN_EACH = pytest.mark.parametrize("language", LANGUAGES)


def files_in(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.md")}


def sections(language: str) -> dict[str, str]:
    """The pages cut into what they tell of each component, by its kind."""
    pages = [text for name, text in files_in(DOCS / language).items() if name != "README.md"]
    parts = [re.split(r'<a id="(\w+)"></a>', text)[1:] for text in pages]
    return {kind: text for part in parts for kind, text in zip(part[::2], part[1::2], strict=True)}


def test_the_pages_are_fresh(tmp_path: Path) -> None:
    written = CliRunner().invoke(app, ["manual", str(tmp_path)])
    assert written.exit_code == 0
    made, kept = files_in(tmp_path), files_in(DOCS)
    other = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    assert other == [], "run: cordboard manual docs/components"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "en").write_text("a file where a folder should be")
    answer = CliRunner().invoke(app, ["manual", str(tmp_path)])
    assert answer.exit_code == 1
    assert "cannot be written" in answer.output


@IN_EACH
def test_each_component_has_its_place(language: str) -> None:
    assert sections(language).keys() == set(catalogue().kinds())


@IN_EACH
def test_each_link_leads_somewhere(language: str) -> None:
    folder = DOCS / language
    for name, text in files_in(folder).items():
        for address in re.findall(r"\]\(([^)]+)\)", text):
            page, _, place = address.partition("#")
            target = folder / (page or name)
            assert target.exists(), (name, address)
            assert not place or f'<a id="{place}"></a>' in target.read_text(encoding="utf-8"), (name, address)


@IN_EACH
def test_what_the_help_says_of_the_exits_stands_with_the_exits(language: str) -> None:
    told = sections(language)
    for component in catalogue():
        behind = re.split(r"\*\*(?:Exits|Выходы|Виходи)\*\*", told[component.kind])[1]
        for name in component.fixed_exits():
            assert len(re.findall(f"`{name}`", behind)) >= 2, (component.kind, name)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_leads_to_the_same_components(language: str) -> None:
    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\((?:\w+\.md)?#(\w+)\)", text)) - {"types"}

    english, told = sections("en"), sections(language)
    other = {kind: (links(text), links(told[kind])) for kind, text in english.items()}
    # What is no link in English (the Stop of another scenario) may be one here.
    assert {kind: (there, here) for kind, (there, here) in other.items() if not there <= here} == {}
