"""What a property of a component is, derived from its annotation."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cordboard.scenario.markers import Gives, InLanguages, Inserts, Names, Refers, Variable, Widget
from cordboard.scenario.rows import ExitRow, Row
from cordboard.scenario.values import Money, ValueType
from cordboard.telephony import PhoneNumber


class Form(StrEnum):
    """How a property is written."""

    ONE = "one"
    """One literal or expression."""
    LIST = "list"
    """A list of them."""
    MAP = "map"
    """Names with one of them each."""
    ROWS = "rows"
    """A list of rows with fields of their own."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property (or one field of a row)."""

    name: str
    title: str
    help: str
    form: Form
    value_type: ValueType | None
    """What each item must be; None takes any type."""
    required: bool
    optional: bool
    """Whether it may be left empty (None)."""
    default: Any
    widget: str
    choices: tuple[str, ...] = ()
    inserts: bool = False
    expressions: bool = True
    variable: Variable | None = None
    reference: Refers | None = None
    row: type[Row] | None = None
    gives: str = ""
    """The property that names the scenario whose variables these are, see `Gives`."""
    in_languages: bool = False
    escape: Callable[[str], str] | None = None
    """What becomes of a value that is inserted, see `Inserts`."""
    names: Callable[[str], Mapping[str, str]] | None = None
    """Which variables the text names itself, see `Names`."""

    @property
    def refers(self) -> str:
        """Kind of the outside thing that it names, see `Refers`."""
        return self.reference.to if self.reference else ""

    @property
    def makes_exits(self) -> bool:
        """Whether each of its rows is an exit."""
        return self.row is not None and issubclass(self.row, ExitRow)


class BadPropertyError(TypeError):
    """Properties are declared wrongly; `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


_TYPES: dict[Any, ValueType] = {
    str: ValueType.TEXT,
    int: ValueType.NUMBER,
    float: ValueType.NUMBER,
    Decimal: ValueType.NUMBER,
    Money: ValueType.MONEY,
    bool: ValueType.BOOLEAN,
    date: ValueType.DATE,
    time: ValueType.TIME,
    datetime: ValueType.DATETIME,
    timedelta: ValueType.DURATION,
    PhoneNumber: ValueType.PHONE,
    dict: ValueType.RECORD,
}


@lru_cache(maxsize=1024)
def properties_of(model: type[BaseModel]) -> Mapping[str, Property]:
    """The properties of a component or row class, in order. Raises BadPropertyError naming all that is wrong."""
    shapes: dict[str, Property] = {}
    faults: list[str] = []
    plain = not issubclass(model, ExitRow)
    for name, field in model.model_fields.items():
        try:
            shapes[name] = _property(name, field, expressions=plain)
        except TypeError as error:
            faults.append(f"property {name!r}: {error}")
    if faults:
        raise BadPropertyError(faults)
    return types.MappingProxyType(shapes)


def _property(name: str, field: FieldInfo, *, expressions: bool) -> Property:
    annotation, markers, optional = _bare(field.annotation, list(field.metadata))
    form, row = Form.ONE, None
    if get_origin(annotation) in {list, tuple}:
        item = get_args(annotation)[0]
        if isinstance(item, type) and issubclass(item, Row):
            form, row, annotation = Form.ROWS, item, Any
            properties_of(item)
        else:
            form = Form.LIST
            annotation, inner, _ = _bare(item, [])
            markers += inner
    elif get_origin(annotation) is dict:
        form = Form.MAP
        annotation, inner, _ = _bare(get_args(annotation)[1], [])
        markers += inner
    choices: tuple[str, ...] = ()
    if annotation is Any:
        type_ = None
    elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
        type_, choices = ValueType.TEXT, tuple(str(member.value) for member in annotation)
    elif annotation in _TYPES:
        type_ = _TYPES[annotation]
    else:
        raise TypeError(f"the type {annotation!r} is not one that a property can have")
    variable = next((marker for marker in markers if isinstance(marker, Variable)), None)
    reference = next((marker for marker in markers if isinstance(marker, Refers)), None)
    named = reference is not None and not reference.computed
    own = next((marker for marker in markers if isinstance(marker, Names)), None)
    inserts = next((marker for marker in markers if isinstance(marker, Inserts)), None)
    widget = next((marker.name for marker in markers if isinstance(marker, Widget)), "")
    return Property(
        name=name,
        title=field.title or name.replace("_", " ").capitalize(),
        help=(field.description or "").strip(),
        form=form,
        value_type=type_,
        required=field.is_required(),
        optional=optional,
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        widget=widget or _widget(form, type_, choices, variable, reference),
        choices=choices,
        inserts=inserts is not None,
        escape=inserts.escape if inserts is not None else None,
        expressions=expressions and variable is None and own is None and not named and form is not Form.ROWS,
        names=own.of if own is not None else None,
        variable=variable,
        reference=reference,
        row=row,
        gives=next((marker.to for marker in markers if isinstance(marker, Gives)), ""),
        in_languages=any(isinstance(marker, InLanguages) for marker in markers),
    )


def _bare(annotation: Any, markers: list[Any]) -> tuple[Any, list[Any], bool]:
    """Take `Annotated` and `| None` off; the markers found are added."""
    optional = False
    while True:
        origin = get_origin(annotation)
        if origin in {Union, types.UnionType}:
            rest = [item for item in get_args(annotation) if item is not type(None)]
            if len(rest) != 1:
                raise TypeError("a choice of types is not possible, except `| None`")
            annotation, optional = rest[0], True
        elif hasattr(annotation, "__metadata__"):
            markers = markers + list(annotation.__metadata__)
            annotation = annotation.__origin__
        else:
            return annotation, markers, optional


def _widget(
    form: Form,
    type_: ValueType | None,
    choices: tuple[str, ...],
    variable: Variable | None,
    reference: Refers | None,
) -> str:
    if form is Form.ROWS:
        return "rows"
    if choices:
        return "choice"
    if variable is not None:
        return "variable"
    if reference is not None:
        return reference.to
    return type_.value if type_ else "value"
