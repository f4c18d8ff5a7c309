"""Tokens with which programs use the HTTP API: what each may do, and only its hash at rest."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "scenarios": "start service scenarios, and ask how they ended",
        "scenarios:read": "read scenarios, drafts and releases, and have texts checked",
        "scenarios:write": "edit, publish and roll back scenarios",
        "runs": "list, look at and cancel runs, and read traces",
        "events": "post events",
        "screens": "see and answer the forms of users",
        "prompts": "list, add, hear and remove prompts",
        "notices": "read the notices to users, and mark them read",
        "outbox": "look at deliveries, have them tried again, drop them",
        "workbooks": "see what waits to be written into workbooks, and what could not be",
        "office:read": "see how the office is set up; passwords are never shown",
        "office:write": "set the office up",
        "tokens": "see, make and revoke tokens",
        "people:read": "see who is there and what he is about",
        "people:write": "say what somebody is about and how calls reach him; a user for himself alone",
        "audit": "read who has changed what",
        "log": "read the call log",
        "reports": "read reports",
        "live": "follow calls, users and lines as they change",
        "calls:read": "see the calls that go on, and who is parked",
        "calls:write": "call, transfer, hold, pick up and hang up",
        "calls:monitor": "listen to talks of others, whisper, barge in, as far as one is a supervisor",
        "recordings:read": "find and hear recordings, each as far as one may",
        "recordings:write": "delete recordings; begin and pause them in a talk",
        "voicemail": "hear and delete messages of callers, one's own",
        "callbacks:read": "see who was promised a callback, and what came of it",
        "callbacks:write": "order callbacks, and call them off",
        "own": "follow one's own calls, and see the card of who calls",
    }
)
_PREFIX = "cb_"
"""So that a token that was put somewhere by mistake can be found by scanners."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept. Times are aware, in UTC."""

    name: str
    """Whom it was given to."""
    hash: str = field(repr=False)
    scopes: tuple[str, ...]
    created: datetime
    used: datetime | None = None
    login: str = ""
    """The user who holds it; empty: a program."""
    role: str = ""
    """Gives the scopes of a role beside its own, see `office.roles`; empty: none."""


class Tokens(Protocol):
    """Keeps tokens. Every method that writes is durable when it returns."""

    async def all(self) -> Sequence[ApiToken]:
        """Every token, by name."""

    async def add(self, token: ApiToken) -> bool:
        """Add it. False, and nothing is written, if there is one of that name."""

    async def remove(self, name: str) -> bool:
        """Revoke it. False if there is none."""

    async def by_hash(self, digest: str) -> ApiToken | None:
        """The token with that hash."""

    async def used(self, name: str, at: datetime) -> None:
        """Note that it was used."""


def new_token(
    name: str, scopes: Sequence[str], at: datetime, *, login: str = "", role: str = ""
) -> tuple[str, ApiToken]:
    """A token as its holder gets it, once, and as it is kept."""
    plain = _PREFIX + secrets.token_urlsafe(32)
    return plain, ApiToken(name, hashed(plain), tuple(scopes), at, login=login, role=role)


def hashed(plain: str) -> str:
    """The hash at rest. 256 random bits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(plain.encode()).hexdigest()
