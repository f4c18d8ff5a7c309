"""A scenario's text, checked and compiled."""

from collections.abc import Mapping
from datetime import tzinfo

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.compiled import Checked, CompiledStep, Declared, Program
from cordboard.scenario.compiling import Compiler
from cordboard.scenario.expressions import Scope
from cordboard.scenario.faults import Fault, is_broken
from cordboard.scenario.references import Neighbours, References
from cordboard.scenario.text import read

__all__ = ["Checked", "CompiledStep", "Declared", "Program", "References", "check", "check_together", "compile_text"]


def check(
    text: str,
    catalogue: Catalogue,
    *,
    zone: tzinfo,
    country: str,
    known: References | None = None,
    neighbours: Neighbours | None = None,
    name: str = "",
) -> list[Fault]:
    """Everything that is wrong with a scenario's text, in the order of its lines. Never raises."""
    return compile_text(
        text, catalogue, zone=zone, country=country, known=known, neighbours=neighbours, name=name
    ).faults


def check_together(
    texts: Mapping[str, str],
    catalogue: Catalogue,
    *,
    zone: tzinfo,
    country: str,
    known: References | None = None,
) -> dict[str, list[Fault]]:
    """Check scenarios that belong to one release, by name. `known` has what else there is."""
    neighbours = Neighbours(texts, catalogue)
    return {
        name: check(text, catalogue, zone=zone, country=country, known=known, neighbours=neighbours, name=name)
        for name, text in texts.items()
    }


def compile_text(
    text: str,
    catalogue: Catalogue,
    *,
    zone: tzinfo,
    country: str,
    known: References | None = None,
    neighbours: Neighbours | None = None,
    name: str = "",
) -> Checked:
    """Read, check and compile. `name`, if given, is what the scenario must call itself (its file's name).

    What is outside is checked as far as it is told: `known` has names by kind, `neighbours` the scenarios that this one
    may call, usually with itself among them.
    """
    reading = read(text)
    if reading.scenario is None:
        return Checked(list(reading.faults))
    scope = Scope(zone, country)
    compiler = Compiler(reading, reading.scenario, catalogue, scope, known=known or {}, neighbours=neighbours)
    program = compiler.compile(name)
    faults = compiler.faults.in_order()
    references = {kind: frozenset(names) for kind, names in compiler.outside.found.items()}
    return Checked(faults, None if is_broken(faults) else program, reading.scenario, references)
