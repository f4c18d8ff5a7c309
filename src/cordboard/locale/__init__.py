"""Russian and Ukrainian for what English says in the source: sentences, components, functions of expressions.

English stands where a thing is defined; here are tables from it. `tests/locale` fails for an entry that is missing,
stale, or has other values in it than the English one.
"""

from cordboard.locale.components import describe_in
from cordboard.locale.sentences import LANGUAGES, head, tell

__all__ = ["LANGUAGES", "describe_in", "head", "tell"]
