"""What the commands about scenarios share: the history of an office, who does it, and texts by their names."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordboard.cli import common
from cordboard.cli.common import errors, fail, opened, told
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.scenario.faults import Fault, Severity
from cordboard.scenario.history import History
from cordboard.scenario.ports import ScenarioError
from cordboard.scenario.publishing import SUFFIX, files_in
from cordboard.scenario.references import References
from cordboard.store.database import Store
from cordboard.wiring.known import known_to

Author = Annotated[
    str | None, typer.Option("--author", help="Who does it; otherwise you, by your login.", show_default=False)
]
PUBLISHED = "published"
DRAFT = "draft"


def person(author: str | None) -> str:
    """The author of what a command does."""
    return author if author is not None else common.person()


@asynccontextmanager
async def history_of(settings: Settings) -> AsyncIterator[tuple[History, Store]]:
    """The history of an office's scenarios. What cannot be done ends the command with a sentence."""
    async with opened(settings) as store:
        office = await store.office.load()

        async def known() -> References:
            return await known_to(store, settings)

        history = History(
            store.releases,
            store.drafts,
            catalogue(),
            zone=ZoneInfo(office.settings.time_zone),
            country=office.settings.country,
            known=known,
        )
        try:
            yield history, store
        except ScenarioError as fault:
            print_faults(getattr(fault, "faults", {}))
            sentence = told(str(fault))
            fail(f"{sentence[:1].upper()}{sentence[1:]}.")


def print_faults(faults: Mapping[str, Sequence[Fault]], *, errors_only: bool = False) -> None:
    """Faults of texts that stand in no file, under the names of their scenarios."""
    for name, found in faults.items():
        for fault in found:
            if fault.severity is Severity.ERROR or not errors_only:
                errors.print(f"{name}:{fault.told(told)}", markup=False)


def text_of(path: Path) -> str:
    """A file's text with its line ends as they are, or a sentence."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as fault:
        fail(f"{path} cannot be read ({fault.strerror}).")
    except UnicodeDecodeError as fault:
        fail(f"{path} is not UTF-8 text ({fault.reason} at byte {fault.start}): save it as UTF-8.")


def texts_in(paths: Sequence[Path]) -> dict[str, str]:
    """Scenario files and folders of them, by the names of the scenarios."""
    texts: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            fail(f"There is no file {path}: name a scenario file, or a folder of them.")
        here = files_in(path) if path.is_dir() else [path]
        if not here:
            fail(f"There is no scenario file (*{SUFFIX}) in {path}.")
        texts |= {each.stem: text_of(each) for each in here}
    return texts
