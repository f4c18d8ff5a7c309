"""Rows of a list property: plain ones, and those that make an exit each."""

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """A row of a list property. Its fields may be expressions, like properties. Subclass it with documented fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )


class ExitRow(Row):
    """A row that makes an exit (a menu key, a case of a switch). It takes no expressions: the graph is static."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """The slug of the exit. Cords, coverage and traces use it, so that the key can change."""
    to: str = ""
    """The step to which the cord of this exit leads; empty while it is unwired."""
