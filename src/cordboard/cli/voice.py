"""`cordboard voice`: who speaks here, and what was spoken."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, settings_for, told, verbatim
from cordboard.config import Settings
from cordboard.speech import cache
from cordboard.speech.api import SpeechError
from cordboard.speech.config import SpeechConfig, SpeechConfigError, load
from cordboard.speech.fetching import state_of
from cordboard.speech.service import NO_ENGINE, SpeechService
from cordboard.speech.voices import pick

app = typer.Typer(help="Voices, and the cache of what they have spoken.", no_args_is_help=True)
sounds = typer.Typer(help="The cache of spoken texts.", no_args_is_help=True)
app.add_typer(sounds, name="cache")


def _config(settings: Settings) -> SpeechConfig:
    try:
        return load(settings.speech_file, settings.speech)
    except SpeechConfigError as fault:
        fail(str(fault))


@app.command("list")
def show_all(data: Data = None) -> None:
    """List the voices. The first of a language that is marked is heard where a step wishes for no other."""
    settings = settings_for(data)
    config = _config(settings)
    table = Table("engine", "language", "voice", "", box=None, pad_edge=False)
    speaking: set[str] = set()
    for engine in config.engines:
        for language in sorted({voice.language for voice in engine.voices()}):
            usual = pick(engine.voices(), language, config.manner.voices.get(language, ""))
            for voice in (each for each in engine.voices() if each.language == language):
                marked = voice == usual and language not in speaking
                table.add_row(engine.name, language, voice.name, told("usual") if marked else "")
            speaking.add(language)
    if speaking:
        console.print(table)
    if coming := state_of(settings.speech):
        console.print(verbatim([coming]))
    elif not speaking:
        fail(NO_ENGINE)


@app.command("try")
@asynchronous
async def try_out(  # noqa: PLR0917  (each is an option of the command)
    text: Annotated[str, typer.Argument(help="What is said.")],
    file: Annotated[Path, typer.Argument(help="The WAV file to write.", dir_okay=False)],
    language: Annotated[str, typer.Option(help="en, ru or uk.")] = "en",
    voice: Annotated[str, typer.Option(help="A name of `cordboard voice list`.")] = "",
    speed: Annotated[float, typer.Option(help="0.5 to 2.", min=0.5, max=2.0)] = 1.0,
    data: Data = None,
) -> None:
    """Speak a text into a file, as callers would hear it."""
    settings = settings_for(data)
    config = _config(settings)
    service = SpeechService(config.engines, settings.sounds, language, config.manner)
    try:
        clip = await service.say(text, language, voice, speed)
        assert clip.path is not None
        await asyncio.to_thread(shutil.copyfile, clip.path, file)
    except SpeechError as fault:
        fail(str(fault))
    except OSError as fault:
        _cannot_write(file, fault)
    finally:
        await service.close()
    console.print(f"{file} is written", markup=False)


def _cannot_write(file: Path, fault: OSError) -> NoReturn:
    fail(f"{file} cannot be written: {fault.strerror or fault}.")


@sounds.command("status")
def status(data: Data = None) -> None:
    """Tell how much the cache holds, and how much it may."""
    settings = settings_for(data)
    found, most = cache.contents(settings.sounds), _config(settings).cache_megabytes
    console.print(f"{found.sounds} texts, {found.size / 1e6:.1f} MB of at most {most} MB", markup=False)
    if found.oldest is not None:
        oldest = datetime.fromtimestamp(found.oldest, UTC).astimezone()
        console.print(f"The oldest was last asked for on {oldest:%Y-%m-%d}", markup=False)


@sounds.command("clear")
def clear(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was asked for within the last hour: stop the exchange before.")
    ] = False,
    data: Data = None,
) -> None:
    """Delete what was spoken, but for the last hour: somebody may be hearing it. It is spoken anew when asked for."""
    gone = cache.shrink(settings_for(data).sounds, 0, keep=0.0 if everything else cache.RECENT)
    console.print(f"{gone} texts are deleted", markup=False)
