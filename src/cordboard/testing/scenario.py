"""The stores of scenarios as tests use them: those in memory of `simulation.stores`, and those of the store."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cordboard.scenario.ports import Releases, RunStore
from cordboard.simulation.stores import MemoryReleases, MemoryRunStore, MemoryTraces
from cordboard.testing.postgres import postgres_store
from cordboard.testing.store import sqlite_store

__all__ = [
    "IMPLEMENTATIONS",
    "MemoryReleases",
    "MemoryRunStore",
    "MemoryTraces",
    "Stores",
    "memory_stores",
    "postgres_stores",
    "sqlite_stores",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """An implementation of both ports."""

    runs: RunStore
    releases: Releases


@asynccontextmanager
async def memory_stores(_folder: Path) -> AsyncIterator[Stores]:
    """Those of this file."""
    yield Stores(MemoryRunStore(), MemoryReleases())


@asynccontextmanager
async def sqlite_stores(folder: Path) -> AsyncIterator[Stores]:
    """Those of the store, on SQLite."""
    async with sqlite_store(folder) as store:
        yield Stores(store.runs, store.releases)


@asynccontextmanager
async def postgres_stores(folder: Path) -> AsyncIterator[Stores]:
    """Those of the store, on PostgreSQL."""
    async with postgres_store(folder) as store:
        yield Stores(store.runs, store.releases)


IMPLEMENTATIONS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Any]]] = {
    "memory": memory_stores,
    "sqlite": sqlite_stores,
    "postgresql": postgres_stores,
}
"""All that the contract suite runs over."""
