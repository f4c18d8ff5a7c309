"""Waiting for a message, in every kind of run; what `Context.wait_for` promises."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cordboard.scenario.local_runs import end
from cordboard.scenario.ports import Awaited, Message
from cordboard.scenario.signals import HungUp, Suspended
from cordboard.scenario.values import JsonValue

if TYPE_CHECKING:
    from cordboard.scenario.execution import Run

_FOR_EVER = timedelta(days=36_500)
Wait = dict[str, Any]
"""One waiting, as the journal of a durable step holds it: name, key, after, until and, when it is over, `message`."""


async def begun(
    run: "Run", name: str, key: str, timeout: timedelta | None, *, entered: datetime, waits: list[Wait]
) -> Wait:
    """A waiting that begins now, in a step that was `entered` then and has waited for `waits` already."""
    earlier = [wait["after"] for wait in waits if (wait["name"], wait["key"]) == (name, key)]
    after = earlier[-1] if earlier else await run.world.mailroom.before(Awaited(name, key), entered.timestamp())
    until = run.world.now() + timeout if timeout is not None else None
    return {"name": name, "key": key, "after": after, "until": until.isoformat() if until else None}


async def finished(run: "Run", wait: Wait) -> Message | None:
    """The message, or None when the time is over. Raises Suspended in a durable run, HungUp where the caller went."""
    mailroom = run.world.mailroom
    until = datetime.fromisoformat(wait["until"]) if wait["until"] else None
    while "message" not in wait:
        bell = mailroom.bell()
        awaited = awaited_by(run, wait)
        message = await mailroom.first(awaited, run.id)
        if message is not None:
            _take(run, wait, message)
            break
        left = (until - run.world.now()).total_seconds() if until else _FOR_EVER.total_seconds()
        if left <= 0:
            wait["message"] = None
        elif run.durable:
            raise Suspended(until or run.world.now() + _FOR_EVER, [awaited])
        else:
            await _news_or_hangup(run, bell, left)
    return _read(wait["message"])


def awaited_by(run: "Run", wait: Wait) -> Awaited:
    """What the store can wake a sleeping run by."""
    name, key = wait["name"], wait["key"]
    return Awaited(name, key, wait["after"], run.own_messages.get(_mark(name, key), 0))


def _take(run: "Run", wait: Wait, message: Message) -> None:
    mark = _mark(message.name, message.key)
    if not message.run_id:
        wait["after"] = message.seq
    elif message.seq > run.own_messages.get(mark, 0):
        run.own_messages[mark] = message.seq
    else:
        return  # another branch has taken it while we looked
    wait["message"] = _written(message)


def _mark(name: str, key: str) -> str:
    return f"{name}\n{key}"


async def _news_or_hangup(run: "Run", bell: asyncio.Event, seconds: float) -> None:
    news = asyncio.create_task(run.world.mailroom.wait(bell, seconds))
    gone = asyncio.create_task(run.hung_up.wait())
    try:
        await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
        if run.hung_up.is_set():
            raise HungUp
    finally:
        await end(news)
        await end(gone)


def _written(message: Message) -> JsonValue:
    return {
        "name": message.name,
        "key": message.key,
        "data": dict(message.data),
        "run_id": message.run_id,
        "chain": message.chain,
        "id": message.id,
        "posted": message.posted.isoformat() if message.posted else None,
        "seq": message.seq,
    }


def _read(raw: Any) -> Message | None:
    if raw is None:
        return None
    posted = datetime.fromisoformat(raw["posted"]) if raw["posted"] else None
    return Message(**{**raw, "posted": posted})
