"""Sounds that the office has recorded itself."""

import wave
from pathlib import Path

from cordboard.scenario.context import ScenarioError
from cordboard.telephony import Clip


class PromptFolder:
    """A folder of WAV files (mono, 16 bit, 8000 Hz). The application hands it to components as a port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def find(self, name: str) -> Clip:
        """The sound in the file `name`, relative to the folder.

        Raises ScenarioError if it is not there, lies outside the folder, or is in another format.
        """
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder):
            raise ScenarioError(f"sound file {name!r} lies outside the prompts folder {self._folder}: copy it there")
        try:
            with wave.open(str(path), "rb") as file:
                shape = (file.getnchannels(), file.getsampwidth() * 8, file.getframerate())
        except FileNotFoundError:
            raise ScenarioError(f"there is no sound file {name!r} in the prompts folder {self._folder}") from None
        except (wave.Error, EOFError, OSError) as fault:
            raise ScenarioError(f"sound file {name!r} cannot be read as WAV: {fault}") from fault
        if shape != (1, 16, 8000):
            raise ScenarioError(
                f"sound file {name!r} has {shape[0]} channels, {shape[1]} bit, {shape[2]} Hz; "
                "save it as WAV with 1 channel, 16 bit, 8000 Hz"
            )
        return Clip(path, name)
