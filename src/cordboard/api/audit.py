"""Who has changed what: the entries, the newest first. There is no way to change or delete them here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from cordboard.api.access import Access
from cordboard.office.audit import Audit

SCOPE = "audit"


class Entry(BaseModel):
    """One change."""

    id: int
    at: datetime
    actor: str
    """The token, or the command."""
    login: str
    """The user who holds it."""
    action: str
    kind: str
    name: str
    before: Mapping[str, Any]
    """The fields that changed, as they were; secrets are masked."""
    after: Mapping[str, Any]


def routes(audit: Audit, access: Access) -> APIRouter:
    """The routes under /api/v1/audit."""
    router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[access.to(SCOPE)])

    @router.get("")
    async def find(  # noqa: PLR0917  (each is a parameter of the query)
        kind: str = "",
        name: str = "",
        actor: str = "",
        holder: str = "",
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Sequence[Entry]:
        found = await audit.find(
            kind=kind, name=name, actor=actor, login=holder, since=since, until=until, before=before, limit=limit
        )
        return [Entry(**asdict(each)) for each in found]

    return router
