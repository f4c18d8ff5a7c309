"""Ask a database."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from cordboard.datasource.sql.ports import (
    SqlAnswer,
    SqlError,
    SqlQuestion,
    SqlSources,
    SqlTextError,
    SqlTimeoutError,
    check_text,
    variables_of,
)
from cordboard.scenario.component import Component, Example, VariableName
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import Names, Refers, Widget
from cordboard.scenario.said import said
from cordboard.scenario.values import Money
from cordboard.telephony import PhoneNumber


class SqlQuery(Component):
    """Asks a database of the company, or the exchange's own call log, and takes what it answers into variables.

    Databases are named by the administrator (`cordboard source set`) and asked in their own SQL; a database that may
    be written must be set so. The call log (no database named, or `oktell`) is asked in T-SQL, as scenarios for MS SQL
    have it: `[oktell].[dbo].[A_Stat_Connections_1x1]`.

    `@name` in the text is the value of the variable `name`. It is always a value and never becomes a part of the query,
    whatever a caller has sent. `SELECT @count = COUNT(*) ...` puts a column into the variable: of several rows the last
    one counts, without a row the variable stays as it is. A query that changes data is done again if the exchange was
    stopped in between: write it so that this does no harm (`UPDATE` of one row by its key).

    Exits: *found*; *nothing* if there was no row, or none was changed; *timeout* if the database is down or too slow.
    """

    kind = "sql_query"
    title = "Ask a database"
    group = "data"
    outside = True
    examples = (
        Example(
            "How often this number has talked to an employee before.",
            "talks:\n  component: sql_query\n  text: |\n"
            "    SELECT @CallCount = COUNT([AOutNumber])\n"
            "      FROM [oktell].[dbo].[A_Stat_Connections_1x1]\n"
            "      WHERE NOT ([BLineNum] = 'IVR') AND @CallerID = [AOutNumber]",
        ),
        Example(
            "The customer's name and segment: the columns are called as the variables.",
            "card:\n  component: sql_query\n  source: crm\n  same_names: yes\n"
            "  text: SELECT name, segment FROM clients WHERE phone = @phone LIMIT 1",
        ),
        Example(
            "Those who owe something, as a list of records.",
            "debtors:\n  component: sql_query\n  source: crm\n  rows: found\n  most: 500\n  longest: 20s\n"
            "  text: SELECT id, phone, debt FROM clients WHERE debt > 0 ORDER BY id",
        ),
    )

    source: Annotated[str, Refers("source")] = ""
    """The database. Empty: the exchange's own call log."""
    text: Annotated[str, Names(variables_of), Widget("sql")]
    """The query. It takes no inserts and no expressions: write `@name` for the value of a variable."""
    same_names: bool = False
    """Whether the first row goes into the variables that are called as its columns."""
    row: VariableName = ""
    """The variable that takes the first row: a record by the names of the columns."""
    rows: VariableName = ""
    """The variable that takes all rows: a list of records."""
    most: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How many rows are taken at most."""
    changed: VariableName = ""
    """The variable that takes how many rows were changed, if the query changes data."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] | None = None
    """How long it may take: `10s`. Empty: as the database is set, so that a caller need not wait."""
    problem: VariableName = ""
    """The variable that takes in words why there is no answer in time; it is emptied otherwise."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        NOTHING = "nothing"
        TIMEOUT = "timeout"

    @model_validator(mode="after")
    def _check_text(self) -> Self:
        try:
            check_text(self.source, self.text)
        except SqlTextError as fault:
            raise ValueError(said("this query cannot be understood: {why}", why=fault)) from fault
        return self

    async def run(self, ctx: Context) -> str:
        """Ask."""
        question = SqlQuestion(
            self.source,
            self.text,
            _values(self.text, ctx.values),
            self.longest.total_seconds() if self.longest is not None else None,
            self.most,
        )
        try:
            answer = await ctx.port(SqlSources).ask(question)
        except SqlTimeoutError as fault:
            ctx.log.warning("no answer: %s", fault)
            ctx.set(self.problem, str(fault))
            return self.Exit.TIMEOUT
        except SqlError as fault:
            raise ScenarioError(str(fault)) from fault
        ctx.set(self.problem, "")
        if answer.more:
            ctx.log.warning("there were more than %d rows: only these are taken", self.most)
        self._take(ctx, answer)
        return self.Exit.FOUND if answer.found else self.Exit.NOTHING

    def _take(self, ctx: Context, answer: SqlAnswer) -> None:
        for name, value in answer.assigned.items():
            ctx.set(name, value)
        first = dict(answer.rows[0]) if answer.rows else {}
        if self.same_names:
            for name, value in _same(first, list(ctx.values)).items():
                ctx.set(name, value)
        ctx.set(self.row, first)
        ctx.set(self.rows, [dict(row) for row in answer.rows])
        ctx.set(self.changed, answer.changed)


def _values(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables as databases know their types. All of them: the dialect of the text is not known here."""
    lowered = text.casefold()
    return {name: _plain(value) for name, value in variables.items() if f"@{name.casefold()}" in lowered}


def _plain(value: Any) -> Any:
    if isinstance(value, PhoneNumber):
        return value.written
    return value.amount if isinstance(value, Money) else value


def _same(row: Mapping[str, Any], variables: Sequence[str]) -> Mapping[str, Any]:
    columns = {name.casefold(): value for name, value in row.items()}
    return {name: columns[name.casefold()] for name in variables if name.casefold() in columns}
