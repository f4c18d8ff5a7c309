"""In a simulation no database is asked: a step leaves as if it were away, or as the script says."""

from pathlib import Path

from typer.testing import CliRunner

from cordboard.cli.main import app

SCENARIO = """scenario: main
kind: voice
start: ask
variables:
  - {name: count, type: number}
steps:
  ask:
    component: sql_query
    source: crm
    text: SELECT COUNT(*) AS count FROM calls
    exits: {found: many, nothing: none, timeout: away}
  many: {component: play, text: "There are {count}"}
  none: {component: play, text: None}
  away: {component: play, text: It is away}
"""


def test_it_is_away_unless_the_script_says_what_it_answers(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "given.yaml").write_text(
        "scenario: main\ngiven:\n  answers:\n    ask: {exit: found, set: {count: 3}}\n", encoding="utf-8"
    )
    simulate = ["scenario", "simulate", str(tmp_path / "main.yaml"), "--data", str(tmp_path)]
    assert "It is away" in CliRunner().invoke(app, simulate).output
    told = CliRunner().invoke(app, [*simulate, "--script", str(tmp_path / "given.yaml")])
    assert "There are 3" in told.output, told.output
