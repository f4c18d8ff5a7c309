"""The language of expressions: `=caller = "0671234567" and hour(now) < 18`. Typed, bounded, without side effects."""

from cordboard.scenario.expressions.compiler import (
    BUILTINS,
    Compiled,
    Names,
    Scope,
    compile_expression,
    compile_template,
)
from cordboard.scenario.expressions.errors import MAX_LENGTH, ExpressionError
from cordboard.scenario.expressions.functions import FUNCTIONS, Function

__all__ = [
    "BUILTINS",
    "FUNCTIONS",
    "MAX_LENGTH",
    "Compiled",
    "ExpressionError",
    "Function",
    "Names",
    "Scope",
    "compile_expression",
    "compile_template",
]
