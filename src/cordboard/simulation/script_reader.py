"""From the text of a script, or of a file of tests, to scripts. Never raises: faults carry their place and a hint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from cordboard.scenario.faults import Fault
from cordboard.scenario.rehearsal import StepAnswer
from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import ListNode, MapNode, Node, Scalar, TextError, compose
from cordboard.scenario.values import ValueType, parse, parse_number
from cordboard.simulation.expected import SHAPES, Shape, read_wanted
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.reading import NodeReader
from cordboard.simulation.script import A_VOICE, Beginning, Behaviour, Deed, Given, Posting, Script, SecondCall
from cordboard.telephony import ALL_KEYS

_PARTS = ("name", "scenario", "call", "given", "when", "expect")
DEED_FIELDS = ("hears", "at", "visit", "after", "press", "hang_up", "hold", "event", "start", "call")
_BEHAVIOURS: Mapping[str, Callable[[float], FarEnd]] = {
    "answers": FarEnd.answers,
    "rejects": FarEnd.rejects,
}
STATES: Mapping[str, Callable[[], FarEnd]] = {
    "answers": FarEnd.answers,
    "busy": FarEnd.busy,
    "no_answer": FarEnd.no_answer,
    "rejects": FarEnd.rejects,
    "unreachable": FarEnd.unreachable,
    "silent": FarEnd.silent,
}
PERSON_FIELDS = ("answers", "rejects", "hangs_up", "speaks", "when")
ANSWER_FIELDS = ("exit", "set", "after", "error", "never", "runs")
CALL_FIELDS = tuple(field.name for field in fields(SecondCall))
_ONLY_SHEET = "Sheet1"
_GIVEN = tuple(field.name for field in fields(Given))


@dataclass(frozen=True, slots=True)
class Scripts:
    """What was read; the scripts are of no use if there are faults."""

    scripts: Sequence[Script] = ()
    faults: Sequence[Fault] = field(default_factory=list)


def read_scripts(text: str, *, zone: tzinfo, country: str, scenario: str = "") -> Scripts:
    """One script, or all those under `tests`. Moments are read in `zone`, numbers as `country` writes them.

    `scenario` is what is tried where the text does not say it.
    """
    try:
        root = compose(text)
    except TextError as error:
        return Scripts(faults=[error.fault])
    if not isinstance(root, MapNode):
        line = root.mark.line if root else 1
        hint = said("begin with `scenario: its-name`")
        return Scripts(faults=[Fault(said("a script is a map of names"), hint, line, 1)])
    reader = _ScriptReader(zone, country, scenario)
    scripts = reader.file(root)
    return Scripts(scripts, reader.faults)


class _ScriptReader(NodeReader):
    def __init__(self, zone: tzinfo, country: str, scenario: str) -> None:
        super().__init__()
        self._scenario = scenario
        self._zone = zone
        self._country = country

    def file(self, root: MapNode) -> list[Script]:
        parts = self.fields(root, (*_PARTS, "tests"), said("a script"))
        tests = parts.pop("tests", None)
        if tests is None:
            return [self._script(root, parts, Script(scenario=self._scenario, line=root.mark.line))]
        if "expect" in parts:
            self.fault(parts.pop("expect"), said("what is expected stands in each test"), said("move it there"))
        common = self._script(root, parts, Script(scenario=self._scenario), whole=False)
        found = []
        for name, node in self.map(tests, "tests").items():
            inner = self.fields(node, _PARTS, said("a test"))
            found.append(self._script(node, inner, replace(common, name=name, line=node.mark.line)))
        if not found:
            self.fault(tests, said("there are no tests"), said("write `name: {when: …, expect: …}` under `tests`"))
        return found

    def _script(self, node: Node, parts: Mapping[str, Node], base: Script, *, whole: bool = True) -> Script:
        script = replace(base, name=self.text(parts.get("name")) or base.name)
        if {"scenario", "call"} & parts.keys():
            script = replace(script, scenario=self.text(parts.get("scenario")), call=self.text(parts.get("call")))
        if whole and not (script.scenario or script.call):
            self.fault(node, said("it is not said what is tried"), said("add `scenario: its-name` or `call: number`"))
        if script.scenario and script.call:
            self.fault(node, said("a script tries a scenario or a call"), said("take `scenario` or `call` out"))
        if "given" in parts:
            script = replace(script, given=self._given(parts["given"], script.given))
        if "when" in parts:
            script = replace(script, when=self._deeds(parts["when"]))
        if "expect" in parts:
            wanted = [
                one
                for name, inner in self.fields(parts["expect"], SHAPES, "expect").items()
                for one in read_wanted(self, name, inner)
            ]
            script = replace(script, expect=wanted)
        return script

    # --- given ------------------------------------------------------------------------------------------------

    def _given(self, node: Node, base: Given) -> Given:
        read: Mapping[str, Callable[[Node], Any]] = {
            "moment": self._moment,
            "speaks": self.flag,
            "limit": lambda inner: self.parsed(inner, self._duration, base.limit),
            "variables": lambda inner: {**base.variables, **self.values(inner, "variables")},
            "people": lambda inner: {**base.people, **self._people(inner)},
            "answers": lambda inner: {**base.answers, **self._answers(inner)},
            "tables": lambda inner: {**base.tables, **self._tables(inner)},
            "pins": lambda inner: {**base.pins, **{n: self.text(i) for n, i in self.map(inner, "pins").items()}},
        }
        found = self.fields(node, _GIVEN, "given")
        return replace(base, **{name: read.get(name, self.text)(inner) for name, inner in found.items()})

    def _duration(self, text: str) -> Any:
        return parse(ValueType.DURATION, text, zone=self._zone, country=self._country)

    def _moment(self, node: Node) -> datetime | None:
        def read(text: str) -> datetime | None:
            moment: datetime = parse(ValueType.DATETIME, text, zone=self._zone, country=self._country)
            return moment

        return self.parsed(node, read, None)

    def _people(self, node: Node) -> dict[str, Sequence[Behaviour]]:
        return {
            name: [self._behaviour(item) for item in self.items(inner)]
            for name, inner in self.map(node, "people").items()
        }

    def _behaviour(self, node: Node) -> Behaviour:
        if isinstance(node, Scalar):
            if node.text in STATES:
                return Behaviour(STATES[node.text]())
            hint = said("write {names}, or a map: {{answers: 3s, hangs_up: 20s}}", names=", ".join(STATES))
            self.fault(node, said("nobody behaves as {text!r}", text=node.text), hint)
            return Behaviour(FarEnd())
        parts = self.fields(node, PERSON_FIELDS, said("a person"))
        taken = [name for name in _BEHAVIOURS if name in parts]
        if len(taken) > 1:
            self.fault(node, said("one cannot both answer and reject"), said("take one of them out"))
        far_end = _BEHAVIOURS[taken[0]](self.seconds(parts[taken[0]])) if taken else FarEnd.answers()
        if "hangs_up" in parts:
            far_end = replace(far_end, hangs_up_after=self.seconds(parts["hangs_up"]))
        if "speaks" in parts and self.flag(parts["speaks"]):
            far_end = replace(far_end, voice=A_VOICE)
        return Behaviour(far_end, self._deeds(parts["when"]) if "when" in parts else ())

    def _answers(self, node: Node) -> dict[str, Sequence[StepAnswer | None]]:
        return {
            name: [self._answer(item) for item in self.items(inner)]
            for name, inner in self.map(node, "answers").items()
        }

    def _tables(self, node: Node) -> dict[str, dict[str, list[dict[str, str]]]]:
        return {
            workbook: {
                sheet: [self._row(row) for row in self.items(rows)] for sheet, rows in self._sheets(inner).items()
            }
            for workbook, inner in self.map(node, "tables").items()
        }

    def _sheets(self, node: Node) -> dict[str, Node]:
        """The sheets of a workbook; rows alone are those of its only one."""
        return {_ONLY_SHEET: node} if isinstance(node, ListNode) else self.map(node, said("a workbook"))

    def _row(self, node: Node) -> dict[str, str]:
        return {column: self.text(cell) for column, cell in self.map(node, said("a row")).items()}

    def _answer(self, node: Node) -> StepAnswer | None:
        if isinstance(node, Scalar):
            return StepAnswer(node.text)
        parts = self.fields(node, ANSWER_FIELDS, said("an answer"))
        if "runs" in parts and self.flag(parts["runs"]):
            return None
        if not {"exit", "error", "never"} & parts.keys():
            self.fault(node, said("the answer says no exit"), said("add `exit: …`, `error: words` or `never: true`"))
        never = "never" in parts and self.flag(parts["never"])
        return StepAnswer(
            exit="" if never else self.text(parts.get("exit")),
            values=self.values(parts["set"], "set") if "set" in parts else {},
            seconds=self.seconds(parts["after"]) if "after" in parts else 0.0,
            error=self.text(parts.get("error")),
        )

    # --- when -------------------------------------------------------------------------------------------------

    def _deeds(self, node: Node) -> Sequence[Deed]:
        return tuple(self._deed(item) for item in self.items(node))

    def _deed(self, node: Node) -> Deed:
        parts = self.fields(node, DEED_FIELDS, said("a deed"))
        if "hears" in parts and "at" in parts:
            self.fault(node, said("a deed waits for words or for a step"), said("take `hears` or `at` out"))
        does = [name for name in DEED_FIELDS[4:] if name in parts]
        if len(does) > 1:
            hint = said("make a deed of each: they take place one after the other")
            self.fault(node, said("these are several deeds: {names}", names=", ".join(does)), hint)
        return Deed(
            hears=self.text(parts.get("hears")),
            at=self.text(parts.get("at")),
            visit=self._visit(parts["visit"]) if "visit" in parts else 0,
            after=self.seconds(parts["after"]) if "after" in parts else 0.0,
            press=self._keys(parts["press"]) if "press" in parts else "",
            hang_up="hang_up" in parts and self.flag(parts["hang_up"]),
            hold=self.seconds(parts["hold"]) if "hold" in parts else 0.0,
            event=self._event(parts["event"]) if "event" in parts else None,
            start=self._beginning(parts["start"]) if "start" in parts else None,
            call=self._second_call(parts["call"]) if "call" in parts else None,
            line=node.mark.line,
        )

    def _visit(self, node: Node) -> int:
        number = self.parsed(node, parse_number, Decimal(1))
        if number < 1 or number != int(number):
            self.fault(node, said("{text!r} is no count", text=self.text(node)), said("write 1 for the first time"))
            return 1
        return int(number)

    def _keys(self, node: Node) -> str:
        keys = self.text(node)
        wrong = sorted(set(keys) - set(ALL_KEYS))
        if wrong:
            hint = said('write 0 to 9, * or #; quote them: press: "1#"')
            self.fault(node, said("{key!r} is no key of a telephone", key=wrong[0]), hint)
        return "".join(key for key in keys if key in ALL_KEYS)

    def _event(self, node: Node) -> Posting:
        parts = self.fields(node, ("name", "key", "data"), said("an event"))
        data = self.values(parts["data"], "data") if "data" in parts else {}
        return Posting(self.text(parts.get("name")), self.text(parts.get("key")), data)

    def _beginning(self, node: Node) -> Beginning:
        parts = self.fields(node, ("scenario", "variables", "key"), said("a start"))
        values = self.values(parts["variables"], "variables") if "variables" in parts else {}
        return Beginning(self.text(parts.get("scenario")), values, self.text(parts.get("key")))

    def _second_call(self, node: Node) -> SecondCall:
        if isinstance(node, Scalar):
            return SecondCall(node.text)
        parts = self.fields(node, CALL_FIELDS, said("a call"))
        return SecondCall(
            **{name: self.text(parts.get(name)) for name in CALL_FIELDS if name not in {"speaks", "when"}},
            speaks="speaks" in parts and self.flag(parts["speaks"]),
            when=self._deeds(parts["when"]) if "when" in parts else (),
        )


__all__ = ["Scripts", "Shape", "read_scripts"]
