"""The scenarios of a release, compiled once and kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import tzinfo

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.faults import Severity
from cordboard.scenario.ports import Release, Releases
from cordboard.scenario.program import Program, compile_text
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.values import AnyValue, BadValueError, convert

_KEPT = 16
"""Releases. Runs that have begun hold theirs themselves."""


class ReleasePrograms:
    """One release. Scenarios are compiled when they are first asked for."""

    def __init__(self, release: Release, catalogue: Catalogue, zone: tzinfo, country: str) -> None:
        self.number = release.number
        self._texts = release.scenarios
        self._catalogue = catalogue
        self._zone = zone
        self._country = country
        self._programs: dict[str, Program] = {}
        self._secrets: dict[str, frozenset[str]] = {}

    def secrets(self, name: str) -> frozenset[str]:
        """The variables of a scenario that must not be shown. Asked for at every step."""
        found = self._secrets.get(name)
        if found is None:
            found = self._secrets[name] = self.get(name).secrets
        return found

    def without_secrets(self, program: Program, values: Mapping[str, AnyValue]) -> dict[str, AnyValue]:
        """The values of those variables of a scenario that may be shown."""
        secret = self.secrets(program.name)
        return {name: value for name, value in values.items() if name not in secret}

    def get(self, name: str, kind: ScenarioKind | None = None) -> Program:
        """A scenario of the release. Raises ScenarioError if it is not there, broken, or of another kind."""
        program = self._programs.get(name)
        if program is None:
            program = self._programs[name] = self._compile(name)
        if kind is not None and program.kind is not kind:
            raise ScenarioError(f"scenario {name!r} is a {program.kind} scenario; a {kind} scenario is needed here")
        return program

    def compile_all(self) -> None:
        """Compile every scenario now, so that no call waits for it. Raises ScenarioError for the first broken one."""
        for name in self._texts:
            self.get(name)

    def _compile(self, name: str) -> Program:
        text = self._texts.get(name)
        if text is None:
            raise ScenarioError(f"there is no scenario {name!r} in release {self.number}: publish it")
        checked = compile_text(text, self._catalogue, zone=self._zone, country=self._country, name=name)
        if checked.program is None:
            fault = next(fault for fault in checked.faults if fault.severity is Severity.ERROR)
            raise ScenarioError(f"scenario {name!r} of release {self.number} is broken: {fault}")
        return checked.program

    def fitted(self, program: Program, values: Mapping[str, AnyValue] | None) -> dict[str, AnyValue]:
        """Values converted to the types of a scenario's variables. Raises ScenarioError if one does not fit."""
        fitted = {}
        for name, value in (values or {}).items():
            variable = program.variables.get(name)
            if variable is None:
                raise ScenarioError(f"scenario {program.name!r} has no variable {name!r}: declare it there")
            try:
                fitted[name] = convert(value, variable.type, zone=self._zone, country=self._country)
            except BadValueError as error:
                raise ScenarioError(f"variable {name!r} of scenario {program.name!r}: {error}") from error
        return fitted


class Programs:
    """Releases, loaded once."""

    def __init__(self, releases: Releases, catalogue: Catalogue, zone: tzinfo, country: str) -> None:
        self._releases = releases
        self._catalogue = catalogue
        self._zone = zone
        self._country = country
        self._kept: OrderedDict[int, ReleasePrograms] = OrderedDict()
        self._loading = asyncio.Lock()
        """Held by the first of a crowd that begins at one moment, so that the others do not compile it as well."""

    async def of(self, number: int | None = None) -> ReleasePrograms:
        """A release, or the current one. Raises ScenarioError if nothing was published yet."""
        if number is None:
            number = await self._releases.current()
            if number == 0:
                raise ScenarioError("no scenarios were published yet: publish some")
        if number not in self._kept:
            async with self._loading:
                if number not in self._kept:
                    await self._load(number)
        self._kept.move_to_end(number)
        return self._kept[number]

    async def _load(self, number: int) -> None:
        release = await self._releases.load(number)
        self._kept[number] = ReleasePrograms(release, self._catalogue, self._zone, self._country)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
