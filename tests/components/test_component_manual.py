"""What every component must offer to the editor and the manual."""

import re

import pytest

from cordboard.components import all_components
from cordboard.scenario.component import Component

GROUPS = {"flow", "voice", "calls", "data", "messages", "office"}


def test_no_kind_is_there_twice() -> None:
    kinds = [component.kind for component in all_components()]
    assert len(kinds) == len(set(kinds)) == 49


@pytest.mark.parametrize("component", all_components(), ids=lambda component: component.kind)
def test_a_component_lies_where_the_palette_shows_it(component: type[Component]) -> None:
    assert component.group in GROUPS
    assert component.__module__ == f"cordboard.components.{component.group}.{component.kind}"


@pytest.mark.parametrize("component", all_components(), ids=lambda component: component.kind)
def test_the_manual_names_each_exit(component: type[Component]) -> None:
    manual = component.__doc__ or ""
    assert set(component.fixed_exits()) <= set(re.findall(r"\*(\w+)\*", manual))
    assert set(re.findall(r"\*(\w+)\*", manual)) <= {*component.fixed_exits(), "error"}
