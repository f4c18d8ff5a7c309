from datetime import timedelta
from enum import StrEnum

import pytest

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import BadComponentError, Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.properties import Form
from cordboard.scenario.values import ValueType
from cordboard.testing.steps import TEST_CATALOGUE, Begin, Choose, Key, Put, Wait


def test_properties_are_derived_from_the_class() -> None:
    duration = Wait.properties()["time"]
    assert (duration.value_type, duration.required, duration.help) == (ValueType.DURATION, True, "How long.")
    assert Choose.properties()["keys"].makes_exits
    assert Begin.properties()["values"].form is Form.MAP
    into = Put.properties()["into"]
    assert (into.widget, into.expressions) == ("variable", False)


def test_exits_are_those_of_the_rows_and_the_fixed_ones() -> None:
    assert Choose(keys=[Key(id="sales", key="1")]).exits() == ("sales", "nothing")


def test_all_faults_of_a_class_are_told_together() -> None:
    with pytest.raises(BadComponentError) as caught:

        class Bad(Component):
            kind = "Bad Kind"
            title = "Bad"

            class Exit(StrEnum):
                ERROR = "error"
                LOUD = "LOUD"

            note: str = ""
            """Reserved."""
            where: Text = ""
            strange: complex = 1j
            """Not a type of the language."""

    message = str(caught.value)
    for part in ("'Bad Kind'", "group", "docstring", "run", "'error'", "'LOUD'", "'note'", "'strange'"):
        assert part in message


def test_a_property_without_help_is_refused() -> None:
    with pytest.raises(BadComponentError, match="'text' has no docstring"):

        class Bad(Component):
            """Has a help."""

            kind = "bad"
            title = "Bad"
            group = "test"
            text: str

            async def run(self, ctx: Context) -> str:
                return ""


def test_a_catalogue_refuses_two_of_a_kind() -> None:
    with pytest.raises(BadComponentError, match="Wait and Wait are both 'wait'"):
        Catalogue([Wait, Put, Wait])


def test_the_description_holds_what_a_palette_needs() -> None:
    described = {item["kind"]: item for item in TEST_CATALOGUE.describe()}
    choose = described["choose"]
    assert choose["exits"] == ["nothing", "error"]
    assert choose["kinds"] == ["voice"]
    assert [field["name"] for field in choose["properties"][0]["fields"]] == ["id", "to", "key"]


def test_the_evaluated_shape_holds_real_types() -> None:
    assert Wait(time=timedelta(seconds=3)).time.total_seconds() == 3
