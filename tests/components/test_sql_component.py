"""Asking a database from a scenario."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.components import all_components
from cordboard.datasource.sql.ports import SqlAnswer, SqlAwayError, SqlError, SqlQuestion, SqlSources, SqlTimeoutError
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service
from cordboard.testing.sources import log_service, logged, prepared_log

VARIABLES = """
- {name: CallerID, value: "+380671234567"}
- {name: phone, type: phone, value: "067 123-45-67"}
- {name: CallCount, type: number, value: 7}
- {name: name}
- {name: debt, type: number}
- {name: owed, type: money, value: 12.50 UAH}
- {name: all, type: list}
- {name: one, type: record}
- {name: problem, value: something}
- {name: changed, type: number}
"""
FIRST_CALL = """|
    SELECT @CallCount = COUNT([AOutNumber])
      FROM [oktell].[dbo].[A_Stat_Connections_1x1]
      WHERE NOT ([BLineNum] = 'IVR') AND @CallerID = [AOutNumber]
"""


class Scripted:
    """Implements `SqlSources`: gives what it is told to, or raises it."""

    def __init__(self, given: SqlAnswer | Exception) -> None:
        self.given = given
        self.asked: list[SqlQuestion] = []

    async def ask(self, question: SqlQuestion) -> SqlAnswer:
        self.asked.append(question)
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


def step(text: str, **properties: str) -> str:
    more = "".join(f"  {name}: {value}\n" for name, value in properties.items())
    return f"a:\n  component: sql_query\n{more}  text: {text}\n"


async def asked(given: SqlAnswer | Exception, text: str = "SELECT 1", **properties: str) -> tuple[Scripted, Trial]:
    sources = Scripted(given)
    scenario = service(step(text, **properties), name="main", variables=VARIABLES)
    async with Trial(scenario, ports={SqlSources: sources}) as trial:
        await trial.start("main")
        await trial.ended()
    return sources, trial


@virtual_time
async def test_what_is_asked() -> None:
    sources, trial = await asked(
        SqlAnswer(assigned={"CallCount": Decimal(2)}),
        '"SELECT @CallCount = COUNT(*) FROM c WHERE phone IN (@PHONE, @callerid) AND sum = @owed"',
        source="crm",
        longest="10s",
        most="5",
    )
    assert (trial.path, trial.variables["CallCount"]) == (["a.found"], "2")
    (question,) = sources.asked
    assert (question.source, question.seconds, question.rows) == ("crm", 10.0, 5)
    assert dict(question.values) == {
        "CallerID": "+380671234567",
        "phone": "067 123-45-67",
        "CallCount": Decimal(7),
        "owed": Decimal("12.50"),
    }


@virtual_time
async def test_rows_go_into_variables() -> None:
    rows = ({"Name": "Олена", "DEBT": Decimal("12.50"), "other": 1}, {"Name": "Петро", "DEBT": None, "other": 2})
    answer = SqlAnswer(("Name", "DEBT", "other"), rows)
    _, trial = await asked(answer, source="crm", same_names="yes", rows="all", row="one", problem="problem")
    assert trial.path == ["a.found"]
    assert trial.variables["name"] == "Олена"
    assert trial.variables["all"] == "Name: Олена, DEBT: 12.5, other: 1, Name: Петро, DEBT: , other: 2"
    assert trial.variables["one"] == "Name: Олена, DEBT: 12.5, other: 1"
    assert trial.variables["problem"] == ""


@virtual_time
@pytest.mark.parametrize(
    ("given", "path", "problem"),
    [
        (SqlAnswer(), "a.nothing", ""),
        (SqlAnswer(changed=0), "a.nothing", ""),
        (SqlAnswer(changed=3), "a.found", ""),
        (SqlTimeoutError("it is slow"), "a.timeout", "it is slow"),
        (SqlAwayError("it is down"), "a.timeout", "it is down"),
        (SqlError("no such source"), "a.error", "something"),
    ],
)
async def test_it_leaves_by_what_came_of_it(given: SqlAnswer | Exception, path: str, problem: str) -> None:
    _, trial = await asked(given, source="crm", problem="problem", changed="changed")
    assert trial.variables["problem"] == problem
    if path == "a.error":
        assert trial.steps[0].error == "no such source"
    else:
        assert trial.path == [path]


@virtual_time
async def test_without_a_row_the_variable_stays() -> None:
    _, trial = await asked(SqlAnswer(), '"SELECT @CallCount = a FROM t"', source="crm")
    assert (trial.path, trial.variables["CallCount"]) == (["a.nothing"], "7")


@pytest.mark.parametrize(
    ("text", "source", "words"),
    [
        ('"SELECT @nope = 1"', "", "line 1, column 8: there is no variable 'nope'"),
        (
            "|\n    SELECT 1\n      FROM c WHERE a = @Calerid",
            "crm",
            "line 2, column 20: there is no variable 'Calerid'",
        ),
        ('"SELECT @CallCount = FROM x"', "", "this query cannot be understood: line 1, column"),
        ('"SELECT @CallCount = COUNT(*), CallerID FROM x"', "", "gives no columns besides"),
        ('"DROP TABLE x"', "crm", "a query begins with SELECT, not with 'DROP'"),
        ('"=name"', "crm", "a query begins with SELECT"),
        ('"SELECT 1; SELECT 2"', "crm", "one statement is possible"),
    ],
)
def test_a_mistake_is_told_when_the_scenario_is_saved(text: str, source: str, words: str) -> None:
    scenario = service(step(text, **({"source": source} if source else {})), name="main", variables=VARIABLES)
    faults = check(scenario, Catalogue(all_components()), zone=ZoneInfo("Europe/Kyiv"), country="UA")
    errors = [fault for fault in faults if fault.severity is Severity.ERROR]
    assert [fault.step for fault in errors] == ["a"]
    assert words in errors[0].message


def test_braces_and_cases_of_letters_are_no_mistake() -> None:
    text = "\"SELECT '{caller}' FROM c WHERE a = @callerID AND b = '@x'\""
    scenario = service(step(text, source="crm"), name="main", variables=VARIABLES)
    faults = check(scenario, Catalogue(all_components()), zone=ZoneInfo("Europe/Kyiv"), country="UA")
    assert [fault for fault in faults if fault.severity is Severity.ERROR] == []


async def test_the_query_of_the_first_call_runs_as_it_stands(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        logged("1", f"{date(2026, 11, 16)} 09:00:00", AOutNumber="+380671234567"),
        logged("2", f"{date(2026, 11, 16)} 09:05:00", AOutNumber="+380671234567", BLineNum="102"),
        logged("3", f"{date(2026, 11, 16)} 09:05:00", AOutNumber="+380671234567", BLineNum="IVR"),
    ]
    sources = log_service(prepared_log("sqlite", tmp_path, rows))
    scenario = service(step(FIRST_CALL), name="main", variables=VARIABLES)
    try:
        async with Trial(scenario, ports={SqlSources: sources}) as trial:
            await trial.start("main")
            await trial.ended()
    finally:
        sources.close()
    assert (trial.path, trial.variables["CallCount"]) == (["a.found"], "2")
