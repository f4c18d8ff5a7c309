"""docs/sms.md says what is so."""

import re
import textwrap
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from typer.core import TyperGroup

from cordboard.cli.sms import app
from cordboard.components import all_components
from cordboard.outbox.sms.http_provider import shipped
from cordboard.outbox.sms.keeping import SmsRules
from cordboard.outbox.sms.provider_answers import judged
from cordboard.outbox.sms.provider_file import OF_A_MESSAGE, Means
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check

PAGE = (Path(__file__).parents[2] / "docs" / "sms.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_is_one() -> None:
    root = typer.main.get_command(app)
    commands = re.findall(r"cordboard sms ((?:[a-z]+ ?)+)(.*(?:\\\n.*)?)", PAGE)
    assert len(commands) > 8
    for words, rest in commands:
        group = root
        for word in words.split():
            if isinstance(group, TyperGroup):
                assert word in group.commands, f"cordboard sms {words}"
                group = group.commands[word]
        known = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert set(re.findall(r"--[a-z-]+", rest.partition("`")[0])) <= known | {"--set"}, words


def test_the_example_can_be_copied() -> None:
    (example,) = re.findall(r"\n\n(    sent:\n(?:    .*\n)+)", PAGE)
    more = "  answer: {component: stop}\n  call: {component: stop}\n"
    head = "scenario: a\nkind: service\nstart: sent\nvariables: [{name: phone, type: phone}]\nsteps:\n"
    text = head + textwrap.indent(textwrap.dedent(example), "  ") + more
    faults = check(text, Catalogue(all_components()), zone=ZoneInfo("Europe/Kyiv"), country="UA")
    assert [str(fault) for fault in faults if fault.severity is Severity.ERROR] == []


def test_the_usual_limits_are_told() -> None:
    told = dict(re.findall(r"\n\| `--([a-z-]+)`[^|]*\| (\S+) \|", PAGE))
    rules = SmsRules()
    assert told == {
        "parts": str(rules.parts_a_day),
        "money": "none",
        "scenario-parts": "none",
        "to-one": str(rules.messages_a_day_to_one),
        "longest": str(rules.parts_of_one),
        "quiet": "none",
        "working-time": "off",
    }
    assert not any((rules.money_a_day, rules.scenario_parts_a_day, rules.quiet, rules.working_time))


def test_what_is_told_of_providers_is_so() -> None:
    assert [name for name in shipped() if f"`{name}`" not in PAGE] == []
    assert [name for name in OF_A_MESSAGE if f"`{{{name}}}`" not in PAGE] == []
    assert [means for means in Means if f'"{means}"' not in PAGE] == []
    (told,) = re.findall(r"judged by HTTP: ([\d, and]+) are temporary", PAGE)
    later = {int(status) for status in re.findall(r"\d+", told)}
    assert {status for status in range(100, 600) if judged(status, b"", []).means is Means.TEMPORARY} == later
    assert {judged(status, b"", []).means for status in (301, 404)} == {Means.PERMANENT}
    assert {judged(status, b"", []).means for status in (200, 500, 502)} == {Means.UNCERTAIN}
