"""The table of what lines and users have used up. See `tables.py` and `office.lines.usage`."""

from sqlalchemy import BigInteger, Column, String, Table

from cordboard.store.tables import metadata, whole

line_usage = Table(
    "line_usage",
    metadata,
    Column("day", String, primary_key=True),  # 2026-11-23, by the clock of the office
    Column("line", String, primary_key=True),
    Column("login", String, primary_key=True),  # empty: nobody's
    whole("calls"),
    Column("seconds", BigInteger, nullable=False),
    Column("money", BigInteger, nullable=False),  # millionths
)
