"""Who has changed what in the office: entries that are added with the change itself, and never deleted over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

MASK = "********"
"""Stands for a secret that is set."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something."""

    name: str
    """The token, or the command."""
    login: str = ""
    """The user who holds it; empty: a program."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change."""

    at: datetime
    """Aware, in UTC."""
    actor: str
    login: str
    action: str
    """added, changed or removed; of other things, a word."""
    kind: str
    """What was changed: users, lines, groups, tokens."""
    name: str
    before: Mapping[str, Any] = field(default_factory=dict)
    """The fields that changed, as they were, secrets masked; of what was removed, all of them."""
    after: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    """In the order of the changes; given when it is kept."""


class Audit(Protocol):
    """Keeps the entries."""

    async def note(self, *entries: AuditEntry) -> None:
        """Add them. Durable when this returns."""

    async def find(
        self,
        *,
        kind: str = "",
        name: str = "",
        actor: str = "",
        login: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """The newest first; what is left out does not matter. `before`: only those with a lower id."""


def entry(
    actor: Actor,
    at: datetime,
    kind: str,
    name: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> AuditEntry | None:
    """What changed between two shown states; None stands for nothing there. None if nothing changed."""
    if before == after:
        return None
    if before is None or after is None:
        action = "added" if before is None else "removed"
        return AuditEntry(at, actor.name, actor.login, action, kind, name, before or {}, after or {})
    moved = [field for field in {**before, **after} if before.get(field) != after.get(field)]
    was = {field: before.get(field) for field in moved}
    now = {field: after.get(field) for field in moved}
    return AuditEntry(at, actor.name, actor.login, "changed", kind, name, was, now)
