"""A command whose sub-commands are loaded when they are called: `cordboard --help` answers at once."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cordboard.cli.language import language
from cordboard.locale import tell

if TYPE_CHECKING:
    from typer._click import Command, Context


def group_of(places: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """The group whose commands live at `places`.

    By name: the module and its attribute ("cordboard.cli.up:up"), a function or a Typer application, and the line that
    the list shows.
    """

    class Lazy(TyperGroup):
        def list_commands(self, ctx: "Context") -> list[str]:
            """In the order in which they are written."""
            del ctx
            return list(places)

        def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
            """For the list alone: what is called comes by `resolve_command`."""
            del ctx
            return TyperCommand(cmd_name, help=told(places[cmd_name][1])) if cmd_name in places else None

        def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
            """The real command; an unknown one is refused with the nearest names."""
            if args and args[0] in places:
                return args[0], load(args[0], places[args[0]][0]), args[1:]
            self.commands = dict.fromkeys(places, TyperCommand(None))  # typer looks for similar names here
            return super().resolve_command(ctx, args)

    return Lazy


def load(name: str, place: str) -> "Command":
    """The command at `module:attribute`."""
    module, _, attribute = place.partition(":")
    found: Any = getattr(import_module(module), attribute)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
        command: Command = typer.main.get_command(alone).commands[name]  # type: ignore[attr-defined]  # it is a group
    else:
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    return in_their_words(command)


def in_their_words(command: "Command") -> "Command":
    """The command with its help, and that of its parts, in the language of whoever gives it."""
    if language() == "en":
        return command
    parts = [*command.params, *getattr(command, "commands", {}).values()]
    for each in [command, *parts]:
        if isinstance(help_ := getattr(each, "help", None), str):
            each.help = told(" ".join(help_.split()))
    for each in getattr(command, "commands", {}).values():
        in_their_words(each)
    return command


def told(english: str) -> str:
    """A help in the language of whoever gives commands."""
    return tell(english, language())
