"""Stores for tests: real ones, in a folder that goes away."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from cordboard.store.database import Store, open_store
from cordboard.telephony import Clock
from cordboard.testing.postgres import postgres_store

DATABASE = "cordboard.db"


@asynccontextmanager
async def sqlite_store(folder: Path, *, clock: Clock | None = None) -> AsyncIterator[Store]:
    """The store in `folder`, made if it is not there: entering twice, one after the other, is a restart."""
    store = await open_store(folder / DATABASE, clock=clock)
    try:
        yield store
    finally:
        await store.close()


Opened = Callable[..., AbstractAsyncContextManager[Store]]
"""Opens a store; the same one again when it is called again. Takes `clock`."""

STORES: Mapping[str, Opened] = {
    "sqlite": sqlite_store,
    "postgresql": postgres_store,
}
"""All that the suites of the store run over: each is given a folder and opens the store that belongs to it."""
