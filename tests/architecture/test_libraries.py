"""Which room may use which library (the last column of architecture.md), and what pyproject.toml must declare."""

import re
import sys
import tomllib
from collections import defaultdict
from importlib import metadata
from pathlib import Path

from cordboard.testing.architecture import PACKAGE, ROOT, TESTS, imported_modules, name_of, python_files

# Import name → where it may be used, as paths below src/cordboard. A library that is missing here is refused.
ANYWHERE = ("",)
USERS_OF = {
    "aiosipua": ("sip/",),
    "aiosmtplib": ("outbox/",),
    "aiosqlite": ("store/",),
    "alembic": ("store/",),
    "audioop": ("media/", "phone/", "speech/"),
    "charset_normalizer": ("datasource/",),
    "cryptography": ("office/accounts.py", "store/"),
    "cronsim": ("scenario/", "office/"),
    "fastapi": ("api/", "wiring/api.py"),
    "holidays": ("office/",),
    "httpx2": ("outbox/", "datasource/web/", "speech/web.py"),
    "jsonpath_rfc9535": ("datasource/web/",),
    "lxml": ("datasource/",),
    "numpy": ("media/", "speech/", "phone/"),
    "phonenumbers": ("telephony/phone_number.py",),
    "psycopg": ("store/", "datasource/sql/"),
    "prometheus_client": ("api/", "app.py"),
    "pwdlib": ("office/",),
    "pydantic": ("scenario/", "components/", "api/", "office/", "config.py"),
    "pydantic_settings": ("config.py",),
    "pymssql": ("datasource/sql/",),
    "pymysql": ("datasource/sql/",),
    "pyodbc": ("datasource/sql/",),
    "python_calamine": ("datasource/excel/",),
    "re2": ("scenario/expressions/functions/patterns.py",),
    "rich": ("cli/",),
    "ruamel": ("scenario/",),
    "serial_asyncio_fast": ("outbox/sms/",),
    "smpp34": ("outbox/sms/",),
    "soundfile": ("media/", "speech/"),
    "soxr": ("speech/",),
    "sqlalchemy": ("store/", "datasource/sql/"),
    "sqlglot": ("datasource/sql/",),
    "starlette": ("api/",),
    "structlog": ANYWHERE,
    "typer": ("cli/",),
    "uvicorn": ("api/", "app.py"),
    "xlsxwriter": ("api/sheets.py",),
}
# Imported beside the library that brings them: declaring them apart would only let the two drift.
BROUGHT_BY = {"starlette": "fastapi", "pydantic_core": "pydantic", "_pytest": "pytest"}
EXTRAS = {"pyodbc"}
"""Imported late, and installed by those who want it: `pip install cordboard[odbc]`."""
OURS = {"cordboard"} | set(sys.stdlib_module_names)


def libraries_of(file: Path) -> set[str]:
    return {module.partition(".")[0] for module in imported_modules(file)} - OURS


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*, dev: bool) -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = list(settings["project"]["dependencies"])
    if dev:
        lines += settings["dependency-groups"]["dev"]
    return {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines}


def undeclared(files: list[Path], names: set[str]) -> list[str]:
    owners = metadata.packages_distributions()
    missing = []
    for file in files:
        for imported in sorted(libraries_of(file)):
            library = BROUGHT_BY.get(imported, imported)
            if not names & {normal(owner) for owner in owners.get(library, [library])}:
                missing.append(f"{name_of(file)} imports {library}")
    return missing


def test_a_library_is_used_only_in_its_rooms() -> None:
    trespassers = []
    for file in python_files(PACKAGE):
        place = file.relative_to(PACKAGE).as_posix()
        if place.startswith("testing/"):
            continue
        trespassers += [
            f"{place} imports {library}"
            for library in sorted(libraries_of(file))
            if not place.startswith(USERS_OF.get(library, ("nowhere",)))
        ]
    assert trespassers == []


def test_what_the_exchange_imports_is_declared() -> None:
    files = [file for file in python_files(PACKAGE) if "testing" not in file.relative_to(PACKAGE).parts]
    assert undeclared(files, declared(dev=False) | EXTRAS) == []


def test_what_the_tests_import_is_declared() -> None:
    assert undeclared(python_files(TESTS, PACKAGE / "testing"), declared(dev=True) | EXTRAS) == []


def test_no_two_distributions_own_one_file() -> None:
    """ru-normalizr once brought phonenumberslite, which overwrote the files of phonenumbers."""
    owners = defaultdict(set)
    for distribution in metadata.distributions():
        for path in distribution.files or ():
            if "__pycache__" not in path.parts:
                owners[path.as_posix()].add(distribution.metadata["Name"])
    assert {path: names for path, names in owners.items() if len(names) > 1} == {}


def test_every_pin_has_a_hash_and_the_dev_file_holds_the_same_versions() -> None:
    pins = {}
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []
        pins[name] = {line.split(" ", 1)[0] for line in lines}
    assert pins["requirements.txt"] <= pins["requirements-dev.txt"]
    assert {pin.partition("==")[0] for pin in pins["requirements.txt"]} >= declared(dev=False)
