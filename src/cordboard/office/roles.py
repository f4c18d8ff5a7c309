"""Who may do what: roles of people, each a set of scopes.

The administrator may do everything. A scope that stands in no other role is the administrator's alone.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from cordboard.office.tokens import SCOPES, ApiToken

READ, WRITE = ":read", ":write"


class Role(StrEnum):
    """What somebody is in the office."""

    ADMINISTRATOR = "administrator"
    """Sets everything up."""
    SUPERVISOR = "supervisor"
    """Leads operators: sees and steers calls, groups, reports and recordings of everybody."""
    OPERATOR = "operator"
    """Works in groups: his own calls, his forms and cards, the state of colleagues."""
    USER = "user"
    """Has a phone: his own calls, messages and settings."""
    AUDITOR = "auditor"
    """Reads everything that tells what happened, and changes nothing."""


_LEADING = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})

_S, _O, _U, _A = Role.SUPERVISOR, Role.OPERATOR, Role.USER, Role.AUDITOR

GRANTS: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "scenarios": frozenset({_S}),
        "scenarios:read": frozenset({_S, _A}),
        "scenarios:write": frozenset(),
        "runs": frozenset({_S}),
        "events": frozenset({_S}),
        "screens": frozenset({_S, _O}),
        "prompts": frozenset({_S}),
        "notices": frozenset({_S, _O, _U}),
        "outbox": frozenset(),
        "workbooks": frozenset({_S}),
        "office:read": frozenset({_S, _A}),
        "office:write": frozenset(),
        "tokens": frozenset(),
        "people:read": frozenset({_S, _O, _U, _A}),
        "people:write": frozenset({_S, _O, _U}),
        "audit": frozenset({_A}),
        "log": frozenset({_S, _A}),
        "reports": frozenset({_S, _A}),
        "live": frozenset({_S, _A}),
        "calls:read": frozenset({_S, _O, _U, _A}),
        "calls:write": frozenset({_S, _O, _U}),
        "calls:monitor": frozenset({_S}),
        "recordings:read": frozenset({_S, _O, _U, _A}),
        "recordings:write": frozenset({_S}),
        "voicemail": frozenset({_S, _O, _U}),
        "callbacks:read": frozenset({_S, _O, _A}),
        "callbacks:write": frozenset({_S, _O}),
        "own": frozenset({_S, _O, _U}),
    }
)
"""Who has each scope beside the administrator."""

ROLES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        role: frozenset(SCOPES)
        if role is Role.ADMINISTRATOR
        else frozenset(scope for scope, roles in GRANTS.items() if role in roles)
        for role in Role
    }
)
"""What each may do."""


def scopes_of(token: ApiToken) -> frozenset[str]:
    """All that a token may: its own scopes, those of its role, and to read what it may write."""
    role = ROLES[Role(token.role)] if token.role in Role.__members__.values() else frozenset()
    own = role | frozenset(token.scopes)
    return own | {scope.removesuffix(WRITE) + READ for scope in own if scope.endswith(WRITE)}


def may(token: ApiToken, scope: str) -> bool:
    """Whether a token has that scope."""
    return scope in scopes_of(token)


def for_others(token: ApiToken) -> bool:
    """Whether it may see to others than its own user: a program's token, or one of who leads or audits."""
    return not token.login or token.role in _LEADING
