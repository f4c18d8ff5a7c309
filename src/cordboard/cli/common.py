"""What commands share: the settings, the store, and errors as sentences."""

import asyncio
import fcntl
import getpass
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cordboard.cli.language import language
from cordboard.config import Settings, SettingsError
from cordboard.locale import head
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration, StaleError
from cordboard.office.configuration_parts import ConfigurationError
from cordboard.office.model import OfficeItem
from cordboard.office.repositories import ClashError
from cordboard.store.database import Store, open_store
from cordboard.store.errors import StoreError
from cordboard.telephony import SystemClock
from cordboard.wiring.telling import told_in

P = ParamSpec("P")
T = TypeVar("T")


class Telling(Console):
    """A console that tells every line and every head of a column in the language of whoever gives commands."""

    def print(self, *objects: Any, **options: Any) -> None:
        """See Console. What nobody has translated stays as it is."""
        super().print(*map(_in_their_words, objects), **options)


console = Telling(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
errors = Telling(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The exchange's data folder (CORDBOARD_DATA; otherwise ./var).", show_default=False),
]


def fail(sentence: str, status: int = 1) -> NoReturn:
    """Say what is wrong and what to do, then stop."""
    errors.print(sentence, style="red", markup=False)
    raise typer.Exit(status)


def told(sentence: str) -> str:
    """A sentence in that language; the help of a property, which often is the hint of a fault, as well."""
    return told_in(sentence, language())


def verbatim(lines: Iterable[str]) -> Text:
    """What is printed as it is: the user's own words, or what has been told already."""
    return Text("\n".join(lines))


def _in_their_words(shown: Any) -> Any:
    if language() == "en":
        return shown
    if isinstance(shown, Table):
        for column in shown.columns:
            column.header = head(str(column.header), language())
    if not isinstance(shown, str):
        return shown
    return "\n".join(
        line[: -len(words)] + told(words) if (words := line.lstrip()) else line for line in shown.split("\n")
    )


def settings_for(data: Path | None) -> Settings:
    """The settings, or a sentence."""
    try:
        return Settings.load(**({"data": data} if data is not None else {}))
    except SettingsError as fault:
        fail(str(fault))


def person() -> str:
    """Who gives commands, by his login; empty if nobody knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""  # a container without a list of users


async def change_office(store: Store, *save: OfficeItem, remove: Sequence[OfficeItem] = ()) -> None:
    """Change what the office consists of, and note who has done it. What cannot be is said in a sentence."""
    by = Actor(f"cordboard ({person()})")
    try:
        await Configuration(store.office, SystemClock()).apply(by, save=save, remove=remove)
    except (ConfigurationError, ClashError, StaleError) as fault:
        fail(f"{fault}.")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of an exchange that has been set up. What it cannot do is said in a sentence."""
    if not settings.set_up:
        fail(f"There is no exchange in {settings.data}: start one with `make up`, or name its folder with --data.")
    try:
        async with await open_store(settings.store, folder=settings.data) as store:
            yield store
    except StoreError as fault:
        fail(f"{fault}.")


async def taken_by_the_exchange(settings: Settings, seconds: float) -> None:
    """Wait until an exchange that runs on this folder has seen a change: what is printed next is then true."""
    try:
        with (settings.data / "up.lock").open(encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError:
        await asyncio.sleep(seconds)


async def published_scenarios(store: Store) -> dict[str, str]:
    """Names and texts of the current release, sorted; empty if there is none."""
    number = await store.releases.current()
    return dict(sorted((await store.releases.load(number)).scenarios.items())) if number else {}


def asynchronous(command: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """A command that is a coroutine function."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return asyncio.run(command(*args, **kwargs))

    return run
