"""Lists: take, look for, choose, order, make."""

import json
from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.errors import MAX_ITEMS, ExpressionError
from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.common import ONE, Measure, check_items, count, place
from cordboard.scenario.expressions.functions.phones import means
from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, show, to_json, type_of
from cordboard.scenario.values import Money as MoneyValue

lists = Theme(
    "list",
    "Lists",
    'Written `[1; 2; 3]`. `numbers[1]` is the first item, `numbers[-1]` the last; `rows[2]["name"]` is a field of the '
    "second record. `a + b` puts two lists one behind the other. Lists are never changed: a function gives a new one.",
)


@lists.function("элемент елемент", ('item(["a"; "b"]; -1)', "b"), ('item(["a"]; 5; "none")', "none"))
def item(list_: list[Any], number: Decimal, default: Any = None) -> Any:
    """An item by its number, from 1, or from the end if negative; what to give if there is none."""
    index = place(number, len(list_))
    return default if index is None else list_[index]


@lists.function("количество кількість", ('count(["a"; "b"])', "2"))
def count_(list_: list[Any]) -> Decimal:
    """How many items there are."""
    return Decimal(len(list_))


@lists.function("первый перший", ('first(["a"; "b"])', "a"), ("empty(first([]))", "true"))
def first(list_: list[Any]) -> Any:
    """The first item; nothing if the list is empty."""
    return list_[0] if list_ else None


@lists.function("последний останній", ('last(["a"; "b"])', "b"))
def last(list_: list[Any]) -> Any:
    """The last item; nothing if the list is empty."""
    return list_[-1] if list_ else None


@lists.function("номерв номеру", ('index_of(["a"; "b"]; "b")', "2"), ('index_of(["a"]; "x")', "0"))
def index_of(list_: list[Any], value: Any) -> Decimal:
    """The number of the first item that is equal; 0 if there is none."""
    return Decimal(list_.index(value) + 1 if value in list_ else 0)


@lists.function("срез зріз", ('slice(["a"; "b"; "c"]; 2)', "b, c"), ('slice(["a"; "b"; "c"]; 1; 2)', "a, b"))
def slice_(list_: list[Any], start: Decimal, amount: Decimal = Decimal(MAX_ITEMS)) -> list[Any]:
    """Items from a place on: the amount, or all to the end."""
    begin = count(start - 1)
    return list_[begin : begin + count(amount)]


@lists.function("добавить додати", ('append(["a"]; "b"; "c")', "a, b, c"))
def append(list_: list[Any], value: Any, *more: Any) -> list[Any]:
    """The list with more items at its end."""
    return [*list_, value, *more]


@lists.function("добавитьвначало додатинапочаток", ('prepend(["b"]; "a")', "a, b"))
def prepend(list_: list[Any], value: Any) -> list[Any]:
    """The list with one more item at its beginning."""
    return [value, *list_]


@lists.function("без", ('without(["a"; "b"; "a"]; "a")', "b"))
def without(list_: list[Any], value: Any, *more: Any) -> list[Any]:
    """The list without items that are equal to a value."""
    taken = (value, *more)
    return [each for each in list_ if each not in taken]


@lists.function("развернуть перевернути", ('reverse(["a"; "b"])', "b, a"), ('reverse("abc")', "cba"))
def reverse(value: list[Any] | str) -> Any:
    """The items of a list, or the characters of a text, from the last to the first."""
    return value[::-1]


def _key(value: Any) -> str:
    """What is the same for equal values."""
    if isinstance(value, Decimal):
        return f"n{show(value.normalize())}"
    if isinstance(value, MoneyValue):
        return f"m{value.amount.normalize()}{value.currency}"
    return json.dumps(to_json(value), sort_keys=True, default=str)


@lists.function("уникальные унікальні", ('unique(["a"; "b"; "a"])', "a, b"), ("unique([1; 1.0])", "1"))
def unique(list_: list[Any]) -> list[Any]:
    """Each value once, in the order in which they came."""
    found: dict[str, Any] = {}
    for each in list_:
        found.setdefault(_key(each), each)
    return list(found.values())


def _sorted(items: list[Any], keys: list[Any], *, descending: bool) -> list[Any]:
    kinds = {type_of(key) for key in keys} - {None}
    if len(kinds) > 1:
        words = sorted(kind.value for kind in kinds if kind)
        raise ExpressionError(said("a {one} and a {other} have no order", one=words[0], other=words[1]))
    filled = [(key, each) for key, each in zip(keys, items, strict=True) if key is not None]
    empty = [each for key, each in zip(keys, items, strict=True) if key is None]
    try:
        filled.sort(key=lambda pair: pair[0], reverse=descending)
    except TypeError as error:
        raise ExpressionError(said("a {type} has no order", type=word(keys[0]))) from error
    return [each for _, each in filled] + empty


@lists.function("сортировать сортувати", ("sort([3; 1; 2])", "1, 2, 3"), ('sort(["a"; "b"]; true)', "b, a"))
def sort(list_: list[Any], descending: bool = False) -> list[Any]:
    """The items in order, or from the greatest down; empty ones come last."""
    return _sorted(list_, list_, descending=descending)


def _field(record: Any, field: str) -> Any:
    if not isinstance(record, dict):
        raise ExpressionError(said("the items are records here, not a {type}", type=word(record)))
    return record.get(field)


@lists.function(
    "сортироватьпо сортуватиза",
    ('pluck(sort_by([record("n"; 2); record("n"; 1)]; "n"); "n")', "1, 2"),
)
def sort_by(list_: list[Any], field: str, descending: bool = False) -> list[Any]:
    """Records in the order of a field; those without it come last."""
    return _sorted(list_, [_field(each, field) for each in list_], descending=descending)


@lists.function(
    "отобрать відібрати",
    ('count(filter_by([record("city"; "Lviv"); record("city"; "Kyiv")]; "city"; "Lviv"))', "1"),
    ('count(filter_by([record("tel"; "067 123-45-67")]; "tel"; phone("+380671234567")))', "1"),
)
def filter_by(scope: Scope, list_: list[Any], field: str, value: Any) -> list[Any]:
    """The records of which a field is equal to a value; a phone, however it is written there."""
    return [each for each in list_ if means(scope, _field(each, field), value)]


@lists.function(
    "найтизапись знайтизапис",
    ('find_by([record("id"; 1; "name"; "Ann"); record("id"; 2; "name"; "Bob")]; "id"; 2)["name"]', "Bob"),
)
def find_by(scope: Scope, list_: list[Any], field: str, value: Any) -> Any:
    """The first record of which a field is equal to a value; nothing if there is none. See filter_by."""
    return next((each for each in list_ if means(scope, _field(each, field), value)), None)


@lists.function("поля", ('pluck([record("a"; 1); record("a"; 2)]; "a")', "1, 2"))
def pluck(list_: list[Any], field: str) -> list[Any]:
    """One field of each record."""
    return [_field(each, field) for each in list_]


def _values(items: list[Any], field: str) -> list[Any]:
    found = [_field(each, field) for each in items] if field else items
    return [each for each in found if each is not None]


def _total(values: list[Any]) -> Any:
    total: Any = values[0] if values else Decimal(0)
    if type(total) not in Measure.__constraints__:
        raise ExpressionError(said("a {type} has no sum", type=word(total)))
    for each in values[1:]:
        if type(each) is not type(total):
            raise ExpressionError(said("a {one} and a {other} have no sum", one=word(total), other=word(each)))
        total += each
    return total


@lists.function(
    "суммасписка сумасписку",
    ("sum_of([1; 2; 3.5])", "6.5"),
    ('sum_of([record("debt"; money("5 UAH")); record("debt"; money("7 UAH"))]; "debt")', "12.00 UAH"),
)
def sum_of(list_: list[Any], field: str = "") -> Any:
    """The sum of the items, or of a field of each record; 0 for none. Empty ones are left out."""
    return _total(_values(list_, field))


@lists.function("среднеесписка середнєсписку", ("average_of([1; 2; 6])", "3"))
def average_of(list_: list[Any], field: str = "") -> Any:
    """The average of the items, or of a field of each record; nothing for none."""
    values = _values(list_, field)
    return _total(values) / len(values) if values else None


def _extreme(items: list[Any], field: str, *, greatest: bool) -> Any:
    values = _values(items, field)
    return _sorted(values, values, descending=greatest)[0] if values else None


@lists.function("минимумсписка мінімумсписку", ("min_of([3; 1; 2])", "1"))
def min_of(list_: list[Any], field: str = "") -> Any:
    """The least of the items, or of a field of each record; nothing for none."""
    return _extreme(list_, field, greatest=False)


@lists.function("максимумсписка максимумсписку", ("max_of([3; 1; 2])", "3"))
def max_of(list_: list[Any], field: str = "") -> Any:
    """The greatest of the items, or of a field of each record; nothing for none."""
    return _extreme(list_, field, greatest=True)


@lists.function("счетпо лічитиза", ('count_by(["a"; "b"; "a"])["a"]', "2"))
def count_by(list_: list[Any], field: str = "") -> dict[str, Any]:
    """How often each value occurs: a record of the values written out."""
    counts: dict[str, Any] = {}
    for each in _values(list_, field):
        name = show(each)
        counts[name] = counts.get(name, Decimal(0)) + 1
    return counts


@lists.function("диапазон діапазон", ("range(1; 4)", "1, 2, 3, 4"), ("range(10; 0; -5)", "10, 5, 0"))
def range_(start: Decimal, end: Decimal, step: Decimal = ONE) -> list[Any]:
    """The numbers from one to another, both included."""
    if not step:
        raise ExpressionError(said("a step is not 0"))
    amount = check_items(int((end - start) / step) + 1) if (end - start) / step >= 0 else 0
    return [start + step * index for index in range(amount)]


@lists.function("сплющить розгорнути", ("flatten([[1; 2]; 3])", "1, 2, 3"))
def flatten(list_: list[Any]) -> list[Any]:
    """Items of lists in a list become items of it, one level."""
    flat: list[Any] = []
    for each in list_:
        flat.extend(each if isinstance(each, list) else [each])
        if len(flat) > MAX_ITEMS:
            break
    return flat


@lists.function("порциями порціями", ("count(chunks([1; 2; 3]; 2))", "2"), ("chunks([1; 2; 3]; 2)[1]", "1, 2"))
def chunks(list_: list[Any], size: Decimal) -> list[Any]:
    """The list cut into lists of so many items."""
    if size < 1:
        raise BadValueError(said("a size is 1 or more"))
    step = count(size)
    return [list_[index : index + step] for index in range(0, len(list_), step)]
