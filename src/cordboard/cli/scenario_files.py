"""`cordboard scenario export` and `import`: scenarios as files, for git, for mail, for another exchange."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, asynchronous, console, errors, fail, settings_for
from cordboard.cli.scenario_texts import Author, history_of, person, print_faults, text_of, texts_in
from cordboard.scenario.arranging import with_layout
from cordboard.scenario.diff import compare_texts, tell
from cordboard.scenario.faults import is_broken
from cordboard.scenario.history import History, Standing
from cordboard.scenario.ports import DraftConflictError
from cordboard.scenario.publishing import SUFFIX, files_in
from cordboard.scenario.text import read

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Also what is there already with another text.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands under `cordboard scenario`."""
    app.command("export")(export)
    app.command("import")(import_)
    app.command("arrange")(arrange)


@asynchronous
async def export(
    folder: Annotated[Path, typer.Argument(help="Where the files are written; it is made if it is not there.")],
    release: Annotated[int, typer.Option(min=0, help="An old release; otherwise the youngest.")] = 0,
    drafts: Annotated[bool, typer.Option("--drafts", help="As they stand, with the drafts.")] = False,
    overwrite: Overwrite = False,
    data: Data = None,
) -> None:
    """Write scenarios into a folder, a file each, exactly as they were published."""
    async with history_of(settings_for(data)) as (history, _):
        texts = await history.texts() if drafts else (await history.load(release)).scenarios
    if not texts:
        fail("There is nothing to write: no scenarios were published yet.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        for name, text in sorted(texts.items()):
            path = folder / f"{name}{SUFFIX}"
            if path.exists() and path.read_bytes() != text.encode() and not overwrite:
                kept.append(path.name)
                continue
            path.write_bytes(text.encode())
    except OSError as fault:
        fail(f"{fault.filename} cannot be written ({fault.strerror}).")
    console.print(f"{len(texts) - len(kept)} of {len(texts)} scenarios are in {folder}", markup=False)
    if kept:
        fail(f"Left alone, since they are there with another text: {', '.join(kept)}. --overwrite writes over them.")


@asynchronous
async def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="Scenario files, folders of them, or - for a text that is pasted.")
    ],
    overwrite: Overwrite = False,
    author: Author = None,
    data: Data = None,
) -> None:
    """Bring scenarios in as drafts: says what is new, what differs, and what they name that is not here.

    Nothing counts before `cordboard scenario draft publish`.
    """
    texts = texts_in([path for path in paths if str(path) != "-"])
    if any(str(path) == "-" for path in paths):
        texts |= _pasted(sys.stdin.read())
    async with history_of(settings_for(data)) as (history, _):
        standing = {each.name: each for each in await history.standing()}
        taken = []
        for name, text in sorted(texts.items()):
            there = standing.get(name)
            if _wanted(there, name, text, overwrite=overwrite):
                revision = there.draft.revision if there and there.draft else 0
                await _save(history, name, text, revision, person(author))
                taken.append(name)
        # Only when all are there: they may name each other.
        faults = {name: await history.check(name, texts[name]) for name in taken}
    print_faults(faults)
    broken = [name for name, found in faults.items() if is_broken(list(found))]
    console.print(f"{len(taken)} of {len(texts)} scenarios are drafts now", markup=False)
    if broken:
        errors.print(f"They cannot be published before this is mended: {', '.join(broken)}.", markup=False)
    left = [name for name, text in texts.items() if name not in taken and standing[name].text != text]
    if left:
        fail(f"Left alone, since they are here with another text: {', '.join(left)}. --overwrite takes the new ones.")


def _wanted(there: Standing | None, name: str, text: str, *, overwrite: bool) -> bool:
    """Whether a text is taken, after saying what it would change."""
    if there is None:
        console.print(f"+ scenario {name}", markup=False)
        return True
    if there.text == text:
        console.print(f"= scenario {name} is the same", markup=False)
        return False
    console.print("\n".join(tell(compare_texts(name, there.text, text))), markup=False)
    return overwrite


async def _save(history: History, name: str, text: str, revision: int, author: str) -> None:
    try:
        await history.save(name, text, revision=revision, author=author)
    except DraftConflictError:
        fail(f"Somebody has saved {name} this very moment: compare, and import it again.")


def _pasted(text: str) -> dict[str, str]:
    scenario = read(text).scenario
    if scenario is None or not scenario.name:
        fail("The pasted text does not say which scenario it is: it begins with `scenario: its-name`.")
    return {scenario.name: text}


def arrange(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.")],
    again: Annotated[bool, typer.Option("--again", help="Also those whose steps have places already.")] = False,
) -> None:
    """Give the steps places on the canvas, from left to right. Nothing else in the files changes."""
    files = [file for path in paths for file in (files_in(path) if path.is_dir() else [path])]
    for file in files:
        text = text_of(file)
        reading = read(text)
        if reading.scenario is None:
            print_faults({file.stem: reading.faults}, errors_only=True)
            fail(f"{file} is left as it is: mend it first.")
        if reading.scenario.layout and not again:
            continue
        try:
            file.write_bytes(with_layout(text).encode())
        except OSError as fault:
            fail(f"{file} cannot be written ({fault.strerror}).")
        console.print(f"{file} is arranged", markup=False)
