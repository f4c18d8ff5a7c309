"""Who has a workbook open elsewhere, and how a file is replaced without taking anything from him. Blocks."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import socket
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cordboard.datasource.excel.ports import WorkbookError

STALE = 7 * 24 * 3600.0
"""Seconds after which a mark counts as left behind by a crash: hardly anybody has a workbook open for a week."""
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EBUSY, errno.ETXTBSY})
"""What systems say of a file that another has locked; on a mounted share also when it is to be replaced."""
_HOST_PROCESSES = "pid:[4026531836]"
"""The namespace in which all processes of a machine are seen (PROC_PID_INIT_INO of Linux)."""


class BusyError(WorkbookError):
    """Somebody has the workbook open. It can be written when he has closed it."""


class ChangedError(WorkbookError):
    """The file is not the one that was read any more: read it again."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is known to be the same."""

    mtime_ns: int
    size: int
    inode: int


def stamp(path: Path) -> Stamp:
    """The stamp of a file. Raises WorkbookError if it is not there."""
    try:
        about = path.stat()
    except OSError as fault:
        raise WorkbookError(f"{path.name} is not there ({fault.strerror}): put it into {path.parent}") from fault
    if not stat.S_ISREG(about.st_mode):
        raise WorkbookError(f"{path.name} is no file: put a workbook of that name into {path.parent}")
    return Stamp(about.st_mtime_ns, about.st_size, about.st_ino)


def content_hash(content: bytes) -> str:
    """By which a file is known again after a crash."""
    return hashlib.sha256(content).hexdigest()


def holder(path: Path) -> str | None:
    """Who has the workbook open: a name, "" if he is not named, None if nobody has.

    Excel puts `~$name` beside it, LibreOffice `.~lock.name#`; over a Windows share the file itself may be locked. A
    mark that a crash has left is passed over: one older than STALE, and one of a LibreOffice on this machine that was
    put before the machine started, or while no LibreOffice runs.
    """
    return next((found for found in map(_named, _marks(path)) if found is not None), _locked(path))


def replace(path: Path, content: bytes, read: Stamp) -> Stamp:
    """Put new content in the place of the file that had the stamp `read`: whole or not at all, and on the disk.

    Mode, owner, access lists and what a link points at stay. Raises BusyError, ChangedError, and WorkbookError if the
    folder cannot be written.
    """
    try:
        asked, path = path, path.resolve()
        if not os.access(path, os.W_OK):
            raise WorkbookError(f"{path.name} is write-protected: let the exchange write to it")
        # One name for each workbook: what a crash leaves is cleared away by the next time.
        new = path.with_name(f".cordboard-{path.name}")
        new.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                _copy_rights(path, new)
                os.fsync(file.fileno())
            # As late as can be: between this look and the replacing lie microseconds.
            for each in {asked, path}:
                if (who := holder(each)) is not None:
                    raise BusyError(busy(path, who))
            if stamp(path) != read:
                raise ChangedError(f"{path.name} was changed meanwhile")
            after = new.stat()
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        if fault.errno in {errno.EBUSY, errno.ETXTBSY}:
            raise BusyError(busy(path, "")) from fault
        raise WorkbookError(
            f"{path.name} cannot be written ({fault.strerror}): let the exchange write to {path.parent}"
        ) from fault
    return Stamp(after.st_mtime_ns, after.st_size, after.st_ino)


def busy(path: Path, who: str) -> str:
    """The sentence about somebody who has it open."""
    return f"{path.name} is open at {who}" if who else f"{path.name} is open elsewhere"


def _copy_rights(path: Path, new: Path) -> None:
    """Owner, mode and access lists; a share may keep none of them."""
    about = path.stat()
    with contextlib.suppress(PermissionError):
        os.chown(new, about.st_uid, about.st_gid)
    with contextlib.suppress(PermissionError):
        shutil.copystat(path, new)
    os.utime(new)


def _marks(path: Path) -> Sequence[Path]:
    return path.with_name(f".~lock.{path.name}#"), path.with_name(f"~${path.name}")


def _named(mark: Path) -> str | None:
    """Who has put this mark; None if it is not there, or was forgotten by a crash."""
    try:
        if time.time() - mark.stat().st_mtime > STALE:
            return None
        content = mark.read_bytes()[:1000]
    except OSError as fault:
        # A share that lets nobody read the mark of another still shows that it is there.
        return "" if fault.errno in {errno.EACCES, errno.EPERM, errno.EBUSY} else None
    if not mark.name.startswith(".~lock."):
        return _from_excel(content)
    # `name,user,host,date,folder;`, commas within escaped by a backslash.
    fields = content.decode("utf-8", "replace").replace("\\,", "\0").split(",")
    names = [each.replace("\0", ",").strip() for each in fields[:3]]
    if names[2:] == [socket.gethostname()] and _left_behind(mark):
        return None
    return next((name for name in names if name), "")


def _left_behind(mark: Path) -> bool:
    """Whether the LibreOffice of this machine that has put the mark is surely gone."""
    try:
        started = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(encoding="ascii"), re.MULTILINE)
        if started is not None and mark.stat().st_mtime < int(started[1]) - 60:
            return True
        if Path("/proc/self/ns/pid").readlink().name != _HOST_PROCESSES:
            return False
        running = [_command(process) for process in Path("/proc").iterdir() if process.name.isdigit()]
    except OSError:
        return False
    return "soffice.bin" not in running and "" not in running


def _command(process: Path) -> str:
    """The name of a process; empty if it may not be seen."""
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except PermissionError:
        return ""
    except OSError:
        return "gone"


def _from_excel(content: bytes) -> str:
    """A length and the name in the country's letters, padded to 54 octets; behind it the same in UTF-16."""
    length = int.from_bytes(content[54:56], "little")
    name = content[56 : 56 + 2 * min(length, 54)].decode("utf-16-le", "ignore")
    if not name.strip("\0 ") and content:
        name = content[1 : 1 + min(content[0], 53)].decode("cp1251", "ignore")
    return "".join(letter for letter in name if letter.isprintable()).strip()


def _locked(path: Path) -> str | None:
    """A lock of another process on the file itself, as servers of Windows shares take it."""
    try:
        with path.open("rb+") as file:
            # Closing gives back any lock of this process on the file: nobody here takes one.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as fault:
        # A file that is write-protected is nobody's in particular.
        return "" if fault.errno in _HELD and os.access(path, os.W_OK) else None
    return None
