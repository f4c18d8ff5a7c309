"""The JSON Schema of scenario files: fresh, true of good scenarios, and of use against wrong names."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from cordboard.cli.scenario_schema import schema_text
from cordboard.cli.up import EXAMPLES

SCHEMA = json.loads(schema_text())
FILES = [*sorted((EXAMPLES / "s01-employee-callback").glob("*.yaml")), Path(__file__).parent / "everything.yaml"]
MENU = (EXAMPLES / "s01-employee-callback" / "menu.yaml").read_text(encoding="utf-8")
MAIN = (EXAMPLES / "s01-employee-callback" / "main.yaml").read_text(encoding="utf-8")


def faults(text: str) -> list[str]:
    # As an editor reads it: with YAML's own types.
    data: Any = YAML(typ="safe").load(StringIO(text))
    validator = Draft202012Validator(SCHEMA)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(data)]


def test_the_schema_in_the_manual_is_fresh() -> None:
    """Make it anew with `cordboard scenario schema > docs/scenario.schema.json`."""
    docs = Path(__file__).parents[2] / "docs" / "scenario.schema.json"
    assert docs.read_text(encoding="utf-8") == schema_text()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_good_scenarios_are_valid(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: voice", "kind: vocie", "kind: 'vocie' is not one of"),
        ("start: greet", "strat: greet", ": 'start' is a required property"),
        ("component: menu", "component: manu", "steps.greet.component: 'manu' is not one of"),
        ("wait: 6s", "wiat: 6s", "steps.greet: Additional properties are not allowed ('wiat' was unexpected)"),
        ("wrong_key: secretary", "wrong_kay: secretary", "steps.greet.exits: Additional properties are not allowed"),
        ("{id: secretary, key: 1, to", "{id: secretary, kay: 1, to", "steps.greet.keys.0: 'key' is a required"),
        ("component: hang_up", "komponent: hang_up", "steps.hang_up: 'component' is a required property"),
        ("type: text", "type: txt", "variables.0.type: 'txt' is not one of"),
        ("    variable: extension\n", "", "steps.ask_extension: 'variable' is a required property"),
        ("greet: 0 0", "greet: left", "layout.greet: 'left' does not match"),
    ],
)  # fmt: skip
def test_wrong_names_are_refused(old: str, new: str, said: str) -> None:
    assert old in MENU
    found = faults(MENU.replace(old, new, 1))
    assert [fault for fault in found if fault.startswith(said)], found


def test_a_choice_may_be_computed() -> None:
    assert faults(MAIN.replace("reason: busy", "reason: =login")) == []
    assert faults(MAIN.replace("reason: busy", "reason: bussy"))


def test_a_step_for_an_older_version_is_left_to_the_upgrade() -> None:
    assert "once_per_key: true" in MAIN
    assert faults(MAIN.replace("component: start_service", "component: start_service\n    version: 2"))


def test_editors_show_the_help_of_the_class() -> None:
    dial = SCHEMA["$defs"]["dial"]
    assert dial["title"] == "Dial"
    assert dial["properties"]["ring_time"]["description"] == "How long it may ring before it counts as not answered."
    assert dial["description"].startswith("Joins the caller with a user of the office")
