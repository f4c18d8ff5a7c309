"""Hundreds of broken scenarios, made from good ones: each is refused by a fault that names what is wrong and where."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.cli.up import EXAMPLES
from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check, compile_text
from cordboard.scenario.references import Neighbours
from cordboard.testing.mutation import Mutation, mutations
from cordboard.testing.steps import KYIV

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue(all_components())
GOOD: dict[str, str] = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted((EXAMPLES / "s01-employee-callback").glob("*.yaml"))
}
GOOD["everything"] = (Path(__file__).parent / "everything.yaml").read_text(encoding="utf-8")
KNOWN = {"user": ["olena"], "line": ["kyivstar"], "file": ["hello.wav"]}


def broken() -> list[tuple[str, Mutation]]:
    return [(name, each) for name, text in GOOD.items() for each in mutations(text, CATALOGUE, seed=7)]


@pytest.mark.parametrize("name", GOOD)
def test_what_the_mutations_are_made_of_is_good(name: str) -> None:
    neighbours = Neighbours(GOOD, CATALOGUE)
    faults = check(GOOD[name], CATALOGUE, zone=KYIV, country="UA", known=KNOWN, neighbours=neighbours, name=name)
    assert [str(fault) for fault in faults] == []


def test_there_are_hundreds_of_them_of_many_kinds() -> None:
    found = broken()
    assert len({each.text for _, each in found}) == len(found) >= 300
    kinds = Counter(each.kind for _, each in found)
    assert len(kinds) >= 40, sorted(kinds)


@pytest.mark.parametrize("name", GOOD)
def test_each_is_refused_with_a_message_that_names_the_fault(name: str) -> None:
    neighbours = Neighbours(GOOD, CATALOGUE)
    wrong = []
    for each in mutations(GOOD[name], CATALOGUE, seed=7):
        checked = compile_text(
            each.text, CATALOGUE, zone=KYIV, country="UA", known=KNOWN, neighbours=neighbours, name=name
        )
        errors = [fault for fault in checked.faults if fault.severity is Severity.ERROR]
        named = [fault for fault in errors if each.names in fault.message and each.line in {0, fault.line}]
        if not named or checked.program is not None:
            wrong.append((each.kind, each.line, each.names, [str(fault) for fault in errors]))
    assert wrong == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_bytes_in_a_good_text_never_crash_the_loader(data: st.DataObject) -> None:
    raw = bytearray(GOOD[data.draw(st.sampled_from(sorted(GOOD)))].encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                raw[at] = data.draw(st.integers(0, 255))
            case 1:
                raw[at:at] = data.draw(st.binary(max_size=8))
            case 2:
                del raw[at : at + data.draw(st.integers(1, 40))]
            case _:
                raw[at:at] = raw[: data.draw(st.integers(1, 80))]
        raw = raw or bytearray(b"x")
    faults = check(raw.decode("utf-8", "replace"), CATALOGUE, zone=KYIV, country="UA", known=KNOWN)
    assert all(fault.message and fault.line for fault in faults)
