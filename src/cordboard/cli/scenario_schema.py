"""`cordboard scenario schema`: for editors."""

import json

import typer

from cordboard.components import catalogue
from cordboard.scenario.json_schema import json_schema


def add_to(app: typer.Typer) -> None:
    """Put the command under `cordboard scenario`."""
    app.command("schema")(schema)


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check YAML by one."""
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """As it stands in docs/scenario.schema.json."""
    return json.dumps(json_schema(catalogue()), ensure_ascii=False, indent=1) + "\n"
