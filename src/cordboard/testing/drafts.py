"""Drafts in memory. `tests/contract/test_drafts.py` holds the store to the same contract."""

from collections.abc import Sequence
from dataclasses import replace

from cordboard.scenario.ports import Draft, DraftConflictError


class MemoryDrafts:
    """Implements `scenario.ports.Drafts`."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}
        self._revisions: dict[str, int] = {}
        """The highest ever, of discarded ones too."""

    async def all(self) -> Sequence[Draft]:
        """See Drafts."""
        return [self._drafts[name] for name in sorted(self._drafts)]

    async def get(self, name: str) -> Draft | None:
        """See Drafts."""
        return self._drafts.get(name)

    async def save(self, draft: Draft) -> Draft:
        """See Drafts."""
        self._check(draft.name, draft.revision)
        revision = self._revisions.get(draft.name, 0) + 1
        saved = self._drafts[draft.name] = replace(draft, revision=revision)
        self._revisions[draft.name] = revision
        return saved

    async def discard(self, name: str, revision: int) -> None:
        """See Drafts."""
        self._check(name, revision)
        self._drafts.pop(name, None)

    def _check(self, name: str, revision: int) -> None:
        there = self._drafts.get(name)
        if (there.revision if there else 0) != revision:
            raise DraftConflictError(there)
