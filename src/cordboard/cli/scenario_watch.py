"""`cordboard scenario watch`: a folder, usually a git work tree, publishes itself."""

from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, asynchronous, console, errors, fail, settings_for
from cordboard.cli.scenario_texts import history_of, print_faults
from cordboard.scenario.diff import tell
from cordboard.scenario.publishing import files_in
from cordboard.scenario.watching import EVERY, Watched, follow, last_commit, settled, snapshots


def add_to(app: typer.Typer) -> None:
    """Put the command under `cordboard scenario`."""
    app.command("watch")(watch)


@asynchronous
async def watch(
    folder: Annotated[Path, typer.Argument(help="The folder of scenario files.")],
    once: Annotated[bool, typer.Option("--once", help="Publish what is there now, and end.")] = False,
    data: Data = None,
) -> None:
    """Publish a folder whenever its scenarios have changed and are sound. Ctrl-C ends it.

    The folder rules: what was published in another way is replaced at its next change. The message of a release is the
    subject of the git commit. Broken scenarios are told; the old release stays.
    """
    if not folder.is_dir():
        fail(f"There is no folder {folder}.")
    if once and not files_in(folder):
        fail(f"There is no scenario file (*.yaml) in {folder}.")
    async with history_of(settings_for(data)) as (history, _):
        looks = settled(snapshots(folder, 0 if once else EVERY))
        async for watched in follow(looks, history, lambda: last_commit(folder)):
            _tell(watched)
            if once:
                raise typer.Exit(0 if watched.published is not None else 1)


def _tell(watched: Watched) -> None:
    print_faults(watched.faults)
    if watched.published is None:
        errors.print(f"{watched.error[:1].upper()}{watched.error[1:]}. The old release stays.", markup=False)
    elif watched.published.number:
        console.print("\n".join(tell(watched.published.changes)), markup=False)
        console.print(f"Release {watched.published.number} is published", markup=False)
    else:
        console.print("Nothing has changed since the last release")
