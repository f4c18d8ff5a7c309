"""`cordboard office`: the whole office as a text, to look at, keep under version control, and bring elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cordboard.cli.common import Data, asynchronous, console, fail, opened, person, settings_for, verbatim
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration, Difference, StaleError
from cordboard.office.configuration_parts import ConfigurationError, Json, Part
from cordboard.office.model import OfficeData
from cordboard.office.repositories import ClashError
from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import ListNode, MapNode, Node, Scalar, TextError, compose
from cordboard.scenario.text.writer import scalar
from cordboard.store.database import KEY_FILE, Store
from cordboard.store.secrets import SecretBox
from cordboard.telephony import SystemClock

app = typer.Typer(help="The whole office as a text.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The text, as `cordboard office export` writes it.")]
_ENCRYPTED = "fernet:"


@app.command("export")
@asynchronous
async def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; otherwise it is printed.")] = None,
    *,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets",
            help="With the passwords of lines, encrypted by this exchange's secret.key: only where the same key lies "
            "can they be read. Otherwise they are left out.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Write users, phones (hashes of their passwords), lines, numbers, routes, groups and all else as one text."""
    settings = settings_for(data)
    async with opened(settings) as store:
        box = SecretBox(settings.data / KEY_FILE) if secrets else None
        text = write_office(await store.office.load(), _configuration(store).parts, box)
    if file is None:
        console.print(verbatim([text.rstrip("\n")]))
        return
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    console.print(f"The office is written to {file}", markup=False)


@app.command()
@asynchronous
async def diff(file: File, data: Data = None) -> None:
    """Show what `import` would change. The status is 1 if there is anything."""
    settings = settings_for(data)
    async with opened(settings) as store:
        found, warnings = await _differences(_configuration(store), file, SecretBox(settings.data / KEY_FILE))
    _show(found, warnings)
    if found:
        raise typer.Exit(1)


@app.command("import")
@asynchronous
async def import_(
    file: File,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Make the office what the text says, all or nothing, after showing what changes.

    What a kind in the text does not list is removed; a kind that is not in the text stays as it is. Passwords that are
    not in the text stay.
    """
    settings = settings_for(data)
    async with opened(settings) as store:
        configuration, box = _configuration(store), SecretBox(settings.data / KEY_FILE)
        found, warnings = await _differences(configuration, file, box)
        _show(found, warnings)
        if not found:
            return
        if not yes and not typer.confirm("Change the office like this?"):
            raise typer.Exit(1)
        try:
            made = await configuration.import_(_read(file, box), Actor(f"office import ({person()})"))
        except (ClashError, ConfigurationError, StaleError) as fault:
            fail(f"Nothing was changed: {fault}")
    console.print(f"{len(made)} changes are made", markup=False)


def _configuration(store: Store) -> Configuration:
    return Configuration(store.office, SystemClock())


async def _differences(
    configuration: Configuration, file: Path, box: SecretBox
) -> tuple[Sequence[Difference], Sequence[str]]:
    try:
        return await configuration.differences(_read(file, box))
    except ConfigurationError as fault:
        fail("\n".join(fault.faults))


def _read(file: Path, box: SecretBox) -> dict[str, dict[str, Json]]:
    try:
        return read_office_text(file.read_text(encoding="utf-8"), box)
    except (OSError, UnicodeDecodeError) as fault:
        fail(f"{file} cannot be read: {fault}")
    except TextError as fault:
        fail(f"{file}: {fault}")
    except ConfigurationError as fault:
        fail("\n".join(f"{file}: {each}" for each in fault.faults))


# --- the text ---------------------------------------------------------------------------------------------------------


def write_office(office: OfficeData, parts: Mapping[str, Part], box: SecretBox | None = None) -> str:
    """The text: kinds in their order, things by their keys, one property a line, without what is as usual.

    Hashes are written, secrets only with a `box` to encrypt them.
    """
    lines = [f"# The office on {datetime.now(UTC):%Y-%m-%d}. Hashes of passwords and PINs: keep it to yourself."]
    for part in parts.values():
        things = {key: _written(part, item, box) for key, item in part.keyed(office).items()}
        if not part.key:
            lines += ["", f"{part.kind}:", *_lines(things[""], 2)]
        elif things:
            lines += ["", f"{part.kind}:", *_lines(dict(sorted(things.items())), 2)]
    return "\n".join(lines) + "\n"


def _written(part: Part, item: Any, box: SecretBox | None) -> Json:
    values = part.stored.model_validate(part.flat(item)).model_dump(mode="json", exclude_defaults=bool(part.key))
    values.pop(part.key, None)
    for name in part.secrets.values():
        if part.hashed is None and name in values:
            if box is None or not values[name]:
                del values[name]
            else:
                values[name] = box.encrypt(values[name])
    return values


def _lines(values: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, value in values.items():
        yield from _entry(" " * indent + scalar(str(name)) + ":", value, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    if not isinstance(value, dict | list):
        yield f"{head} {_plain(value)}"
    elif not value:
        yield f"{head} {'{}' if isinstance(value, dict) else '[]'}"
    elif isinstance(value, dict):
        yield head
        yield from _lines(value, indent + 2)
    else:
        yield head
        for each in value:
            yield from _item(each, indent + 2)


def _item(value: Any, indent: int) -> Iterator[str]:
    """One of a list: its first line begins with a dash."""
    if isinstance(value, dict) and value:
        inner = list(_lines(value, indent + 2))
        yield " " * indent + "- " + inner[0].lstrip()
        yield from inner[1:]
    else:
        yield from _entry(" " * indent + "-", value, indent)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case str() if value != "null":
            return scalar(value)
        case _:
            return f'"{value}"' if value == "null" else str(value)


def read_office_text(text: str, box: SecretBox) -> dict[str, dict[str, Json]]:
    """Kind → key → fields. Raises TextError and ConfigurationError."""
    root = compose(text)
    if not isinstance(root, MapNode):
        raise ConfigurationError([said("an office is a map of kinds: begin with `users:`")])
    found: dict[str, dict[str, Json]] = {}
    for kind, things in _pairs(root):
        if kind == "settings":
            found[kind] = {"": _fields(things, box)}
            continue
        listed = _pairs(things) if isinstance(things, MapNode) else [] if _empty(things) else None
        if listed is None:
            raise ConfigurationError([said("line {line}: {kind} is a map of names", line=things.mark.line, kind=kind)])
        found[kind] = {key: _fields(thing, box) for key, thing in listed}
    return found


def _fields(node: Node, box: SecretBox) -> Json:
    if _empty(node):
        return {}
    value = _value(node, box)
    if not isinstance(value, dict):
        raise ConfigurationError([said("line {line}: write properties here, one a line", line=node.mark.line)])
    return value


def _value(node: Node, box: SecretBox) -> Any:
    match node:
        case Scalar(text=text, plain=plain):
            if plain and text == "null":
                return None
            return box.decrypt(text) if text.startswith(_ENCRYPTED) else text
        case ListNode(items=items):
            return [_value(each, box) for each in items]
        case MapNode():
            return {key: _value(each, box) for key, each in _pairs(node)}
        case _:
            raise AssertionError(node)


def _pairs(node: MapNode) -> list[tuple[str, Node]]:
    found: dict[str, Node] = {}
    for key, value in node.pairs:
        if key.text in found:
            raise ConfigurationError([said("line {line}: {name} stands here twice", line=key.mark.line, name=key.text)])
        found[key.text] = value
    return list(found.items())


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and not node.text


# --- what is shown ----------------------------------------------------------------------------------------------------


def _show(found: Sequence[Difference], warnings: Sequence[str]) -> None:
    lines = [line for each in found for line in _shown(each)]
    console.print(verbatim(lines or ["Nothing would change"]))
    for warning in warnings:
        console.print(f"Then: {warning}", markup=False)


def _shown(each: Difference) -> Iterator[str]:
    sign = "+" if each.before is None else "-" if each.after is None else "~"
    yield f"{sign} {each.kind} {each.key}".rstrip()
    if each.after is None:
        return
    for name, value in each.after.items():
        was = f"{_word(each.before[name])} → " if each.before and name in each.before else ""
        if was or each.before is not None or value not in ("", [], {}, None, False):
            yield "".join(("    ", name, ": ", was, _word(value)))


def _word(value: Any) -> str:
    return str(value) if value not in ("", [], {}, None) else "nothing"
