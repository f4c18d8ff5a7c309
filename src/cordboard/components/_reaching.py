"""What the components that call somebody have in common: whom, over what, and what may come of it."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.office.ports import Destination, Numbering, Staff
from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import Refers

_SEPARATORS = str.maketrans("", "", " ()-./\N{NO-BREAK SPACE}")
"""What people write into numbers and nobody dials."""


class Reaching(Component):
    """Properties and ways of a component that calls somebody. No component itself."""

    number: Text = ""
    """The number to call: an internal number, or one outside as a phone of the office would dial it."""
    who: Annotated[Text, Refers("user", computed=True)] = ""
    """Instead of a number, the login of a user of the office: all his phones ring."""
    line: Annotated[str, Refers("line")] = ""
    """The line over which the number is called. Empty: internal numbers and the routes of the office decide."""
    ring_time: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=10))] = timedelta(seconds=30)
    """How long it may ring before it counts as not answered."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if not {"number", "who"} & self.model_fields_set:
            raise ValueError("say whom to call: give a number or a user")
        if self.number and self.who:
            raise ValueError("give either a number or a user, not both")
        if self.who and self.line:
            raise ValueError("a user is called on his phones: leave the line empty, or give a number")
        return self

    def destination(self, ctx: Context, *, dialled_by: str = "") -> Destination:
        """Where the call leads. Raises ScenarioError if there is no such user."""
        numbering = ctx.port(Numbering)
        number = self.number.translate(_SEPARATORS)
        if self.line:
            return numbering.over_line(self.line, number)
        if not self.who:
            return numbering.destination(number, dialled_by=dialled_by)
        person = ctx.port(Staff).by_login(self.who)
        if person is None:
            raise ScenarioError(f"there is no user {self.who!r}: correct the login in step {ctx.step!r}")
        return numbering.destination(person.number, dialled_by=dialled_by)
