"""The record of a run: bounded in size, with secrets masked."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.program import CompiledStep
from cordboard.scenario.values import AnyValue, normal, shorten, show

MASK = "•••"
MAX_TEXT = 500
"""Characters of one value in a trace."""
MAX_VALUES = 100
"""Values of one step in a trace."""
_SHORTEST_SECRET = 3
"""A shorter secret is masked by its variable alone: replacing every `1` would garble the trace and tell the secret."""


class NoTrace:
    """A TraceSink that keeps nothing."""

    def run(self, trace: RunTrace) -> None:
        """Forget it."""

    def step(self, trace: StepTrace) -> None:
        """Forget it."""


class Secrets:
    """The values that a run must not show. Grows as secret variables are set; an old PIN stays a secret."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def add(self, value: AnyValue) -> None:
        """Hide this value from now on."""
        text = show(value)
        if len(text) >= _SHORTEST_SECRET and len(self._texts) < MAX_VALUES:
            self._texts.add(text)

    def masked(self, text: str) -> str:
        """The text without secrets, cut to the size of a trace."""
        # The longest first: one secret may be a part of another.
        for secret in sorted(self._texts, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return shorten(text, MAX_TEXT)


def properties_shown(
    step: CompiledStep, evaluated: BaseModel | None, secret_names: Collection[str], secrets: Secrets
) -> dict[str, str]:
    """The evaluated properties that the author wrote. What is computed from a secret variable is masked."""
    if evaluated is None:
        return {}
    texts = {}
    for name, evaluator in list(step.properties.evaluators.items())[:MAX_VALUES]:
        hidden = not evaluator.names.isdisjoint(secret_names)
        texts[name] = MASK if hidden else secrets.masked(show_plain(getattr(evaluated, name)))
    return texts


def changes_shown(
    before: Mapping[str, AnyValue], after: Mapping[str, AnyValue], secret_names: Collection[str], secrets: Secrets
) -> dict[str, str]:
    """The variables that have another value than before."""
    changed = [name for name, value in after.items() if value is not before.get(name) and value != before.get(name)]
    return {name: MASK if name in secret_names else secrets.masked(show(after[name])) for name in changed[:MAX_VALUES]}


def show_plain(value: Any) -> str:
    """Write any evaluated property for people."""
    if isinstance(value, BaseModel):
        fields = ((name, show_plain(getattr(value, name))) for name in type(value).model_fields)
        return ", ".join(f"{name}: {text}" for name, text in fields if text)
    if isinstance(value, list | tuple):
        return "; ".join(show_plain(item) for item in value[:MAX_VALUES])
    return show(normal(value))
