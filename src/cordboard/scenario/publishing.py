"""From a folder of scenario files to a release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Fault, is_broken
from cordboard.scenario.ports import Releases
from cordboard.scenario.program import check

SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A scenario file and what is wrong with it."""

    path: Path
    text: str
    faults: Sequence[Fault]

    @property
    def name(self) -> str:
        """The scenario's name: that of its file."""
        return self.path.stem

    @property
    def broken(self) -> bool:
        """Whether it cannot be published."""
        return is_broken(list(self.faults))


def files_in(folder: Path) -> list[Path]:
    """The scenario files of a folder, by name."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def check_files(paths: Sequence[Path], catalogue: Catalogue, *, zone: tzinfo, country: str) -> list[CheckedFile]:
    """Check scenario files; each may refer to its neighbours in the same folder. Raises OSError."""
    checked = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as fault:
            unreadable = Fault(f"not UTF-8 text: {fault.reason} at byte {fault.start}", "save the file as UTF-8")
            checked.append(CheckedFile(path, "", [unreadable]))
            continue
        known = {"scenario": {neighbour.stem for neighbour in files_in(path.parent)}}
        faults = check(text, catalogue, zone=zone, country=country, known=known, name=path.stem)
        checked.append(CheckedFile(path, text, faults))
    return checked


async def publish(files: Sequence[CheckedFile], releases: Releases, message: str) -> int | None:
    """Make a release of sound files, and return its number; None if the current one is the same."""
    texts: Mapping[str, str] = {file.name: file.text for file in files}
    current = await releases.current()
    if current and (await releases.load(current)).scenarios == texts:
        return None
    return await releases.publish(texts, message=message, at=datetime.now(UTC))
