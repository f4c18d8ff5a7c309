"""Rules that every file of the repository keeps."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cordboard.testing.architecture import PACKAGE, ROOT, TESTS, name_of, python_files

LONGEST_FILE = 800

# Folders that only the machine that made them knows, and the hosts of package registries.
OF_ONE_MACHINE = re.compile(
    r"(?<![\w.:/-])/(?:work|root|home/\w+|Users/\w+)/"
    r"|\b(?:deb\.debian\.org|security\.debian\.org|pypi\.org|pythonhosted\.org|registry\.npmjs\.org)\b"
)
SKIPPED_FOLDERS = {".git", ".venv", ".speech", ".cache", "var", "dist", "node_modules", "__pycache__"}


def tracked_files() -> list[Path]:
    """What git would commit; without git (a fresh machine has none), every file outside the generated folders."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS and not name.endswith("_cache")]
        found += [Path(folder) / name for name in files]
    return found


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lines = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files(PACKAGE, TESTS)}
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_files_name_no_machine_and_no_package_registry() -> None:
    found = []
    for file in tracked_files():
        data = file.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if OF_ONE_MACHINE.search(line):
                found.append(f"{name_of(file)}:{number}: {line.strip()[:100]}")
    assert found == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("cache: /ro" + "ot/.cache/x", True),
        ("--index-url https://py" + "pi.org/simple", True),
        ("a path /var/lib/cordboard/ is everybody's", False),
        ("GET /api/home/page/ and ./work/here", False),
    ],
)
def test_the_rule_about_machines_knows_one(line: str, refused: bool) -> None:
    assert bool(OF_ONE_MACHINE.search(line)) is refused


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_every_folder_of_the_package_is_a_room_that_says_what_it_is_for() -> None:
    folders = {file.parent for file in python_files(PACKAGE)}
    silent = []
    for folder in sorted(folders):
        file = folder / "__init__.py"
        if not file.exists() or not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))):
            silent.append(name_of(folder))
    assert silent == []


def test_the_folders_of_tests_are_no_packages() -> None:
    assert [name_of(file) for file in TESTS.rglob("__init__.py")] == []


def test_every_link_of_a_document_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{name_of(document)}: {link}"
        for document in documents
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert dead == []
