"""MS SQL as far as the border of its driver: what pymssql is handed, in place of a server."""

import sys
from types import ModuleType
from typing import Any, Self

import pytest

from cordboard.datasource.sql.ports import SqlAwayError, SqlError, SqlQuestion, SqlTimeoutError
from cordboard.datasource.sql.service import SqlService
from cordboard.store.data_sources import StoredSource
from cordboard.testing.sources import KYIV, Sources


class Wire:
    """Stands in for pymssql: keeps what it is handed, gives rows or raises."""

    def __init__(self) -> None:
        self.options: list[dict[str, Any]] = []
        self.executed: list[tuple[str, Any]] = []
        self.ends: list[str] = []
        self.rows: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.refuses: Exception | None = None

    def connect(self, **options: Any) -> "Connection":
        self.options.append(options)
        if self.refuses:
            raise self.refuses
        return Connection(self)


class Connection:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def cursor(self) -> "Cursor":
        return Cursor(self.wire)

    def commit(self) -> None:
        self.wire.ends.append("commit")

    def rollback(self) -> None:
        self.wire.ends.append("rollback")

    def close(self) -> None:
        self.wire.ends.append("close")


class Cursor:
    description: tuple[tuple[str, ...], ...] | None = None
    rowcount = -1

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.left: list[tuple[Any, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, sql: str, parameters: Any = None) -> None:
        if sql.startswith("SET LOCK_TIMEOUT"):
            return
        self.wire.executed.append((sql, parameters))
        if self.wire.fault:
            raise self.wire.fault
        if sql.startswith("SELECT"):
            self.description, self.left = (("a",),), list(self.wire.rows)
        else:
            self.rowcount = 2

    def fetchmany(self, count: int) -> list[tuple[Any, ...]]:
        piece, self.left = self.left[:count], self.left[count:]
        return piece

    def close(self) -> None:
        pass


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    module = ModuleType("pymssql")
    module.connect = made.connect  # type: ignore[attr-defined] # a module of our own
    monkeypatch.setitem(sys.modules, "pymssql", module)
    return made


def source(**more: Any) -> Sources:
    given: dict[str, Any] = {
        "host": "sql.company.com",
        "database": "crm",
        "user": "reader",
        "password": "s3cret",
        "seconds": 4.2,
    } | more
    return Sources({"crm": StoredSource("crm", "mssql", **given)})


async def ask(sources: Sources, text: str, **values: Any) -> Any:
    service = SqlService(sources, zone=lambda: KYIV)
    try:
        return await service.ask(SqlQuestion("crm", text, values))
    finally:
        service.close()


async def test_text_and_values_arrive_apart(wire: Wire) -> None:
    wire.rows = [(1,), (7,)]
    nasty = "'; DROP TABLE x; --"
    text = "SELECT TOP 5 @Found = [a@x] FROM [dbo].[t] WHERE n LIKE '50%' AND p = @Caller OR q = @caller"
    answer = await ask(source(options={"tls": "on"}), text, Found=None, caller=nasty)
    assert wire.executed == [
        ("SELECT TOP 5  [a@x] FROM [dbo].[t] WHERE n LIKE '50%%' AND p = %(p1)s OR q = %(p1)s", {"p1": nasty})
    ]
    assert answer.assigned == {"Found": 7}
    assert wire.options[0] | {"appname": ""} == {
        "server": "sql.company.com", "port": "1433", "user": "reader", "password": "s3cret", "database": "crm",
        "login_timeout": 2, "timeout": 5, "charset": "UTF-8", "appname": "", "autocommit": False,
        "encryption": "require",
    }  # fmt: skip
    assert "commit" not in wire.ends
    assert "rollback" in wire.ends


@pytest.mark.parametrize(
    "text",
    ["DELETE FROM t", "SELECT 1 DELETE FROM t", "SELECT * INTO x FROM t", "EXEC xp_cmdshell 'dir'", "DROP TABLE t"],
)
async def test_what_would_write_never_reaches_the_driver(wire: Wire, text: str) -> None:
    with pytest.raises(SqlError):
        await ask(source(), text)
    assert wire.executed == []


async def test_what_may_write_is_committed(wire: Wire) -> None:
    answer = await ask(source(writes=True), "UPDATE t SET a = @a", a="x")
    assert (answer.changed, "commit" in wire.ends) == (2, True)


async def test_its_faults_are_told_in_a_sentence_without_the_password(wire: Wire) -> None:
    wire.fault = RuntimeError((208, b"Invalid object name 't'. (s3cret) DB-Lib error"))
    with pytest.raises(SqlError, match="the database 'crm' refuses: ") as refused:
        await ask(source(), "SELECT 1")
    assert "s3cret" not in str(refused.value)
    wire.fault = RuntimeError("Adaptive Server connection timed out")
    with pytest.raises(SqlTimeoutError, match=r"has not answered within 4\.2 s"):
        await ask(source(), "SELECT 1")
    wire.refuses = RuntimeError("Unable to connect: Adaptive Server is unavailable")
    with pytest.raises(SqlAwayError, match="does not answer"):
        await ask(source(), "SELECT 1")
