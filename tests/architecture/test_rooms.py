"""The import contracts in pyproject.toml cover every room and forget no neighbour (lint-imports applies them)."""

import tomllib
from typing import Any

import pytest

from cordboard.testing.architecture import PACKAGE, ROOT

ABOVE_THE_ROOMS = {"testing", "cli", "wiring"}
ROOMS = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()} - ABOVE_THE_ROOMS


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def contract_of(room: str) -> dict[str, Any]:
    found = [each for each in contracts() if each.get("source_modules") == [f"cordboard.{room}"]]
    assert len(found) == 1, f"{room} needs one contract of its own in pyproject.toml"
    return found[0]


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_is_forbidden_whatever_its_contract_does_not_name(room: str) -> None:
    contract = contract_of(room)
    subject, _, rest = contract["name"].partition(": ")
    allowed = set(rest.partition(";")[0].split(", ")) - {"-"}
    assert subject == room
    assert allowed <= ROOMS
    assert set(contract["forbidden_modules"]) == {f"cordboard.{other}" for other in ROOMS - allowed - {room}}


def test_only_components_have_exceptions_and_those_are_ports() -> None:
    exceptions = {
        each["name"].partition(":")[0]: each["ignore_imports"] for each in contracts() if "ignore_imports" in each
    }
    assert list(exceptions) == ["components"]
    assert {line.rpartition(".")[2] for line in exceptions["components"]} == {"ports", "api"}
