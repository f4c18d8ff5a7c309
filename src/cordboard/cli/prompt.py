"""`cordboard prompt`: the sounds that the office has recorded itself."""

import csv
import io
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, settings_for, verbatim
from cordboard.speech.api import PromptError
from cordboard.speech.prompts import LANGUAGES, PromptStore

app = typer.Typer(help="Recorded prompts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The prompt, by name.")]
Language = Annotated[str, typer.Option(help="en, ru or uk: for callers who are spoken to so. Empty: for everybody.")]


def _store(data: Path | None) -> PromptStore:
    return PromptStore(settings_for(data).prompts)


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the prompts with their languages, lengths and words."""
    table = Table("prompt", "language", "seconds", "text", box=None, pad_edge=False)
    for prompt in await _store(data).all():
        seconds = f"{prompt.seconds:.1f}" if prompt.seconds else "spoken"
        table.add_row(prompt.name, prompt.language, seconds, prompt.text)
    console.print(table)


@app.command()
@asynchronous
async def add(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3, of any rate.", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="The prompt's name. Otherwise that of the file.")] = "",
    language: Language = "",
    text: Annotated[str, typer.Option(help="What is said in it; it is spoken if the file is lost.")] = "",
    data: Data = None,
) -> None:
    """Make a prompt of an audio file. The running exchange plays it from the next call on."""
    stem, _, ending = file.stem.rpartition(".")
    if not name and not language and stem and ending in LANGUAGES:
        name, language = stem, ending  # welcome.uk.mp3
    try:
        prompt = await _store(data).save(name or file.stem, file, language, text)
    except PromptError as fault:
        fail(str(fault))
    console.print(f"Prompt {prompt.name} is {prompt.seconds:.1f} s long", markup=False)


@app.command()
@asynchronous
async def remove(name: Name, language: Language = "", data: Data = None) -> None:
    """Remove a prompt, with what is said in it."""
    try:
        found = await _store(data).remove(name, language)
    except PromptError as fault:
        fail(str(fault))
    if not found:
        fail(f"There is no prompt {name} in that language: see `cordboard prompt list`.")
    console.print(f"Prompt {name} is removed", markup=False)


@app.command()
@asynchronous
async def texts(data: Data = None) -> None:
    """Print the words of all prompts as CSV: for whoever reads them out in a studio."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["prompt", "language", "text"])
    rows.writerows([prompt.name, prompt.language, prompt.text] for prompt in await _store(data).all())
    console.print(verbatim([written.getvalue().rstrip("\n")]))


@app.command()
@asynchronous
async def text(
    name: Name,
    words: Annotated[str, typer.Argument(help="What is said in it.")],
    language: Language = "",
    data: Data = None,
) -> None:
    """Write down what a prompt says. Until somebody has recorded it, the exchange speaks it."""
    try:
        await _store(data).write(name, words, language)
    except PromptError as fault:
        fail(str(fault))
    console.print(f"Prompt {name} has its text", markup=False)
