"""All commands, each with the module that holds it."""

import typer

from cordboard import __version__
from cordboard.cli import hooks, lines, log, manual, outbox, runs, scenarios, tokens, users
from cordboard.cli.demo import demo
from cordboard.cli.dial import dial
from cordboard.cli.outside import outside
from cordboard.cli.replay import replay_run
from cordboard.cli.scenario_tests import run_tests
from cordboard.cli.simulate import simulate
from cordboard.cli.up import up

app = typer.Typer(
    help="An office telephone exchange whose behaviour is drawn as call scenarios.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(dial)
app.command()(demo)
app.command()(outside)
scenarios.app.command("simulate")(simulate)
scenarios.app.command("test")(run_tests)
scenarios.app.command("replay")(replay_run)
app.add_typer(scenarios.app, name="scenario")
app.add_typer(users.app, name="user")
app.add_typer(lines.app, name="line")
app.add_typer(hooks.app, name="hook")
app.add_typer(runs.app, name="run")
app.add_typer(tokens.app, name="token")
app.add_typer(outbox.app, name="outbox")
app.add_typer(outbox.mail, name="mail")
app.add_typer(outbox.webhook, name="webhook")
app.command("log")(log.show)
app.command("manual")(manual.write)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cordboard {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """See the app's help."""
    del version
