"""The one error of expressions, and the bounds that keep them harmless."""

MAX_LENGTH = 2000
"""Characters of an expression."""
MAX_DEPTH = 60
"""Levels of nesting. A chain a & b & c … counts one each."""
MAX_TEXT = 100_000
"""Characters of a text that an expression may make."""
MAX_ITEMS = 10_000
"""Items of a list, or fields of a record, that an expression may make."""
MAX_NESTED = 20
"""How deep lists and records may stand inside each other."""
MAX_WEIGHT = 2_000_000
"""Characters of all texts in a list or a record, with 8 for each value whatever it is."""
MAX_DIGITS = 30
"""Digits before the point."""


class ExpressionError(ValueError):
    """The expression is wrong, or cannot be computed with these values.

    `column` counts characters from 1 in the text as it was written, with its `=`; 0 if there is no place.
    """

    def __init__(self, message: str, column: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint
