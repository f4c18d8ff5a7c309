"""How the groups stand: who waits, who is asked, who talks. They are set up with the rest of the office."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from cordboard.api.access import Access
from cordboard.office.ports import Presence
from cordboard.office.queue.engine import Standing
from cordboard.office.queue.ports import GroupNow

SCOPE = "live"


class Groups(Protocol):
    """What is asked of the queues."""

    def live(self) -> Sequence[GroupNow]:
        """See QueueService.live."""


class WaitingCaller(BaseModel):
    """A caller who waits."""

    id: str
    number: str
    """As received; empty: hidden."""
    name: str
    since: datetime
    priority: int
    place: int
    """From 1, in the order of being served."""
    virtual: bool
    """Whether he has hung up, and is called back when his turn comes."""
    ringing: Sequence[str]
    """The logins that are rung for him."""
    expected_wait: float
    """Seconds, as far as one can tell."""


class Operator(BaseModel):
    """An operator of the group."""

    login: str
    standing: Standing
    """free, busy, or absent: away, on a break, not to be disturbed or offline."""
    presence: Presence
    busy_with: str
    """The id of the caller of a queue with whom he talks, or for whom he is rung; empty: none."""
    answered: int
    """Calls of this group since the exchange was started."""
    passed_over: datetime | None
    """Until when he is not rung, since he has rejected a call or let it ring."""


class GroupState(BaseModel):
    """A group as it stands now."""

    name: str
    title: str
    number: str
    waiting: Sequence[WaitingCaller]
    operators: Sequence[Operator]
    talks: Mapping[str, str]
    """The login of each operator who talks with a caller of the queue, and that one's number."""


def routes(groups: Groups, access: Access) -> APIRouter:
    """The routes under /api/v1/groups."""
    router = APIRouter(prefix="/api/v1/groups", tags=["groups"], dependencies=[access.to(SCOPE)])

    @router.get("")
    async def listed() -> Sequence[GroupState]:
        return [_shown(group) for group in groups.live()]

    @router.get("/{name}")
    async def one(name: str) -> GroupState:
        found = next((group for group in groups.live() if group.name == name), None)
        if found is None:
            raise HTTPException(404, f"there is no group {name!r}")
        return _shown(found)

    return router


def _shown(group: GroupNow) -> GroupState:
    return GroupState.model_validate(asdict(group))
