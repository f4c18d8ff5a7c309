"""What is to be written, as it travels through the journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cordboard.datasource.excel.cells import Cell, Sought
from cordboard.telephony import PhoneNumber

WORKBOOK = "workbook"
"""The kind of an effect that writes into a workbook."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table within a workbook."""

    workbook: str
    """Its name within the folder of tables."""
    sheet: str = ""
    """Empty: the first one."""
    header: int = 1
    """The row in which the columns have their names, as Excel counts. 0: there is none, columns are A, B, C."""
    encoding: str = ""
    """Of a text file (.csv). Empty: it is guessed."""


class Several(StrEnum):
    """Which row it is if several are found."""

    FIRST = "first"
    LAST = "last"
    AMBIGUOUS = "ambiguous"
    """None of them."""


@dataclass(frozen=True, slots=True)
class Order:
    """Cells of the row that is found by `where`; of a new row below the last one, if `where` is None."""

    place: Place
    values: Mapping[str, Cell]
    where: Mapping[str, Sought] | None = None
    several: Several = field(default=Several.FIRST)


def to_payload(order: Order) -> dict[str, Any]:
    """The order as plain JSON."""
    place = order.place
    return {
        "workbook": place.workbook,
        "sheet": place.sheet,
        "header": place.header,
        "values": {column: _to_json(value) for column, value in order.values.items()},
        "where": None if order.where is None else {column: _to_json(value) for column, value in order.where.items()},
        "several": order.several.value,
    }


def from_payload(payload: Mapping[str, Any]) -> Order:
    """Read what `to_payload` wrote. Raises ValueError if it is something else."""
    try:
        where = payload["where"]
        return Order(
            Place(payload["workbook"], payload["sheet"], payload["header"]),
            {column: _from_json(value) for column, value in payload["values"].items()},
            None if where is None else {column: _from_json(value) for column, value in where.items()},
            Several(payload["several"]),
        )
    except (KeyError, TypeError, AttributeError, ArithmeticError) as fault:
        raise ValueError(f"this is no order for a workbook: {fault!r}") from fault


def _to_json(value: Sought) -> Any:
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            return {"number": str(value)}
        case PhoneNumber():
            return {"phone": [value.written, value.canonical]}
        case timedelta():
            return {"duration": [value.days, value.seconds, value.microseconds]}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}


_FROM_JSON: Mapping[str, Callable[[Any], Sought]] = {
    "number": Decimal,
    "phone": lambda raw: PhoneNumber(raw[0], raw[1]),
    "duration": lambda raw: timedelta(*raw),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _from_json(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    ((tag, inner),) = raw.items()
    return _FROM_JSON[tag](inner)
