"""What is on its way to others: deliveries with their state, tried again or dropped by hand."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from cordboard.api.access import Access
from cordboard.office.tokens import ApiToken
from cordboard.outbox.ports import Delivery, Outbox, State
from cordboard.telephony import Clock

_HIDDEN = "•••"
_ORDERED = frozenset({"to", "ordered", "patience", "same", "window"})
"""Of a payload: what the outbox itself has read."""

_log = structlog.get_logger("audit")


class Shown(BaseModel):
    """A delivery in a list."""

    id: int
    kind: str
    recipient: str
    """Of a program: its address, without the values of its query, which may be keys."""
    state: State
    about: str
    """The first words of what is delivered."""
    ordered: datetime
    deadline: datetime
    due: datetime | None
    """When it is tried next; null: nothing will happen by itself any more."""
    settled: datetime | None
    tries: int
    doubts: int
    error: str
    receipt: str
    run_id: str
    chain: str


class ShownWhole(Shown):
    """One delivery with what is in it."""

    key: str
    payload: Mapping[str, Any]


def routes(outbox: Outbox, clock: Clock, access: Access, wake: Callable[[], None]) -> APIRouter:
    """The routes under /api/v1/outbox. `wake` tells the deliverer that there is something to do."""
    may = access.to("outbox")
    router = APIRouter(prefix="/api/v1/outbox", dependencies=[may])

    @router.get("")
    async def find(
        state: Annotated[Sequence[State], Query()] = (),
        kind: str = "",
        recipient: str = "",
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[Shown]:
        found = await outbox.find(states=state, kind=kind, recipient=recipient, before=before, limit=limit)
        return [Shown(**_fields(each)) for each in found]

    @router.get("/counts")
    async def counts() -> dict[str, dict[State, int]]:
        shown: dict[str, dict[State, int]] = {}
        for (kind, state), count in sorted((await outbox.counts()).items()):
            shown.setdefault(kind, {})[state] = count
        return shown

    @router.get("/{id_}")
    async def one(id_: int) -> ShownWhole:
        return _whole(await there(id_))

    @router.post("/{id_}/again")
    async def again(id_: int, token: Annotated[ApiToken, may]) -> ShownWhole:
        await there(id_)
        if not await outbox.again(id_, clock.now()):
            raise _too_late(await there(id_))
        wake()
        return _noted("a delivery is tried again by hand", await there(id_), token)

    @router.post("/{id_}/drop")
    async def drop(id_: int, token: Annotated[ApiToken, may]) -> ShownWhole:
        await there(id_)
        if not await outbox.drop(id_, clock.now()):
            raise _too_late(await there(id_))
        wake()
        return _noted("a delivery is dropped by hand", await there(id_), token)

    async def there(id_: int) -> Delivery:
        found = await outbox.get(id_) if 0 < id_ < 2**53 else None
        if found is None:
            raise HTTPException(404, f"there is no delivery {id_}; old ones are deleted")
        return found

    return router


def _too_late(delivery: Delivery) -> HTTPException:
    if delivery.state is State.SENDING:
        words = "is being handed over just now: wait until it is known what came of it"
    else:
        words = f"is {delivery.state.value} already"
    return HTTPException(409, f"delivery {delivery.id} {words}")


def _noted(what: str, delivery: Delivery, token: ApiToken) -> ShownWhole:
    shown = _whole(delivery)
    _log.info(what, delivery=shown.id, kind=shown.kind, to=shown.recipient, run=shown.run_id, by=token.name)
    return shown


def _whole(delivery: Delivery) -> ShownWhole:
    payload = {name: value for name, value in delivery.payload.items() if name not in _ORDERED}
    return ShownWhole(**_fields(delivery), key=delivery.key, payload=payload)


def _fields(delivery: Delivery) -> dict[str, Any]:
    fields = {name: getattr(delivery, name) for name in Shown.model_fields if name != "about"}
    payload = delivery.payload
    about = next((str(payload[name]) for name in ("subject", "text", "body") if payload.get(name)), "")
    return fields | {"recipient": _masked(delivery.recipient), "about": about[:80]}


def _masked(recipient: str) -> str:
    """A web address is shown without the values in its query: programs are often called with a key there."""
    if not recipient.startswith(("http://", "https://")):
        return recipient
    parts = urlsplit(recipient)
    hidden = "&".join(pair.split("=", 1)[0] + f"={_HIDDEN}" * ("=" in pair) for pair in parts.query.split("&"))
    return parts._replace(query=hidden).geturl()
