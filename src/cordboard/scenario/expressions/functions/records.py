"""Records: fields by name."""

from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.said import said

records = Theme(
    "record",
    "Records",
    'A row of a table, a card of a customer, an answer in JSON. `customer["name"]` is a field; a field that is missing '
    "is a fault there, and a default in field(…). Records are never changed: a function gives a new one.",
)


@records.function("запись запис", ('record("name"; "Ann"; "age"; 30)["name"]', "Ann"))
def record(*names_and_values: Any) -> dict[str, Any]:
    """A record of names and values in turn."""
    if len(names_and_values) % 2:
        raise ExpressionError(said("a value is missing behind the last name"))
    names = names_and_values[::2]
    if not all(isinstance(name, str) for name in names):
        raise ExpressionError(said("the name of a field is a text"))
    return dict(zip(names, names_and_values[1::2], strict=True))


@records.function(
    "поле",
    ('field(record("name"; "Ann"); "name")', "Ann"),
    ('field(record("name"; "Ann"); "city"; "unknown")', "unknown"),
)
def field(record: dict[str, Any], name: str, default: Any = None) -> Any:
    """A field by its name; what to give if it is missing or empty (nothing, if nothing is said)."""
    found = record.get(name)
    return default if found is None else found


@records.function("естьполе єполе", ('has_field(record("name"; "Ann"); "city")', "false"))
def has_field(record: dict[str, Any], name: str) -> bool:
    """Whether there is a field of this name."""
    return name in record


@records.function("сполем зполем", ('with_field(record("a"; 1); "b"; 2)', "a: 1, b: 2"))
def with_field(record: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The record with one field more, or with another value in it."""
    return {**record, name: value}


@records.function("безполя", ('without_field(record("a"; 1; "b"; 2); "a")', "b: 2"))
def without_field(record: dict[str, Any], name: str, *more: str) -> dict[str, Any]:
    """The record without some fields."""
    return {key: value for key, value in record.items() if key not in {name, *more}}


@records.function("слить злити", ('merge(record("a"; 1; "b"; 2); record("b"; 3))', "a: 1, b: 3"))
def merge(record: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """One record of several; where a field occurs twice, the later one counts."""
    merged = dict(record)
    for each in more:
        merged.update(each)
    return merged


@records.function("ключи ключі", ('keys(record("a"; 1; "b"; 2))', "a, b"))
def keys(record: dict[str, Any]) -> list[Any]:
    """The names of the fields."""
    return list(record)


@records.function("значения значення", ('values(record("a"; 1; "b"; 2))', "1, 2"))
def values(record: dict[str, Any]) -> list[Any]:
    """The values of the fields."""
    return list(record.values())


@records.function("записиизтаблицы записизтаблиці", ('to_records(["id"; "name"]; [[1; "Ann"]])[1]["name"]', "Ann"))
def to_records(names: list[Any], rows: list[Any]) -> list[Any]:
    """Records of a list of rows, each a list of values in the order of the names."""
    made = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise ExpressionError(
                said("row {number} does not have {count} values", number=number, count=Decimal(len(names)))
            )
        made.append({str(name): value for name, value in zip(names, row, strict=True)})
    return made
