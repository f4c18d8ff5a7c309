"""The page docs/running.md: every command and request in it is carried out, in its order."""

import asyncio
import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.cli.up import prepare
from cordboard.config import Settings
from cordboard.office.calendar import read_calendar
from cordboard.scenario.hooks import EVENTS
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.schedule import parse_schedule
from cordboard.testing.office_process import OfficeProcess, office_process

pytestmark = [pytest.mark.slow, pytest.mark.wire]

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "running.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    cordboard (.+)$", PAGE, re.MULTILINE)
(CURLS,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
REQUESTS = CURLS.replace("\\\n", " ").splitlines()
WITH_RUNS = ("run ", "scenario replay")
"""Commands that want runs to be there."""

TOLD = {
    "scenario check examples/language": "14 scenarios can be published",
    "scenario import examples/language --overwrite": "14 of 14 scenarios are drafts now",
    "scenario diff": "+ scenario park",
    'scenario draft publish -m "The shop"': "Release 2 is published",
    "scenario list": "Card of a client",
    "scenario draft save examples/language/survey.yaml --author ann": "it can be published",
    "scenario draft list": "ann",
    "scenario draft discard survey": "The draft of survey is gone",
    "scenario history": "The shop",
    "scenario diff 1 2": "+ scenario park",
    'scenario rollback 1 -m "The shop was too early"': "Release 3 is published",
    'scenario rollback 2 -m "No, it was not"': "Release 4 is published",
    "scenario export backup": "17 of 17 scenarios are in backup",
    "scenario watch examples/language --once": "Release 5 is published",
    "hook main main": "Calls from outside enter main",
    "hook number 710 park": "Number 710 is answered by park",
    "hook number 711 take": "Number 711 is answered by take",
    "hook after-talk survey survey": "Hook survey is attached",
    "hook event after-call call.ended after_call": "Hook after-call is attached",
    "hook schedule debtors": "Hook debtors is attached",
    "hook list": "the end of a talk",
    "hook events": "line.down",
    "hook remove debtors": "Hook debtors is removed",
    "token add crm": "cb_",
    "token list": "events, runs, scenarios, screens",
    "run list": "complaint",
    "run list --scenario complaint --step answer --exit arrived --since 7d": "finished",
    "run list --number 067-123-45-67 --live": "There are no such runs",
    'run list --error ""': "There are no such runs",
    "run show RUN": "decision = leave",
    "run cancel RUN": "There is no unfinished service run",
    "scenario replay RUN": "replayed the same way",
}
"""What each says; a command is looked up by its whole, else by how it begins."""


@dataclass(frozen=True, slots=True)
class Visited:
    """What the page's commands and requests have answered."""

    commands: Mapping[str, str]
    answers: Mapping[str, str]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "examples").symlink_to(REPOSITORY / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CORDBOARD_DATA", str(folder / "var"))
        asyncio.run(prepare(Settings.load(), 5070))
        before = [command for command in COMMANDS if not command.startswith(WITH_RUNS)]
        commands = {command: answer(command) for command in before}
        token = next(text for command, text in commands.items() if command.startswith("token add")).strip()
        with office_process(folder / "var") as office:
            answers = asked(office, token)
            run = _run(answers)
            commands |= {each: answer(each.replace("RUN", run)) for each in COMMANDS if each.startswith(WITH_RUNS)}
        yield Visited(commands, answers)


def answer(command: str) -> str:
    return CliRunner().invoke(app, shlex.split(command)).output


def asked(office: OfficeProcess, token: str) -> dict[str, str]:
    answers: dict[str, str] = {}
    for request in REQUESTS:
        environment = {"TOKEN": token, "RUN": _run(answers), "PATH": "/usr/bin:/bin"}
        line = request.replace(":8080", f":{office.web_port}")
        done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=True, text=True)
        answers[request] = done.stdout
    return answers


def _run(answers: Mapping[str, str]) -> str:
    """The complaint's run."""
    return next((json.loads(text)["run"] for request, text in answers.items() if "order-17" in request), "")


def test_every_command_of_the_page_does_what_it_says(visited: Visited) -> None:
    told = {command: TOLD.get(command) or TOLD[" ".join(command.split()[:3])] for command in COMMANDS}
    assert {command: text for command, text in visited.commands.items() if told[command] not in text} == {}
    assert len(COMMANDS) == len(TOLD)


def test_every_request_of_the_page_is_answered(visited: Visited) -> None:
    answers = [json.loads(text or "null") for text in visited.answers.values()]
    started, complaint, forms, filled_in, posted, ended, unfinished, traces = answers
    assert (started["outcome"], started["value"]) == ("finished", "0 of 0")
    assert "outcome" not in complaint
    assert [form["title"] for form in forms] == ["0671234567 gave a 2"]
    assert filled_in is None
    assert list(posted) == ["event"]
    assert (ended["outcome"], ended["value"]) == ("finished", "leave")
    assert unfinished == []
    assert {run["scenario"] for run in traces} <= {"complaint"}


def test_the_tables_are_complete() -> None:
    assert [mode for mode in RunMode if f"\n| `{mode}` |" not in PAGE] == []
    assert [event for event in EVENTS if f"`{event}`" not in PAGE] == []


def test_every_way_to_write_a_schedule_is_one() -> None:
    (table,) = re.findall(r"\| a schedule .*?\n\n", PAGE, re.DOTALL)
    ways = re.findall(r"`([^`]+)`", table)
    assert len(ways) == 8
    for way in ways:
        parse_schedule(way)


def test_the_calendar_can_be_read() -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert read_calendar(text).country == "UA"
