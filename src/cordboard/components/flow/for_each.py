"""For each."""

import hashlib
import json
from enum import StrEnum

from cordboard.components._places import begin_round, place
from cordboard.scenario.component import Component, Example, Value, VariableName
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, show, to_json


class ForEach(Component):
    """Takes the items of a list one after the other: lead the last step of the way for an item back to here.

    It may be a list of anything, also of records (the rows of a table). The steps on the way must not change it: a list
    that is another than before is begun anew. If the loop is left before its end, it goes on with the next item as soon
    as somebody comes here again with the same list. To begin anew with it, name a variable for the number, and
    set it to 0 before.

    Exits: *item* with an item in the variable; *done* when there is no further one; *empty* if there was none at all.
    """

    kind = "for_each"
    title = "For each"
    group = "flow"
    waits = True  # for the check of loops: this one ends by itself
    examples = (
        Example(
            "Call one number after the other until somebody answers.",
            "next:\n  component: for_each\n  items: =numbers\n  item: number\n  exits:\n    item: call\n"
            'call:\n  component: dial\n  number: "{number}"\n  exits:\n    busy: next\n    no_answer: next',
        ),
    )

    items: Value
    """The list: `=phones`, `=split("101, 102"; ", ")`."""
    item: VariableName
    """The variable that takes the item. For rows of a table, declare it as a record."""
    number: VariableName = ""
    """The variable that takes the number of the item: 1, then 2. Declare it as a number."""

    class Exit(StrEnum):
        """Its exits."""

        ITEM = "item"
        DONE = "done"
        EMPTY = "empty"

    async def run(self, ctx: Context) -> str:
        """Take the next one."""
        if not isinstance(self.items, list):
            raise ScenarioError(said("a list is expected, not {value!r}", value=show(self.items)[:60]))
        mark = _mark(self.items)
        known = ctx.remembered() or {}
        done = place(ctx, known["done"] if known.get("of") == mark else None, self.number)
        if done >= len(self.items):
            ctx.remember(None)
            return self.Exit.DONE if self.items else self.Exit.EMPTY
        ctx.set(self.item, self.items[done])
        ctx.remember({"of": mark, "done": begin_round(ctx, done + 1, self.number)})
        return self.Exit.ITEM


def _mark(items: list[AnyValue]) -> str:
    """By which the same list is known again, without keeping it."""
    return hashlib.blake2b(json.dumps(to_json(items)).encode(), digest_size=8).hexdigest()
