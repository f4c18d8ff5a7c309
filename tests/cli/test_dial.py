"""`cordboard dial` against a real exchange."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.testing.audio import read_wav
from cordboard.testing.office_process import OfficeProcess, free_port, office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

PROMPT = "Press one or hang up."
KEY = "You have pressed a key."
MENU = f"""\
scenario: menu
kind: voice
start: ask
steps:
  ask:
    component: menu
    text: {PROMPT}
    language: en
    wait: 10s
    keys:
      - {{id: one, key: 1, to: thank}}
  thank:
    component: play
    text: {KEY}
    language: en
    exits:
      done: hang_up
  hang_up:
    component: hang_up
"""
BUSY = "scenario: busy\nkind: voice\nstart: s\nsteps:\n  s:\n    component: reject\n    reason: busy\n"

Dial = Callable[..., Result]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeProcess]:
    folder = tmp_path_factory.mktemp("dial")
    with office_process(folder, {"menu": MENU, "busy": BUSY}, numbers={"701": "busy"}) as office:
        yield office


@pytest.fixture
def dial(office: OfficeProcess, monkeypatch: pytest.MonkeyPatch) -> Dial:
    monkeypatch.setenv("CORDBOARD_DATA", str(office.folder))
    monkeypatch.setenv("CORDBOARD_SIP_PORT", str(office.sip_port))
    return lambda *words: CliRunner().invoke(app, ["dial", *words])


def test_the_transcript_tells_what_was_heard_and_pressed_in_order(dial: Dial) -> None:
    answer = dial("700", "--from", "101", "--keys", "wait 3, 1, wait 5")
    assert answer.exit_code == 0, answer.output
    assert re.search(
        rf"received 200\n.* heard    “{PROMPT}”.*\n.* pressed  1\n.* heard    “{KEY}”.*\n.* ended    by remote",
        answer.stdout,
    )


def test_the_json_has_the_names_that_the_help_promises(dial: Dial, office: OfficeProcess, tmp_path: Path) -> None:
    record = tmp_path / "heard.wav"
    answer = dial("700", "--from", "101", "--keys", "wait 2, hang up", "--json", "--record", str(record))
    assert answer.exit_code == 0, answer.output
    report = json.loads(answer.stdout)
    promised = re.search(r"--json prints one object: (.*?)\. Times", " ".join(dial("--help").stdout.split()))
    assert promised
    assert list(report) == [
        "dialled", "answered", "status", "phrase", "ended_by", "seconds", "pressed", "keys_heard", "heard", "timeline"
    ]  # fmt: skip
    for name in (*report, *report["heard"][0], *report["timeline"][0]):
        assert re.search(rf"\b{name}\b", promised[1]), name
    assert (report["answered"], report["status"], report["ended_by"]) == (True, None, "local")
    assert report["heard"][0]["text"] == PROMPT
    assert 1.0 < len(read_wav(record)) / 8000 < 4.0
    after_the_greeting = office.log().partition("No phone at hand?")[2]
    assert office.passwords["101"] not in after_the_greeting


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("701", "--from", "101"), 2, "ended    486 Busy Here\nThe call was not answered."),
        (("799", "--from", "101"), 2, "ended    404 Not Found\nThe call was not answered."),
        (("701", "--from", "101", "--password", "wrong"), 1, "there is no such account, or its password is wrong"),
        (("701", "--from", "188"), 1, "The password of 188 is not known: give --password"),
        (("7 01", "--from", "101"), 1, "'7 01' cannot be dialled"),
        (("701", "--from", "101", "--keys", "wait long"), 1, "--keys: At character 1: 'wait long' is no step."),
        (("701", "--from", "101", "--keys", "1, 2x"), 1, "--keys: At character 4: '2x' is no step."),
        (("701", "--from", "101", "--server", "127.0.0.1:sip"), 1, "write it as HOST:PORT"),
        (("701", "--from", "101", "--server", "127.0.0.1:70000"), 1, "a port from 1 to 65535"),
        (("701", "--from", "101", "--record", "/nowhere/x.wav"), 1, "there is no folder /nowhere"),
        (("701",), 2, "Missing option '--from'"),
    ],
)
def test_each_outcome_has_its_status_and_its_sentence(
    dial: Dial, words: tuple[str, ...], status: int, said: str
) -> None:
    answer = dial(*words)
    assert answer.exit_code == status, answer.output
    assert said in answer.output


def test_a_call_that_nobody_answers_is_cancelled(dial: Dial, office: OfficeProcess) -> None:
    answer = dial("102", "--from", "101")
    assert answer.exit_code == 2
    assert "480 Temporarily Unavailable" in answer.output
    until(lambda: not office.calls())


def test_an_absent_exchange_is_noticed_in_seconds(dial: Dial) -> None:
    answer = dial("700", "--from", "101", "--server", f"127.0.0.1:{free_port()}")
    assert answer.exit_code == 1
    assert "No exchange answers at 127.0.0.1:" in answer.output
    assert "start it with `make up`" in answer.output
