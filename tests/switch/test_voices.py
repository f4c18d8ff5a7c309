"""The keeper of the worker, with workers of words."""

import asyncio

import pytest

from cordboard.media.api import WorkerDiedError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.switch import voices
from cordboard.switch.voices import Voices


class Worker:
    """What Voices asks of a media.api.MediaServer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = asyncio.Event()
        self.reaped = asyncio.Event()

    async def open(self, _handler: object, *, host: str) -> str:
        if self.dead.is_set():
            raise WorkerDiedError(self.name)
        return f"{self.name} on {host}"

    async def died(self) -> None:
        await self.reaped.wait()

    async def close(self) -> None:
        self.reaped.set()


@virtual_time
async def test_who_asks_a_worker_that_is_just_dying_gets_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = [Worker("first"), Worker("second")]
    started = iter(workers)

    async def start(*, rtp_ports: range) -> Worker:
        assert rtp_ports == range(10, 20)
        return next(started)

    monkeypatch.setattr(voices, "start_worker", start)
    kept = Voices(range(10, 20), "127.0.0.1")
    assert not kept.up
    await kept.start()
    keeping = asyncio.create_task(kept.keep())
    assert await kept.open(None) == "first on 127.0.0.1"  # type: ignore[arg-type, comparison-overlap]  # words for streams
    workers[0].dead.set()  # its socket is gone; the process is not reaped yet
    asking = asyncio.create_task(kept.open(None))  # type: ignore[arg-type]  # nobody listens
    await asyncio.sleep(0.1)
    assert not asking.done()
    workers[0].reaped.set()
    assert await asking == "second on 127.0.0.1"  # type: ignore[comparison-overlap]  # words for streams
    assert kept.up
    assert kept.figures["media_restarts"] == 1
    keeping.cancel()
    await kept.close()
    assert not kept.up


@virtual_time
async def test_a_worker_that_does_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[Worker | Exception] = [Worker("first"), WorkerDiedError("no"), OSError("no memory"), Worker("fourth")]

    async def start(*, rtp_ports: range) -> Worker:
        del rtp_ports
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    first = results[0]
    assert isinstance(first, Worker)
    monkeypatch.setattr(voices, "start_worker", start)
    kept = Voices(range(10, 20), "127.0.0.1")
    await kept.start()
    keeping = asyncio.create_task(kept.keep())
    first.dead.set()
    first.reaped.set()
    await asyncio.sleep(1.5)
    assert not kept.up
    assert await kept.open(None) == "fourth on 127.0.0.1"  # type: ignore[arg-type, comparison-overlap]  # words for streams
    keeping.cancel()


@virtual_time
async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*, rtp_ports: range) -> Worker:
        del rtp_ports
        raise WorkerDiedError("no")

    monkeypatch.setattr(voices, "start_worker", start)
    kept = Voices(range(10, 20), "127.0.0.1")
    began = asyncio.get_running_loop().time()
    with pytest.raises(WorkerDiedError, match="there is no media worker"):
        await kept.open(None)  # type: ignore[arg-type]  # nobody listens
    assert asyncio.get_running_loop().time() - began == 5.0
