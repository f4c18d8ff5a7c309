import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cordboard.datasource.excel import holders
from cordboard.datasource.excel.holders import BusyError, ChangedError, holder, replace, stamp
from cordboard.datasource.excel.ports import WorkbookError
from cordboard.testing.workbooks import held_by_libreoffice, plain

LOCKED = """
import fcntl, sys
file = open(sys.argv[1], "rb+")
getattr(fcntl, sys.argv[2])(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "должники.xlsx"
    file.write_bytes(plain())
    return file


def excel_mark(name: str) -> bytes:
    ansi = name.encode("cp1251")
    return (
        bytes([len(ansi)])
        + ansi.ljust(53, b" ")
        + len(name).to_bytes(2, "little")
        + name.encode("utf-16-le").ljust(109, b" ")
    )


def test_nobody_has_it(file: Path) -> None:
    assert holder(file) is None


def test_who_has_it_in_excel_is_named(file: Path) -> None:
    file.with_name("~$должники.xlsx").write_bytes(excel_mark("Ганна Петренко"))
    assert holder(file) == "Ганна Петренко"


def test_a_mark_of_another_workbook_with_a_like_name_does_not_count(file: Path) -> None:
    """Excel puts ~$ before the whole name; it is Word that leaves two letters away."""
    file.with_name("~$лжники.xlsx").write_bytes(excel_mark("Anna"))
    assert holder(file) is None


def test_a_mark_that_says_nothing_still_marks(file: Path) -> None:
    file.with_name("~$должники.xlsx").write_bytes(b"")
    assert holder(file) == ""


def test_who_has_it_in_libreoffice_is_named(file: Path) -> None:
    file.with_name(".~lock.должники.xlsx#").write_text(
        "Петренко\\, Ганна,ganna,desk,23.11.2026 10:00,file:///x;", encoding="utf-8"
    )
    assert holder(file) == "Петренко, Ганна"


def test_a_mark_that_a_crash_left_long_ago_does_not_count(file: Path) -> None:
    mark = file.with_name("~$должники.xlsx")
    mark.write_bytes(excel_mark("Anna"))
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(mark, (long_ago, long_ago))
    assert holder(file) is None


@pytest.mark.parametrize("way", ["lockf", "flock"])
def test_a_lock_of_another_process_is_respected(file: Path, way: str) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(file), way], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"locked\n"
        assert holder(file) == ""
    finally:
        other.communicate(timeout=10)
    assert holder(file) is None


def libreoffice_mark(file: Path, host: str) -> Path:
    mark = file.with_name(f".~lock.{file.name}#")
    mark.write_text(f"Ганна,ganna,{host},23.11.2026 10:00,file:///x;", encoding="utf-8")
    return mark


@pytest.mark.parametrize(
    ("host", "running", "who"),
    [
        ("desk", ["systemd", "bash"], "Ганна"),  # of another machine nothing is known
        ("office", ["systemd", "soffice.bin"], "Ганна"),
        ("office", ["systemd", ""], "Ганна"),  # a process that may not be seen
        ("office", ["systemd", "bash"], None),
    ],
)
def test_a_mark_of_a_libreoffice_that_is_gone_from_this_machine_does_not_count(
    file: Path, monkeypatch: pytest.MonkeyPatch, host: str, running: list[str], who: str | None
) -> None:
    libreoffice_mark(file, host)
    names = iter(running)
    monkeypatch.setattr("socket.gethostname", lambda: "office")
    monkeypatch.setattr(holders, "_HOST_PROCESSES", Path("/proc/self/ns/pid").readlink().name)
    monkeypatch.setattr(holders, "_command", lambda process: next(names, "bash"))
    assert holder(file) == who


def test_within_a_container_nobody_is_taken_for_gone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libreoffice_mark(file, "office")
    monkeypatch.setattr("socket.gethostname", lambda: "office")
    monkeypatch.setattr(holders, "_HOST_PROCESSES", "pid:[1]")
    assert holder(file) == "Ганна"


def test_a_mark_from_before_the_machine_started_does_not_count(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = libreoffice_mark(file, "office")
    monkeypatch.setattr("socket.gethostname", lambda: "office")
    monkeypatch.setattr(holders, "_command", lambda process: "soffice.bin")
    assert holder(file) == "Ганна"
    started = next(
        int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
    )
    os.utime(mark, (started - 300, started - 300))
    assert holder(file) is None


@pytest.mark.peer
@pytest.mark.slow
def test_libreoffice_that_has_it_open_is_respected(file: Path) -> None:
    before, plain_content = stamp(file), file.read_bytes()
    with held_by_libreoffice(file):
        mark = file.with_name(f".~lock.{file.name}#")
        until = time.monotonic() + 60
        while not mark.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert mark.exists(), "LibreOffice did not start"
        assert holder(file) is not None
        with pytest.raises(BusyError, match="is open"):
            replace(file, b"new", before)
    assert file.read_bytes() == plain_content


def test_a_file_is_replaced_whole_with_its_mode(file: Path) -> None:
    file.chmod(0o640)
    after = replace(file, b"new", stamp(file))
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert stamp(file) == after
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_what_a_crash_left_is_cleared_away(file: Path) -> None:
    file.with_name(f".cordboard-{file.name}").write_bytes(b"half")
    replace(file, b"new", stamp(file))
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_mark_beside_a_link_and_beside_its_file_both_count(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "tables" / "list.xlsx"
    link.parent.mkdir()
    link.symlink_to(file)
    for mark in (link.with_name("~$list.xlsx"), file.with_name(f"~${file.name}")):
        mark.write_bytes(excel_mark("Anna"))
        with pytest.raises(BusyError, match="open at Anna"):
            replace(link, b"new", stamp(link))
        mark.unlink()
    replace(link, b"new", stamp(link))
    assert file.read_bytes() == b"new"


def test_a_file_that_its_owner_has_changed_is_not_replaced(file: Path) -> None:
    read = stamp(file)
    file.write_bytes(b"the owner's")
    with pytest.raises(ChangedError):
        replace(file, b"new", read)
    assert file.read_bytes() == b"the owner's"
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_file_that_is_gone_or_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="is not there"):
        stamp(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError, match="is no file"):
        stamp(tmp_path)


def test_our_own_look_takes_no_lock_from_others(file: Path) -> None:
    with file.open("rb+") as ours:
        fcntl.lockf(ours, fcntl.LOCK_SH)
        assert holder(file) is None


def test_a_link_stays_a_link_and_another_who_opens_it_while_we_write_is_seen(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = file.with_name("link.xlsx")
    link.symlink_to(file.name)
    replace(link, b"new", stamp(link))
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    synced = os.fsync

    def opened_meanwhile(handle: int) -> None:
        synced(handle)
        file.with_name("~$должники.xlsx").write_bytes(excel_mark("Anna"))

    monkeypatch.setattr(os, "fsync", opened_meanwhile)
    with pytest.raises(BusyError, match=r"должники\.xlsx is open at Anna"):
        replace(file, b"newer", stamp(file))
    assert file.read_bytes() == b"new"


def test_a_share_that_does_not_let_a_file_be_replaced_has_it_open(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(BusyError, match="is open elsewhere"):
        replace(file, b"new", stamp(file))
    assert [each.name for each in file.parent.iterdir()] == [file.name]
