"""The exchange that the tests over the wire call."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from cordboard.testing.office_process import OfficeProcess, office_process

SCENARIOS = {file.stem: file.read_text(encoding="utf-8") for file in (Path(__file__).parent / "scenarios").iterdir()}


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeProcess]:
    """One exchange for all tests that leave it as they found it."""
    with office_process(tmp_path_factory.mktemp("exchange"), SCENARIOS) as office:
        yield office


@pytest.fixture
def another_exchange(tmp_path: Path) -> Iterator[Callable[..., OfficeProcess]]:
    """Starts exchanges of a test's own, with the scenarios that it is given."""
    with ExitStack() as stack:

        def start(scenarios: Mapping[str, str] = SCENARIOS) -> OfficeProcess:
            return stack.enter_context(office_process(tmp_path / f"exchange{len(list(tmp_path.iterdir()))}", scenarios))

        yield start
