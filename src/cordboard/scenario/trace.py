"""The record of a run: bounded in size, with secrets masked."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.program import CompiledStep
from cordboard.scenario.values import AnyValue, JsonValue, normal, shorten, show, to_json
from cordboard.telephony import Digit, Leg

if TYPE_CHECKING:
    from cordboard.scenario.execution import Run
    from cordboard.scenario.frames import Frame

MASK = "•••"
MAX_TEXT = 500
"""Characters of one value in a trace."""
MAX_EXACT = 4000
"""Characters of a value that is kept exactly; a longer one can be read in the trace, and not be played again."""
HIDDEN_KEY = "•"
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

    def within(self, text: str) -> bool:
        """Whether the text holds a secret."""
        return any(secret in text for secret in self._texts)

    def masked(self, text: str) -> str:
        """The text without secrets, cut to the size of a trace."""
        if not self._texts:
            return text if len(text) <= MAX_TEXT else shorten(text, MAX_TEXT)
        # The longest first: one secret may be a part of another.
        for secret in sorted(self._texts, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return shorten(text, MAX_TEXT)


class KeysPressed:
    """The keys of a caller, as they come. Each is told once: by the innermost step during which it was pressed."""

    def __init__(self) -> None:
        self._pressed: list[tuple[float, str]] = []

    @property
    def any(self) -> bool:
        """Whether there are some to tell."""
        return bool(self._pressed)

    async def listen(self, leg: Leg) -> None:
        """Note the keys until the leg has ended."""
        time = asyncio.get_running_loop().time
        with leg.events() as events:
            async for event in events:
                if isinstance(event, Digit) and len(self._pressed) < MAX_VALUES:
                    self._pressed.append((time(), event.key))

    def take(self, since: float, *, hidden: bool) -> Sequence[tuple[float, str]]:
        """Those that came since the last time, with the seconds since that moment of the loop."""
        pressed, self._pressed = self._pressed, []
        return [(max(0.0, round(moment - since, 3)), HIDDEN_KEY if hidden else key) for moment, key in pressed]


def trace_of(
    run: "Run",
    frame: "Frame",
    step: CompiledStep,
    evaluated: BaseModel | None,
    *,
    entered: datetime,
    began: float,
    exit_: str,
    error: str,
    depth: int,
    branch: str,
) -> StepTrace:
    """The record of a step that is over. `began` is the loop's time at `entered`."""
    secret = run.programs.secrets(frame.scenario)
    secrets = run.secrets
    for name in secret:
        secrets.add(frame.values.get(name))
    before = frame.saved
    # Nearly all are the very same object as before: this is the quickest way to say so.
    changed = [n for n, v in frame.values.items() if v is not before.get(n) and v != before.get(n)][:MAX_VALUES]
    keys: Sequence[tuple[float, str]] = ()
    if run.keys is not None and run.keys.any:
        hidden = bool(secret) and (not secret.isdisjoint(changed) or _reads_into(step, evaluated, secret))
        keys = run.keys.take(began, hidden=hidden)
    shown, taken = _changes(changed, frame.values, secret, secrets) if changed else ({}, {})
    return StepTrace(
        run_id=run.id,
        chain=run.chain,
        scenario=frame.scenario,
        step=step.id,
        component=step.component.kind,
        depth=depth,
        entered=entered,
        seconds=asyncio.get_running_loop().time() - began,
        properties=_properties(step, evaluated, secret, secrets),
        changed=shown,
        exit=exit_,
        error=secrets.masked(error) if error else "",
        branch=branch,
        taken=taken,
        keys=keys,
    )


def _properties(
    step: CompiledStep, evaluated: BaseModel | None, secret_names: Collection[str], secrets: Secrets
) -> dict[str, str]:
    """The evaluated properties that the author wrote. What is computed from a secret variable is masked."""
    if evaluated is None:
        return {}
    texts = {}
    for name, evaluator in islice(step.properties.evaluators.items(), MAX_VALUES):
        hidden = secret_names and not evaluator.names.isdisjoint(secret_names)
        texts[name] = MASK if hidden else secrets.masked(show_plain(getattr(evaluated, name)))
    return texts


def _changes(
    changed: Collection[str], after: Mapping[str, AnyValue], secret_names: Collection[str], secrets: Secrets
) -> tuple[dict[str, str], dict[str, JsonValue]]:
    """The variables that have another value than before, for people and exactly."""
    shown, taken = {}, {}
    for name in changed:
        if name in secret_names:
            shown[name] = MASK
            continue
        whole = show(after[name])
        shown[name] = secrets.masked(whole)
        # A secret may have been copied into a variable that is none.
        if len(whole) <= MAX_EXACT and not secrets.within(whole):
            taken[name] = to_json(after[name])
    return shown, taken


def _reads_into(step: CompiledStep, evaluated: BaseModel | None, names: Collection[str]) -> bool:
    """Whether the step is there to give one of these variables a value."""
    if evaluated is None:
        return False
    shapes = step.component.properties()
    return any(shapes[name].variable is not None and getattr(evaluated, name) in names for name in shapes)


def show_plain(value: Any) -> str:
    """Write any evaluated property for people."""
    if type(value) is str:
        return value
    if isinstance(value, BaseModel):
        fields = ((name, show_plain(getattr(value, name))) for name in type(value).model_fields)
        return ", ".join(f"{name}: {text}" for name, text in fields if text)
    if isinstance(value, list | tuple):
        return "; ".join(show_plain(item) for item in value[:MAX_VALUES])
    return show(normal(value))
