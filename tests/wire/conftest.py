"""The exchange that the tests over the wire call."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cordboard.testing.office_process import OfficeProcess, office_process

SCENARIOS = {file.stem: file.read_text(encoding="utf-8") for file in (Path(__file__).parent / "scenarios").iterdir()}


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeProcess]:
    """One exchange for all tests that leave it as they found it; others start one by `office_process`."""
    with office_process(tmp_path_factory.mktemp("exchange"), SCENARIOS) as office:
        yield office
