"""The language of expressions: `=caller = "0671234567" and hour(now) < 18`. Typed, bounded, without side effects."""

from cordboard.scenario.expressions.compiler import Compiled, compile_expression
from cordboard.scenario.expressions.errors import MAX_LENGTH, ExpressionError
from cordboard.scenario.expressions.function import Function, Theme
from cordboard.scenario.expressions.functions import FUNCTIONS, THEMES
from cordboard.scenario.expressions.lazy import LAZY, LAZY_NAMES, LazyFunction
from cordboard.scenario.expressions.names import BUILTINS, CALL_DATA, OF_A_CALL, Names, Scope
from cordboard.scenario.expressions.template import compile_template

__all__ = [
    "BUILTINS",
    "CALL_DATA",
    "FUNCTIONS",
    "LAZY",
    "LAZY_NAMES",
    "MAX_LENGTH",
    "OF_A_CALL",
    "THEMES",
    "Compiled",
    "ExpressionError",
    "Function",
    "LazyFunction",
    "Names",
    "Scope",
    "Theme",
    "compile_expression",
    "compile_template",
]
