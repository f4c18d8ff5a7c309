"""A folder of scenarios that publishes itself: a git checkout changes it, and the next call follows.

A checkout changes many files, one after the other: nothing is done before the folder has been quiet for a while. Only
sound scenarios become a release; otherwise the old one stays, and what is wrong is told.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.scenario.faults import Fault
from cordboard.scenario.history import History, Published, PublishError
from cordboard.scenario.publishing import files_in

EVERY = 1.0
"""Seconds between two looks at the folder."""
QUIET = 2
"""Looks in a row that must show the same before it counts."""

_GIT_PATIENCE = 10.0
"""Seconds for git to answer."""

Texts = Mapping[str, str]


class UnreadableError(Exception):
    """A file is no text, or cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder at one moment. `mark` is another whenever the content of a file is."""

    mark: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def texts(self) -> dict[str, str]:
        """The scenarios by name. Raises UnreadableError."""
        texts = {}
        for name, content in self.files.items():
            try:
                texts[name] = content.decode("utf-8")
            except UnicodeDecodeError as fault:
                raise UnreadableError(f"{name}: not UTF-8 text ({fault.reason} at byte {fault.start})") from fault
        return texts


def snapshot(folder: Path) -> Snapshot:
    """Read a folder. A file that goes away meanwhile is not there; OSError for anything else."""
    files = {}
    digest = hashlib.sha256()
    for path in files_in(folder):
        try:
            files[path.stem] = content = path.read_bytes()
        except FileNotFoundError:
            continue
        digest.update(f"{path.stem}\0{len(content)}\0".encode() + content)
    return Snapshot(digest.hexdigest(), files)


async def snapshots(folder: Path, every: float = EVERY) -> AsyncIterator[Snapshot]:
    """Look at a folder again and again, for ever. One that cannot be read is looked at again later."""
    while True:
        look = None
        with suppress(OSError):  # unmounted for a moment, or not ours to read
            look = await asyncio.to_thread(snapshot, folder)
        if look is not None:
            yield look
        await asyncio.sleep(every)


async def settled(looks: AsyncIterable[Snapshot], quiet: int = QUIET) -> AsyncIterator[Snapshot]:
    """The snapshots that have stood still for `quiet` looks, each content once in a row."""
    last, seen, told = "", 0, ""
    async for look in looks:
        seen = seen + 1 if look.mark == last else 1
        last = look.mark
        if seen >= quiet and look.mark != told and look.files:
            told = look.mark
            yield look


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of a change. Without `published` the old release stays, for the reasons in `faults` or `error`."""

    published: Published | None
    faults: Mapping[str, Sequence[Fault]] = field(default_factory=dict)
    error: str = ""


async def follow(
    looks: AsyncIterable[Snapshot], history: History, message: Callable[[], Awaitable[tuple[str, str]]]
) -> AsyncIterator[Watched]:
    """Publish each settled snapshot that is sound, and tell what came of it. `message` gives subject and author."""
    async for look in looks:
        try:
            texts = look.texts()
            subject, author = await message()
            published = await history.replace_all(texts, subject, author=author)
        except UnreadableError as error:
            yield Watched(None, error=str(error))
        except PublishError as error:
            yield Watched(None, error.faults, str(error))
        else:
            yield Watched(published, published.faults)


async def last_commit(folder: Path) -> tuple[str, str]:
    """Subject and author of the commit that a git work tree stands on; two empty texts if it is none."""
    # A work tree's own settings must not make git run something.
    quiet = ("-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
    arguments = ("git", "-C", str(folder), *quiet, "log", "-1", "--format=%s%n%an", "--", ".")
    try:
        git = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return "", ""  # git is not installed
    try:
        answer, _ = await asyncio.wait_for(git.communicate(), _GIT_PATIENCE)
    except TimeoutError:
        git.kill()
        await git.wait()
        return "", ""
    lines = answer.decode("utf-8", "replace").splitlines()
    return (lines[0][:500], lines[1][:200]) if git.returncode == 0 and len(lines) == 2 else ("", "")
