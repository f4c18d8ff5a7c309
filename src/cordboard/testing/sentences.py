"""The sentences that the source says to users: found in its code, as templates."""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

SOURCE = Path(__file__).parents[1]
ROOMS = (
    *("scenario", "components", "simulation", "office", "speech", "store", "config.py"),
    *("datasource", "outbox", "switch/texts.py", "wiring/sms.py"),
)
"""Where an error reaches a user: in a trace, in a list of deliveries or of lines, or as the answer of a command."""
TOLD = ("cli",)
"""Commands: what they print and the heads of their tables. Their helps are asked of the commands themselves."""
LOGGED = frozenset(
    {
        # What comes in and cannot be read is passed over: only the log tells of it.
        "outbox/sms/pdu.py",
        "outbox/sms/pdu_header.py",
        "outbox/sms/smpp_incoming.py",
        # Rules for whoever writes components or code: no user can break them.
        "scenario/catalogue.py",
        "scenario/component.py",
        "scenario/properties.py",
        "store/tables.py",
        "office/recordings.py",
        "office/listing.py",
    }
)
"""Modules of these rooms that say nothing to users."""
_SAYING = frozenset({"said"})
_ERRORS = frozenset(
    {"ScenarioError", "BadValueError", "ExpressionError", "EvaluationError", "ValueError", "LimitReached"}
    | {"SpeechError", "SimulationError", "BadScheduleError", "EngineError", "PromptError", "SpeechConfigError"}
    | {"WebError", "NoAnswerError", "WebTimeoutError", "NotReachedError", "NotAllowedError", "LostError"}
    | {"OutOfTimeError", "TooLargeError", "BadUrlError", "BadPathError", "BadAnswerError"}
    | {"WorkbookError", "BusyError", "ChangedError", "SeveralRowsError"}
    | {"SqlError", "SqlTextError", "SqlTimeoutError", "SqlAwayError"}
    | {"TemporaryError", "PermanentError", "UncertainError", "PostponedError", "BadAddressError", "TooLongError"}
    | {"ProviderFileError", "Refusal", "SilentError", "GoneError", "NoPromptError", "ClosedError", "NotSentError"}
    | {"TextPutOffError", "TextRefusedError", "TextUnansweredError"}
    | {"StoreError", "StoreUnusableError", "ConflictError", "SettingsError"}
)
_GIVEN_TO = (
    _ERRORS
    | {"Fault", "Failure", "_fault", "fault", "report", "add", "warn", "fail", "told", "print"}
    | {"Applied", "Receipt", "one_line", "TextState", "LineSetting", "Watched", "refuse", "_remember", "__init__"}
)
"""What takes a message, and perhaps a hint."""
_HINTS = frozenset({"hint", "message", "error", "note"})
_NAMED = _HINTS | {
    "words",
    "faults",
    "refusal",
    "_note",
    "_gone",
    "_closed",
    "_away_words",
    "_HINT",
    "_NOTE",
    "_WORDS",
    "_READ_ONLY",
}
"""Variables that hold a sentence until it is said."""
_SAYERS = frozenset(
    {"busy", "words", "note", "trouble", "why_unusable", "_sentence"}
    | {"late", "away", "refuses", "where", "_parse_words"}
)
"""Functions whose answer is a sentence."""
_TABLES = frozenset({"_CMS", "_CME", "_TABLE", "_FAULTS", "_WORDS", "_TROUBLE", "_REGISTRATIONS", "_UNCLOSED"})
"""Sentences by what they are about."""

Constants = Mapping[str, str]


def sentences() -> dict[str, str]:
    """Template to the file in which it stands. Values are numbered in an f-string and named in `said`."""
    found: dict[str, str] = {}
    for file in files(*ROOMS, *TOLD):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        place = str(file.relative_to(SOURCE))
        constants = _constants(tree)
        for node in ast.walk(tree):
            for text in _of(node, constants):
                found.setdefault(text, place)
    return found


def files(*rooms: str) -> Iterator[Path]:
    """The modules of rooms, or those that are named."""
    for room in rooms:
        path = SOURCE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if str(file.relative_to(SOURCE)) not in LOGGED:
                yield file


def lost(file: Path, excused: Mapping[str, str]) -> list[str]:
    """Where a sentence is said in such a way that it cannot be found here; but for the expressions in `excused`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = file.relative_to(SOURCE)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name, first = _name(node), node.args[0]
        if name in _SAYING and not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            found.append(f"{place}:{node.lineno}: said() takes a literal, not {ast.unparse(first)}")
        elif name in _ERRORS | {"Fault", "Failure"} and not _is_found(first) and ast.unparse(first) not in excused:
            found.append(f"{place}:{node.lineno}: {name} is given {ast.unparse(first)}")
    return found


def _is_found(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Call():
            text = ast.unparse(node)
            return _name(node) in _SAYING | _SAYERS or text.startswith("str(") or "one_line(f" in text
        case ast.IfExp():
            return _is_found(node.body) and _is_found(node.orelse)
        case ast.Name(id=name):
            # Assigned nearby, where it is found; or handed on.
            return name in _NAMED | {"text"} or name.isupper()
        case ast.Attribute(attr=name):
            return name in _NAMED | _SAYERS
        case ast.Subscript(value=ast.Attribute(attr="args")):
            return True
    return False


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _constants(tree: ast.Module) -> Constants:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _of(node: ast.AST, constants: Constants) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = _name(node)
        if name in _SAYING and node.args and isinstance(node.args[0], ast.Constant):
            # How a value is written makes no difference to its translation.
            yield re.sub(r"\{(\w+)![rs]\}", r"{\1}", str(node.args[0].value))
        elif name in _GIVEN_TO and ast.unparse(node.func) != "call.refuse":  # that is the far end's own words
            given = [*node.args, *(each.value for each in node.keywords if each.arg in _HINTS)]
            texts = (text for each in given for text in _literal(each, constants))
            yield from (line for text in texts for line in (_lines(text) if name == "print" else [text]))
        elif name == "append" and "faults" in ast.unparse(node.func):
            yield from _literal(node.args[0], constants)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
        yield from _assigned(node, node.value, constants)
    elif isinstance(node, ast.FunctionDef) and node.name in _SAYERS:
        answers = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
        yield from (text for answer in answers for text in _literal(answer, constants))
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from (text for text in _literal(node.value, constants) if text.startswith("did you mean"))
    elif isinstance(node, ast.Yield) and node.value is not None:
        yield from _literal(node.value, constants)


def _assigned(node: ast.Assign | ast.AugAssign | ast.AnnAssign, value: ast.expr, constants: Constants) -> Iterator[str]:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
    if name in _TABLES:
        rows = [row for each in ast.walk(value) if isinstance(each, ast.Dict) for row in each.values]
        cells = [cell for row in rows for cell in (row.elts if isinstance(row, ast.Tuple) else [row])]
        yield from (text for cell in cells for text in _literal(cell, constants))
    elif name in _NAMED:
        parts = value.elts if isinstance(value, ast.List) else [getattr(value, "elt", value)]
        yield from (text for part in parts for text in _literal(part, constants))


def _lines(template: str) -> Iterator[str]:
    """What is printed is told a line at a time, each with its own numbers."""
    for line in map(str.strip, template.split("\n")):
        numbers = itertools.count()
        if " " in line and len(re.sub(r"\{\d+\}|\W", "", line)) > 3:
            yield re.sub(r"(?<!\{)\{\d+\}", lambda _: f"{{{next(numbers)}}}", line)  # noqa: B023 - used at once


def heads() -> set[str]:
    """The heads of the tables that commands print."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files("cli"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) == "Table")
    return {str(each.value) for call in calls for each in call.args if isinstance(each, ast.Constant) and each.value}


def helps() -> dict[str, str]:
    """What the commands say of themselves and their options, to the place where they stand."""
    from cordboard.cli.lazy import load  # noqa: PLC0415  (all commands are loaded: only this asks for them)
    from cordboard.cli.main import ABOUT, COMMANDS, VERSION  # noqa: PLC0415

    found = dict.fromkeys((ABOUT, VERSION), "cli/main.py")
    for name, (place, line) in COMMANDS.items():
        found[line] = place
        commands = [load(name, place)]
        while commands:
            command = commands.pop()
            commands += getattr(command, "commands", {}).values()
            for each in [command, *command.params]:
                if (help_ := getattr(each, "help", None)) and getattr(each, "name", "") != "help":
                    found[" ".join(help_.split())] = place
    return found


def _literal(node: ast.expr, constants: Constants) -> Iterator[str]:
    """Words with a blank between them: the rest are names and signs."""
    match node:
        case ast.IfExp():
            yield from _literal(node.body, constants)
            yield from _literal(node.orelse, constants)
        case ast.BoolOp():
            for value in node.values:
                yield from _literal(value, constants)
        case ast.Name(id=name) if name in constants:
            yield from _literal(ast.Constant(constants[name]), constants)
        case ast.Constant(value=str() as text) if " " in text.strip() and len(text) > 8:
            yield text
        case ast.JoinedStr():
            parts, number = [], 0
            for each in node.values:
                if isinstance(each, ast.Constant):
                    parts.append(str(each.value).replace("{", "{{").replace("}", "}}"))
                else:
                    parts.append(f"{{{number}}}")
                    number += 1
                    yield from _within(each, constants)
            if " " in (text := "".join(parts)).strip() and len(text) > 8:
                yield text


def _within(place: ast.expr, constants: Constants) -> Iterator[str]:
    """What may stand at a place of an f-string, if it is written there."""
    if isinstance(place, ast.FormattedValue) and isinstance(place.value, ast.IfExp | ast.BoolOp | ast.Name):
        yield from _literal(place.value, constants)
