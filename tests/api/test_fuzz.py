"""Whatever is sent, no server error comes back: schemathesis over the document of the API, against a real store."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from cordboard.store.database import Store
from cordboard.testing.api import bearer, real_app, whole_app
from cordboard.testing.store import sqlite_store

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("CORDBOARD_FUZZ", "8"))
"""Of each route: the suite must stay short. A long run: `CORDBOARD_FUZZ=500 pytest tests/api/test_fuzz.py`."""
DOCUMENT = whole_app().openapi()


def operations() -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        yield found.ok()  # type: ignore[union-attr]  # a document with faults fails here


SIGN_IN = "/api/v1/session"


class Served:
    """The application on a loop of its own, between the examples of hypothesis."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._opening = sqlite_store(folder)
        self._store: Store = self._loop.run_until_complete(self._opening.__aenter__())
        self.app: FastAPI = self._loop.run_until_complete(real_app(self._store, folder))
        transport = httpx2.ASGITransport(app=self.app)  # an error of the server is raised here
        self._web = httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=bearer("administrator")
        )

    def ask(self, **request: Any) -> httpx2.Response:
        return self._loop.run_until_complete(self._web.request(**request))

    def close(self) -> None:
        self._loop.run_until_complete(self._web.aclose())
        self._loop.run_until_complete(self._opening.__aexit__(None, None, None))
        self._loop.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def paths(served: Served) -> set[str]:
    return set(served.app.openapi()["paths"])


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.label)
def test_no_server_error(served: Served, paths: set[str], operation: Any) -> None:
    if operation.path not in paths:
        pytest.skip("needs a running exchange: tests of its own")

    seen: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(case: Any) -> None:
        asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
        kept = {
            name: asked[name] for name in ("method", "url", "params", "json", "content") if asked.get(name) is not None
        }
        heads = {name: text for name, text in (asked.get("headers") or {}).items() if name.lower() != "authorization"}
        try:
            answer = served.ask(**kept, headers=heads)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeEncodeError):
            return  # what no client can send
        assert answer.status_code < 500 or operation.path == "/health", answer.text
        seen.add(answer.status_code)

    fuzz()
    # Whoever signs in with random words is told 401 by the door itself.
    assert seen - {401, 403} or operation.path == SIGN_IN, "nothing came past the check of rights: what was fuzzed?"
