"""What an administrator sets up beside people and lines: groups, parking, rules. Each kind is one class.

A document is a pydantic model with a name. From its class come the check of what is written, the HTTP API, export and
import as text, and the form on the page; the store keeps all kinds in one table. A new kind is a class in the file of
the feature that it belongs to, and a line in `office.kinds`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,32}$")]
"""What can be dialled inside."""
Login = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Document(BaseModel):
    """One thing that is set up. Documents are never changed: a new one of the same name takes its place."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: ClassVar[str]
    """In the plural, as it stands in addresses of the API and in the exported text: groups, parking_lots."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Fields that are encrypted at rest and never shown."""

    name: Name
    """Unique among those of its kind."""

    @classmethod
    def kept(cls, name: str, written: str) -> str:  # noqa: ARG003  (most keep what is written)
        """What is kept of a secret that was written anew, before it is encrypted. Raises ValueError."""
        return written

    def numbers(self) -> tuple[str, ...]:
        """The internal numbers that lead to it: each number of the office has one owner."""
        return ()

    def faults(self, office: "OfficeData") -> Iterator[str]:  # noqa: ARG002  (most have none)
        """A sentence for each thing that it refers to and that is not there."""
        yield from ()
