"""All commands, each with the module that holds it. They are loaded when they are called."""

import typer

from cordboard import __version__
from cordboard.cli.lazy import group_of, told

COMMANDS = {
    "up": ("cordboard.cli.up:up", "Start the exchange. The first start makes the demo office; Ctrl-C stops."),
    "dial": (
        "cordboard.cli.dial:dial",
        "Call a number with a scripted phone (real SIP and RTP) and tell what happened.",
    ),
    "demo": (
        "cordboard.cli.demo:demo",
        "Start an exchange of its own on free ports, call the demo's scenarios, and tell what happened.",
    ),
    "outside": (
        "cordboard.cli.outside:outside",
        "Answer calls to any number: those that end in 9 are busy, in 8 nobody answers, all others play a tone.",
    ),
    "scenario": ("cordboard.cli.scenarios:app", "Scenarios: check, publish, compare, go back, simulate, test."),
    "hook": (
        "cordboard.cli.hooks:app",
        "What starts scenarios by itself: calls and numbers, events, schedules, the end of a talk.",
    ),
    "run": ("cordboard.cli.runs:app", "Runs of scenarios, living and past."),
    "log": (
        "cordboard.cli.log:show",
        "Show the newest calls: each chain with its legs, who was joined with whom, and the scenarios that took part.",
    ),
    "user": ("cordboard.cli.users:app", "The people of the office and their phones."),
    "line": ("cordboard.cli.lines:app", "External lines."),
    "office": ("cordboard.cli.office_text:app", "The whole office as a text."),
    "list": ("cordboard.cli.lists:app", "Lists of numbers: unwanted callers, important clients."),
    "prompt": ("cordboard.cli.prompt:app", "Recorded prompts."),
    "voice": ("cordboard.cli.voice:app", "Voices, and the cache of what they have spoken."),
    "account": ("cordboard.cli.accounts:app", "Who may sign in by a name and a password, and as what."),
    "token": ("cordboard.cli.tokens:app", "Tokens of programs that use the HTTP API."),
    "outbox": ("cordboard.cli.outbox:app", "Mails and webhooks on their way."),
    "mail": ("cordboard.cli.outbox:mail", "The office's mail server."),
    "sms": ("cordboard.cli.sms:app", "SMS: lines to the mobile network, limits, and the messages."),
    "webhook": ("cordboard.cli.outbox:webhook", "Whom webhooks may call, and how they are signed."),
    "source": ("cordboard.cli.source:app", "Databases that scenarios may ask."),
    "workbook": ("cordboard.cli.workbook:app", "Workbooks of scenarios: who has them open, what waits to be written."),
    "web": ("cordboard.cli.web:app", "Web services that scenarios ask."),
    "manual": (
        "cordboard.cli.manual:write",
        "Write the manual of all components, in English, Russian and Ukrainian.",
    ),
}
"""By name: where it is, and what the list of commands says of it (the first sentence of its own help)."""

ABOUT = "An office telephone exchange whose behaviour is drawn as call scenarios."
VERSION = "Print the version."

app = typer.Typer(
    cls=group_of(COMMANDS),
    help=told(ABOUT),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cordboard {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help=told(VERSION)),
) -> None:
    """See the app's help."""
    del version
