"""Hooks in memory. `tests/contract/test_hooks.py` holds the store to the same contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cordboard.scenario.hooks import Hook


class MemoryHooks:
    """Implements `scenario.hooks.Hooks`."""

    def __init__(self, *hooks: Hook) -> None:
        self._hooks = {hook.name: hook for hook in hooks}

    async def all(self) -> Sequence[Hook]:
        """See Hooks."""
        return [self._hooks[name] for name in sorted(self._hooks)]

    async def put(self, hook: Hook) -> None:
        """See Hooks."""
        self._hooks[hook.name] = hook

    async def remove(self, name: str) -> bool:
        """See Hooks."""
        return self._hooks.pop(name, None) is not None

    async def seen_to(self, name: str, fired: datetime | None, error: str) -> None:
        """See Hooks."""
        hook = self._hooks.get(name)
        if hook is not None:
            forward = max((moment for moment in (hook.fired, fired) if moment), default=None)
            self._hooks[name] = replace(hook, fired=forward, error=error)
