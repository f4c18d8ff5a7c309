"""SELECT of T-SQL: where columns come from, groups, order, UNION, queries inside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from sqlglot import exp

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.tsql_types import MOMENTS, NUMERIC, Column, Holds, Origin, Part, Scope, only, refuse
from cordboard.datasource.sql.tsql_values import Values

Node: TypeAlias = exp.Expression

_JOINS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("", ""): "JOIN",
        ("", "INNER"): "JOIN",
        ("LEFT", ""): "LEFT JOIN",
        ("LEFT", "OUTER"): "LEFT JOIN",
        ("RIGHT", ""): "RIGHT JOIN",
        ("RIGHT", "OUTER"): "RIGHT JOIN",
        ("FULL", ""): "FULL JOIN",
        ("FULL", "OUTER"): "FULL JOIN",
        ("", "CROSS"): "CROSS JOIN",
    }
)
_HINTS = frozenset({"NOLOCK", "READUNCOMMITTED", "READPAST"})
_DATABASES = frozenset({"", "oktell"})
_SCHEMAS = frozenset({"", "dbo"})
_MOST_ROWS = 1_000_000


class Selects(Values):
    """The part of the compiler for queries."""

    views: Mapping[str, tuple[str, Mapping[str, Holds]]]
    named: dict[str, Node]
    """Queries of WITH by name in small letters."""
    origins: int

    def query(self, tree: Node, columns: Sequence[Node] = ()) -> tuple[str, Sequence[Column]]:
        """A SELECT or a UNION, as SQL whose columns are c1, c2 and so on. `columns` stand in for its own."""
        outer, named = self.scope, self.named
        self.named = dict(named)
        try:
            if isinstance(tree, exp.Subquery) and not tree.args.get("alias"):
                only(tree, "this")
                return self.query(tree.this, columns)
            self._with(tree)
            if isinstance(tree, exp.Union):
                return self._union(tree)
            if not isinstance(tree, exp.Select):
                refuse(tree)
            self.scope = Scope(outer)
            return self._select(tree, columns or tree.expressions)
        finally:
            self.scope, self.named = outer, named

    def column(self, node: exp.Column) -> Part:
        """A column by its name, of the nearest SELECT that has it."""
        only(node, "this", "table")
        if isinstance(node.this, exp.Star):
            refuse(node, "the star stands in the columns only")
        scope: Scope | None = self.scope
        while scope is not None:
            found = _columns(scope, node)
            if len(found) > 1:
                refuse(node, "several tables have a column of this name: write the table before it")
            if found:
                origin, column = found[0]
                sql = f"{origin.alias}.{column.sql}"
                return Part(sql, column.holds, loose=frozenset({sql}) if scope is self.scope else frozenset())
            scope = scope.outer
        raise SqlTextError(f"there is no column {node.name!r} in what is selected from: correct the name")

    # --- SELECT ---------------------------------------------------------------------------------------------------

    def _select(self, tree: exp.Select, items: Sequence[Node]) -> tuple[str, Sequence[Column]]:
        only(tree, "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
             "with_")  # fmt: skip
        scope = self.scope
        source = self._from(tree)
        where = tree.args.get("where")
        condition = f" WHERE {self.condition(where.this)}" if where is not None else ""
        groups = self._groups(tree.args.get("group"))
        scope.may_aggregate = True
        columns = [(name, self.value(item)) for item, name in self._items(items)]
        having = tree.args.get("having")
        narrowed = f" HAVING {self.condition(having.this)}" if having is not None else ""
        distinct = tree.args.get("distinct") is not None
        if distinct:
            only(tree.args["distinct"])
        order = self._order(tree.args.get("order"), columns, distinct=distinct)
        self._check_groups(columns)
        shown = ", ".join(f"{part.sql} AS c{n}" for n, (_, part) in enumerate(columns, 1))
        grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
        sql = f"SELECT {shown}{source}{condition}{grouped}{narrowed}"
        found = [Column(name, f"c{n}", part.holds) for n, (name, part) in enumerate(columns, 1)]
        if distinct:
            sql = self._without_doubles(sql, found)
        return sql + order + self._limit(tree), found

    def _items(self, items: Sequence[Node]) -> Iterator[tuple[Node, str]]:
        """The columns with their names; stars become what they stand for."""
        for item in items:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                yield from self._star(item)
            elif isinstance(item, exp.Alias):
                only(item, "this", "alias")
                yield item.this, item.alias
            elif isinstance(item, exp.EQ) and isinstance(item.this, exp.Literal) and item.this.is_string:
                yield item.expression, item.this.name
            else:
                yield item, item.name if isinstance(item, exp.Column) else ""

    def _star(self, item: Node) -> Iterator[tuple[Node, str]]:
        only(item, "this", "table")
        wanted = item.args["table"].name.casefold() if item.args.get("table") else ""
        found = False
        for name, origin in _named(self.scope):
            if wanted and name != wanted:
                continue
            found = True
            for column in origin.columns.values():
                yield (
                    exp.column(exp.to_identifier(column.name, quoted=True), exp.to_identifier(name, quoted=True)),
                    (column.name),
                )
        if not found:
            refuse(item, "there is nothing that it could stand for")

    def _groups(self, group: Node | None) -> list[str]:
        if group is None:
            return []
        only(group, "expressions")
        keys, grouped = [], {}
        for node in group.expressions:
            part = self.value(node)
            if part.fixed:
                refuse(node, "a group is made by a column or a function of one")
            text = part.holds is Holds.TEXT
            keys.append(self.dialect.say("key", part.sql) if text else part.sql)
            # Texts that are equal but for the case of letters are one group: any of them stands for it.
            sql = self.dialect.say("least_text", part.sql) if text else part.sql
            grouped[part.sql] = replace(part, sql=sql, loose=frozenset(), aggregates=True)
        self.scope.grouped = MappingProxyType(grouped)
        self.scope.aggregating = True
        return keys

    def _check_groups(self, columns: Sequence[tuple[str, Part]]) -> None:
        if not self.scope.aggregating:
            return
        for name, part in columns:
            if part.loose:
                raise SqlTextError(
                    f"the column {name or 'without a name'!r} stands neither in GROUP BY nor in an aggregate: "
                    "put it into one of them"
                )

    def _order(self, order: Node | None, columns: Sequence[tuple[str, Part]], *, distinct: bool) -> str:
        if order is None:
            return ""
        only(order, "expressions")
        pieces = []
        for item in order.expressions:
            only(item, "this", "desc", "nulls_first")
            part, place = self._ordering(item.this, columns)
            if distinct and not place:
                refuse(item, "what DISTINCT is ordered by stands in its columns")
            sql = f"c{place}" if distinct else part.sql
            if self.scope.aggregating and part.loose and not place:
                refuse(item, "it stands neither in GROUP BY nor in an aggregate")
            if part.fixed:
                continue
            key = self.dialect.say("order", sql) if part.holds is Holds.TEXT else sql
            pieces.append(f"{key} {'DESC NULLS LAST' if item.args.get('desc') else 'ASC NULLS FIRST'}")
        return f" ORDER BY {', '.join(pieces)}" if pieces else ""

    def _ordering(self, node: Node, columns: Sequence[tuple[str, Part]]) -> tuple[Part, int]:
        """What is ordered by, and which column that is, from 1; 0: none."""
        if isinstance(node, exp.Literal) and not node.is_string:
            place = int(node.name) if node.name.isdigit() else 0
            if not 1 <= place <= len(columns):
                refuse(node, "there is no column of this number")
            return columns[place - 1][1], place
        if isinstance(node, exp.Column) and not node.args.get("table"):
            for place, (name, part) in enumerate(columns, 1):
                if name.casefold() == node.name.casefold():
                    return part, place
        part = self.value(node)
        return part, next((place for place, (_, each) in enumerate(columns, 1) if each.sql == part.sql), 0)

    def _limit(self, tree: Node) -> str:
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        sql = ""
        if limit is not None:
            options = limit.args.get("limit_options")
            if options is not None:
                refuse(options, "TOP with PERCENT or TIES cannot be done")
            only(limit, "expression", "count", "direction")
            count = limit.args.get("expression") or limit.args.get("count")
            sql += f" LIMIT {min(self._at_least_0(count), _MOST_ROWS)}"
        if offset is not None:
            only(offset, "expression")
            sql += (
                "" if limit is not None else f" LIMIT {_MOST_ROWS}"
            ) + f" OFFSET {self._at_least_0(offset.expression)}"
        return sql

    def _at_least_0(self, node: Node) -> int:
        number = self.fixed_whole(node)
        if number < 0:
            refuse(node, "a number of rows is not negative")
        return number

    def _without_doubles(self, sql: str, columns: Sequence[Column]) -> str:
        """Rows that are equal as MS SQL compares texts become one."""
        say = self.dialect.say
        texts = {column.sql for column in columns if column.holds is Holds.TEXT}
        if not texts:
            shown = ", ".join(column.sql for column in columns)
            return f"SELECT DISTINCT {shown} FROM ({sql}) AS d"  # noqa: S608 - made of our own words and numbered names
        shown = ", ".join(
            f"{say('least_text', 'd.' + name)} AS {name}" if name in texts else f"d.{name} AS {name}"
            for name in (column.sql for column in columns)
        )
        keys = ", ".join(
            say("key", f"d.{name}") if name in texts else f"d.{name}" for name in (column.sql for column in columns)
        )
        # Wrapped once more, so that ORDER BY may name the columns as they are.
        return f"SELECT * FROM (SELECT {shown} FROM ({sql}) AS d GROUP BY {keys}) AS e"  # noqa: S608 - made of our own words and numbered names

    # --- FROM -----------------------------------------------------------------------------------------------------

    def _from(self, tree: exp.Select) -> str:
        source = tree.args.get("from_")
        if source is None:
            return ""
        only(source, "this")
        sql = f" FROM {self._origin(source.this)}"
        for join in tree.args.get("joins") or ():
            only(join, "this", "on", "side", "kind")
            side, kind = str(join.side or "").upper(), str(join.kind or "").upper()
            words = _JOINS.get((side, kind))
            on = join.args.get("on")
            if words is None:
                refuse(join)
            origin = self._origin(join.this)
            if on is None:
                sql += f" CROSS JOIN {origin}"
            else:
                sql += f" {words} {origin} ON {self.condition(on)}"
        return sql

    def _origin(self, node: Node) -> str:
        self.origins += 1
        alias = f"t{self.origins}"
        if isinstance(node, exp.Subquery):
            only(node, "this", "alias")
            sql, columns = self._derived(node.this)
            self._add(alias, node.alias, {column.name.casefold(): column for column in columns if column.name})
            return f"({sql}) AS {alias}"
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            refuse(node)
        only(node, "this", "db", "catalog", "alias", "hints")
        self._hints(node)
        name = node.alias or node.name
        inner = self.named.get(node.name.casefold()) if not node.db else None
        if inner is not None:
            named, self.named = self.named, {k: v for k, v in self.named.items() if k != node.name.casefold()}
            try:
                sql, columns = self._derived(inner)
            finally:
                self.named = named
            self._add(alias, name, {column.name.casefold(): column for column in columns if column.name})
            return f"({sql}) AS {alias}"
        view = self.views.get(node.name.casefold())
        if view is None or node.catalog.casefold() not in _DATABASES or node.db.casefold() not in _SCHEMAS:
            known = ", ".join(name for name, _ in self.views.values())
            refuse(exp.table_(node.name, node.db, node.catalog), f"the call log has these tables: {known}")
        columns = [Column(column, f'"{column}"', holds) for column, holds in view[1].items()]
        self._add(alias, name, {column.name.casefold(): column for column in columns})
        return f'"{view[0]}" AS {alias}'

    def _derived(self, tree: Node) -> tuple[str, Sequence[Column]]:
        """A query in FROM: it does not see its neighbours."""
        scope, self.scope = self.scope, Scope()
        try:
            return self.query(tree)
        finally:
            self.scope = scope

    def _add(self, alias: str, name: str, columns: Mapping[str, Column]) -> None:
        if any(name.casefold() == other for other, _ in _named(self.scope)):
            raise SqlTextError(f"{name!r} is named twice behind FROM: give one of them another name with AS")
        self.scope.origins.append(Origin(f"{alias}", columns))
        self.scope.names.append(name.casefold())

    def _hints(self, node: exp.Table) -> None:
        for hint in node.args.get("hints") or ():
            for word in hint.expressions:
                if word.name.upper() not in _HINTS:
                    refuse(hint)

    def _with(self, tree: Node) -> None:
        given = tree.args.get("with_")
        if given is None:
            return
        only(given, "expressions")
        for query in given.expressions:
            only(query, "this", "alias")
            if query.args["alias"].args.get("columns"):
                refuse(query, "name the columns inside, with AS")
            self.named[query.alias.casefold()] = query.this

    def _union(self, tree: exp.Union) -> tuple[str, Sequence[Column]]:
        only(tree, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        one, columns = self.query(tree.this)
        other, others = self.query(tree.expression)
        if [_kind(column) for column in columns] != [_kind(column) for column in others]:
            raise SqlTextError("the queries of a UNION give columns of the same number and types: make them alike")
        sql = f"SELECT * FROM ({one}) AS u1 UNION ALL SELECT * FROM ({other}) AS u2"  # noqa: S608 - made of our own words and numbered names
        sql = self._without_doubles(sql, columns) if tree.args.get("distinct") else f"SELECT * FROM ({sql}) AS u"  # noqa: S608 - made of our own words and numbered names
        parts = [(column.name, Part(column.sql, column.holds)) for column in columns]
        self.scope = Scope()
        return sql + self._order(tree.args.get("order"), parts, distinct=True) + self._limit(tree), columns


def _columns(scope: Scope, node: exp.Column) -> list[tuple[Origin, Column]]:
    wanted = node.table.casefold()
    return [
        (origin, origin.columns[node.name.casefold()])
        for name, origin in _named(scope)
        if node.name.casefold() in origin.columns and wanted in ("", name)
    ]


def _named(scope: Scope) -> list[tuple[str, Origin]]:
    return list(zip(scope.names, scope.origins, strict=True))


def _kind(column: Column) -> str:
    if column.holds in NUMERIC:
        return "number"
    return "moment" if column.holds in MOMENTS else str(column.holds)
