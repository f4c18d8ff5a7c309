"""Texts of foreign sources: where variables stand, what is assigned, what is refused."""

import pytest

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.scanning import scan, variables
from cordboard.datasource.sql.statement import Statement
from cordboard.datasource.sql.texts import SqlKind, check_text, variables_of

PG, MY, MS, LITE, ODBC = SqlKind.POSTGRESQL, SqlKind.MYSQL, SqlKind.MSSQL, SqlKind.SQLITE, SqlKind.ODBC


def built(text: str, kind: SqlKind) -> str:
    return Statement.of(text, kind).build(lambda name: f"<{name}>", percent=False)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (PG, "SELECT @a, '@a', \"@a\", $$@a$$, E'\\'@a' -- @a\n/* @a /* @a */ @a */, 1", None),
        (PG, "SELECT @a FROM t WHERE x @> '{}' AND y[1] = @Б", "SELECT <a> FROM t WHERE x @> '{}' AND y[1] = <Б>"),
        (PG, "SELECT $tag$ ' @a $tag$ || @a", "SELECT $tag$ ' @a $tag$ || <a>"),
        (MY, "SELECT @a, '\\'@a', \"@a\", `@a` # @a\n, @@version -- @a\n, 1", None),
        (MY, "SELECT 5--@a", "SELECT 5--<a>"),
        (MS, "SELECT TOP (@n) [@a]]@a], N'@a''@a', @@ROWCOUNT", "SELECT TOP (<n>) [@a]]@a], N'@a''@a', @@ROWCOUNT"),
        (LITE, "SELECT @a, [@a], `@a`, \"@a\", 'it''s @a' /* @a */, 1", None),
        (LITE, "SELECT 1, @a -- what ends it is left out", "SELECT 1, <a>"),
        (ODBC, "SELECT '50%' LIKE @a", "SELECT '50%' LIKE <a>"),
    ],
)  # fmt: skip
def test_variables_are_found_where_they_are_variables(kind: SqlKind, text: str, expected: str | None) -> None:
    assert built(text, kind) == (expected or text.replace("SELECT @a", "SELECT <a>"))
    assert "".join(token.text for token in scan(text, kind)) == text


def test_a_per_cent_sign_is_doubled_for_drivers_that_read_it() -> None:
    statement = Statement.of("SELECT '%' WHERE a LIKE @x", PG)
    assert statement.build(lambda name: f"%({name})s", percent=True) == "SELECT '%%' WHERE a LIKE %(x)s"


@pytest.mark.parametrize(
    ("text", "assigned", "left"),
    [
        ("SELECT @a = COUNT(*) FROM t WHERE @b = x", ("a",), "SELECT  COUNT(*) FROM t WHERE <b> = x"),
        ("select distinct top (5) @a=f(x, @b), @c = (SELECT @d) from t", ("a", "c"),
         "select distinct top (5) f(x, <b>),  (SELECT <d>) from t"),
        ("WITH q AS (SELECT 1 x) SELECT TOP 1 @a = x FROM q", ("a",), "WITH q AS (SELECT 1 x) SELECT TOP 1  x FROM q"),
        ("SELECT a, @b FROM t", (), "SELECT a, <b> FROM t"),
        ("SELECT a = @b FROM t", (), "SELECT a = <b> FROM t"),
    ],
)  # fmt: skip
def test_assignments_are_taken_out_of_the_text(text: str, assigned: tuple[str, ...], left: str) -> None:
    statement = Statement.of(text, MS)
    assert tuple(statement.assigned) == assigned
    assert statement.build(lambda name: f"<{name}>", percent=False) == left


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (PG, "SELECT 1; DROP TABLE t", "line 1, column 9: one statement is possible"),
        (PG, "  \n DROP TABLE t", "line 2, column 2: a query begins with SELECT, not with 'DROP'"),
        (PG, "SET x = 1", "not with 'SET'"),
        (PG, "COPY t TO PROGRAM 'x'", "not with 'COPY'"),
        (LITE, "ATTACH 'x' AS y", "not with 'ATTACH'"),
        (LITE, "PRAGMA query_only=OFF", "not with 'PRAGMA'"),
        (MY, "SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "holds a statement"),
        (MY, "SELECT 1 /*M!100 ; */", "holds a statement"),
        (MS, "SELECT 'a", "line 1, column 8"),
        (MS, "SELECT [a", "is not closed"),
        (PG, "SELECT 1 /* /* */", "is not closed"),
        (PG, "-- nothing", "the query is empty"),
        (MS, "SELECT @a = 1, b FROM t", "line 1, column 16: a query that assigns"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(kind: SqlKind, text: str, words: str) -> None:
    with pytest.raises(SqlTextError) as refused:
        Statement.of(text, kind)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("SELECT a FROM t", False),
        ("SELECT 'INSERT INTO x', [drop], REPLACE(a, 'b', 'c') FROM t -- delete", False),
        ("SELECT 1 DELETE FROM t", True),  # MS SQL needs no semicolon
        ("SELECT * INTO x FROM t", True),
        ("WITH x AS (SELECT 1 a) UPDATE t SET b = 1", True),
        ("UPDATE t SET a = 1", True),
        ("EXEC sp_who", True),
    ],
)
def test_statements_that_write_are_known(text: str, writes: bool) -> None:
    assert Statement.of(text, MS).writes is writes


def test_the_variables_of_a_text() -> None:
    places = {"A": "line 1, column 8", "b": "line 1, column 13", "Є": "line 2, column 23"}
    assert variables("SELECT @A = @b FROM t\n WHERE c = @a AND d = @Є", MS) == places
    assert variables_of("SELECT @A = @b FROM t\n WHERE c = @a AND d = @Є") == places
    assert variables_of("SELECT '\\'@a', @b FROM t") == {"b": "line 1, column 16"}, "in MySQL @a stands in a string"


def test_a_text_is_checked_before_anybody_is_asked() -> None:
    check_text("", "SELECT @x = COUNT(*) FROM A_Stat_Connections_1x1")
    check_text("crm", "SELECT name FROM clients WHERE phone = @phone LIMIT 1")
    with pytest.raises(SqlTextError, match="line 1, column"):
        check_text("oktell", "SELECT @x = FROM y")
    with pytest.raises(SqlTextError, match="longer than"):
        check_text("crm", "SELECT " + "1," * 20_000 + "1")
