"""From a folder of scenario files to a release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Fault, is_broken
from cordboard.scenario.ports import Releases
from cordboard.scenario.program import check
from cordboard.scenario.references import Neighbours, References

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


def check_files(
    paths: Sequence[Path], catalogue: Catalogue, *, zone: tzinfo, country: str, known: References | None = None
) -> list[CheckedFile]:
    """Check scenario files; each may refer to its neighbours in the same folder.

    `known` has what else there is. Raises OSError.
    """
    folders: dict[Path, Neighbours] = {}
    checked = []
    for path in paths:
        try:
            text = _text(path)
        except UnicodeDecodeError as fault:
            unreadable = Fault(f"not UTF-8 text: {fault.reason} at byte {fault.start}", "save the file as UTF-8")
            checked.append(CheckedFile(path, "", [unreadable]))
            continue
        if path.parent not in folders:
            folders[path.parent] = Neighbours(_texts_in(path.parent), catalogue)
        neighbours = folders[path.parent]
        faults = check(text, catalogue, zone=zone, country=country, known=known, neighbours=neighbours, name=path.stem)
        checked.append(CheckedFile(path, text, faults))
    return checked


def _text(path: Path) -> str:
    """With its line ends as they are: what is published is what was written."""
    return path.read_bytes().decode("utf-8")


def _texts_in(folder: Path) -> dict[str, str]:
    texts = {}
    for path in files_in(folder):
        try:
            texts[path.stem] = _text(path)
        except (OSError, UnicodeDecodeError):
            # It is there, and may be named; what is wrong with it is said when it is checked itself.
            texts[path.stem] = ""
    return texts


async def publish(files: Sequence[CheckedFile], releases: Releases, message: str, *, author: str = "") -> int | None:
    """Make a release of sound files, and return its number; None if the current one is the same."""
    texts: Mapping[str, str] = {file.name: file.text for file in files}
    current = await releases.current()
    if current and (await releases.load(current)).scenarios == texts:
        return None
    return await releases.publish(texts, message=message, at=datetime.now(UTC), author=author)
