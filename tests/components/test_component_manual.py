"""What every component must offer to the editor and the manual."""

import re
import textwrap
from zoneinfo import ZoneInfo

import pytest

from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check

GROUPS = {"flow", "voice", "calls", "data", "messages", "office"}


def test_no_kind_is_there_twice() -> None:
    kinds = [component.kind for component in all_components()]
    assert len(kinds) == len(set(kinds)) == 78


@pytest.mark.parametrize("component", all_components(), ids=lambda component: component.kind)
def test_a_component_lies_where_the_palette_shows_it(component: type[Component]) -> None:
    assert component.group in GROUPS
    assert component.__module__ == f"cordboard.components.{component.group}.{component.kind}"


@pytest.mark.parametrize("component", all_components(), ids=lambda component: component.kind)
def test_the_manual_names_each_exit(component: type[Component]) -> None:
    manual = component.__doc__ or ""
    assert set(component.fixed_exits()) <= set(re.findall(r"\*(\w+)\*", manual))
    assert set(re.findall(r"\*(\w+)\*", manual)) <= {*component.fixed_exits(), "error"}


VARIABLES = {
    "CallCount": "number",
    "CallerID": "text",
    "found": "list",
    "department": "text",
    "words": "text",
    "order": "text",
    "message": "text",
    "name": "text",
    "login": "text",
    "pin": "text",
    "code": "text",
    "number": "text",
    "outcome": "text",
    "note": "text",
    "attempt": "number",
    "attempts": "number",
    "debt": "number",
    "phone": "phone",
    "numbers": "list",
    "debtors": "list",
    "appointment": "datetime",
    "usd": "number",
    "rate_age": "duration",
    "segment": "text",
    "task": "text",
    "customer": "record",
}


@pytest.mark.parametrize("component", all_components(), ids=lambda component: component.kind)
def test_each_example_of_the_manual_can_be_copied(component: type[Component]) -> None:
    declared = "".join(f"  - {{name: {name}, type: {type_}}}\n" for name, type_ in VARIABLES.items())
    catalogue = Catalogue(all_components())
    assert component.examples
    for example in component.examples:
        assert example.caption.endswith((".", "?"))
        first = example.step.split(":", 1)[0]
        head = f"scenario: example\nkind: {max(component.kinds)}\nstart: {first}\nvariables:\n{declared}steps:\n"
        text = head + textwrap.indent(example.step, "  ") + "\n"
        faults = check(text, catalogue, zone=ZoneInfo("Europe/Kyiv"), country="UA")
        assert [str(fault) for fault in faults if fault.severity is Severity.ERROR] == []
        assert f"component: {component.kind}\n" in example.step + "\n"
