"""`cordboard scenario list, history, diff, rollback, draft, export, import` on the office of the demo's scenarios."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.cli.up import EXAMPLES
from cordboard.office.model import User
from cordboard.store.database import open_store

pytestmark = pytest.mark.slow  # a command with its store takes half a second

Scenario = Callable[..., Result]
MENU = (EXAMPLES / "s01-employee-callback" / "menu.yaml").read_text(encoding="utf-8")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """The command over an office where release 1 is the demo."""
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path / "var"))
    monkeypatch.setattr("cordboard.cli.scenario_history.FRESH", 0)
    monkeypatch.setattr("cordboard.cli.scenarios.FRESH", 0)
    (tmp_path / "var").mkdir()
    asyncio.run(set_up(tmp_path / "var"))

    def run(*words: str, status: int = 0, text: str | None = None) -> Result:
        answer = CliRunner().invoke(app, ["scenario", *words], input=text)
        assert answer.exit_code == status, answer.output
        return answer

    run("publish", str(EXAMPLES / "s01-employee-callback"), "-m", "first", "--author", "olena")
    return run


async def set_up(folder: Path) -> None:
    async with await open_store(folder / "cordboard.sqlite") as store:
        office = await store.office.load()
        await store.office.save(replace(office.settings, country="UA", time_zone="Europe/Kyiv"))
        await store.office.save(User("olena", "Olena", "101"))


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    """The menu with another number."""
    file = tmp_path / "menu.yaml"
    file.write_text(MENU.replace("number: 101", "number: 102"), encoding="utf-8")
    return file


def test_a_draft_goes_its_way_to_a_release_and_back(scenario: Scenario, menu: Path) -> None:
    answer = scenario("draft", "save", str(menu), "--author", "ivan")
    assert answer.output == "Draft menu is saved (revision 1): it can be published\n"
    assert "menu      voice    Menu of the office               published, edited by ivan" in scenario("list").output
    change = "  scenario menu\n    ~ step secretary: number: 101 ⇒ 102\n"
    assert scenario("diff").output == change
    assert scenario("draft", "show", "menu").output == menu.read_text(encoding="utf-8")
    answer = scenario("draft", "publish", "-m", "Ivan answers", "--author", "ivan")
    assert answer.output == change + "Release 2 is published: the next call follows it\n"
    assert scenario("draft", "list").output == "There are no drafts\n"
    assert scenario("diff", "1", "2").output == change
    assert json.loads(scenario("diff", "2", "1", "--json").output)[0]["before"] == "102"
    assert scenario("diff", str(menu)).output == "No difference\n"
    assert scenario("rollback", "1", "--author", "olena").output.endswith("102 ⇒ 101\nRelease 3 is published: the next "
                                                                         "call follows it\n")  # fmt: skip
    rows = [line.split() for line in scenario("history").output.splitlines()]
    assert [(row[0], row[3:]) for row in rows[1:]] == [
        ("3", ["olena", "back", "to", "release", "1"]),
        ("2", ["ivan", "Ivan", "answers"]),
        ("1", ["olena", "first"]),
    ]


def test_a_second_editor_sees_what_the_first_has_saved(scenario: Scenario, menu: Path) -> None:
    scenario("draft", "save", str(menu), "--author", "ivan")
    menu.write_text(MENU.replace("number: 101", "number: 103"), encoding="utf-8")
    answer = scenario("draft", "save", str(menu), "--author", "olena", status=1)
    assert "    ~ step secretary: number: 102 ⇒ 103\n" in answer.output
    assert "Nothing was saved: ivan has a draft of menu, which differs as shown. To save over it: --revision 1" in (
        answer.output
    )
    scenario("draft", "save", str(menu), "--author", "olena", "--revision", "1")
    assert "olena" in scenario("draft", "list").output
    assert scenario("draft", "discard", "menu").output == "The draft of menu is gone\n"
    assert scenario("diff").output == "No difference\n"


def test_a_broken_draft_is_kept_and_not_published(scenario: Scenario, menu: Path) -> None:
    menu.write_text(MENU.replace("number: 101", "who: olenka"), encoding="utf-8")
    answer = scenario("draft", "save", str(menu))
    fault = "menu:30:5: error: step secretary who: there is no user 'olenka' (did you mean 'olena'?)"
    assert fault in answer.output
    assert "it has errors and cannot be published yet" in answer.output
    answer = scenario("draft", "publish", status=1)
    assert fault in answer.output
    assert "Nothing was published: mend the errors in menu first." in answer.output
    assert len(scenario("history").output.splitlines()) == 2


def test_taking_a_scenario_out_is_a_draft_too(scenario: Scenario) -> None:
    assert scenario("draft", "remove", "menu").output == "menu will be taken out when the drafts are published\n"
    assert "published; to be taken out by" in scenario("list").output
    answer = scenario("draft", "publish", status=1)
    assert "main:44:5: error: step usual_way scenario: there is no scenario 'menu'" in answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rollback", "7"), "There is no release 7."),
        (("diff", "7", "1"), "There is no release 7."),
        (("diff", "nowhere"), "There is no file nowhere: name a scenario file, or a folder of them."),
        (("draft", "discard", "menu"), "There is no draft of menu."),
        (("draft", "discard", "manu"), "There is no scenario 'manu'."),
        (("draft", "show", "menu"), "There is no draft of menu: `cordboard scenario show menu` shows what is"),
        (("draft", "publish", "menu"), "There is no draft of menu."),
        (("draft", "save", "gone.yaml"), "gone.yaml cannot be read (No such file or directory)."),
    ],
)
def test_what_is_not_there_is_said(scenario: Scenario, words: tuple[str, ...], said: str) -> None:
    assert said in scenario(*words, status=1).output


def test_what_is_exported_is_what_was_published(scenario: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert scenario("export", str(out)).output == f"4 of 4 scenarios are in {out}\n"
    for file in sorted((EXAMPLES / "s01-employee-callback").glob("*.yaml")):
        assert (out / file.name).read_bytes() == file.read_bytes()
    assert scenario("diff", str(out)).output == "No difference\n"
    (out / "menu.yaml").write_text("mine")
    answer = scenario("export", str(out), status=1)
    assert "Left alone, since they are there with another text: menu.yaml." in answer.output
    assert (out / "menu.yaml").read_text() == "mine"
    scenario("export", str(out), "--overwrite")
    assert (out / "menu.yaml").read_text(encoding="utf-8") == MENU


def test_an_import_says_what_is_new_what_differs_and_what_is_missing(
    scenario: Scenario, tmp_path: Path, menu: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "menu.yaml").write_bytes(menu.read_bytes())
    (folder / "entry.yaml").write_bytes((EXAMPLES / "s01-employee-callback" / "entry.yaml").read_bytes())
    (folder / "night.yaml").write_text(
        "scenario: night\nkind: voice\nstart: s\nsteps:\n  s:\n    component: dial\n    number: 5\n    line: moon\n"
    )
    answer = scenario("import", str(folder), status=1)
    assert "= scenario entry is the same\n" in answer.output
    assert "  scenario menu\n    ~ step secretary: number: 101 ⇒ 102\n" in answer.output
    assert "+ scenario night\n" in answer.output
    assert "night:8:5: error: step s line: there is no line 'moon'" in answer.output
    assert "1 of 3 scenarios are drafts now\n" in answer.output
    assert "They cannot be published before this is mended: night." in answer.output
    assert "Left alone, since they are here with another text: menu." in answer.output
    answer = scenario("import", str(menu), "--overwrite", "--author", "ivan")
    assert answer.output.endswith("1 of 1 scenarios are drafts now\n")
    assert len(scenario("history").output.splitlines()) == 2


def test_a_text_can_be_pasted(scenario: Scenario) -> None:
    text = "scenario: night\nkind: voice\nstart: s\nsteps:\n  s:\n    component: hang_up\n"
    assert scenario("import", "-", text=text).output == "+ scenario night\n1 of 1 scenarios are drafts now\n"
    assert scenario("draft", "show", "night").output == text
    assert "does not say which scenario it is" in scenario("import", "-", text="kind: voice", status=1).output


def test_a_folder_publishes_itself(scenario: Scenario, tmp_path: Path, menu: Path) -> None:
    folder = tmp_path / "in"
    scenario("export", str(folder))
    assert scenario("watch", str(folder), "--once").output == "Nothing has changed since the last release\n"
    (folder / "menu.yaml").write_bytes(menu.read_bytes())
    answer = scenario("watch", str(folder), "--once")
    assert answer.output == "  scenario menu\n    ~ step secretary: number: 101 ⇒ 102\nRelease 2 is published\n"
    (folder / "menu.yaml").write_text("scenario: [")
    answer = scenario("watch", str(folder), "--once", status=1)
    assert "menu:1:12: error: this is no YAML" in answer.output
    assert "Nothing was published: mend the errors in menu first. The old release stays." in answer.output
    assert "There is no folder" in scenario("watch", str(tmp_path / "none"), status=1).output
