"""The table of what an office sets up beside people and lines. See `tables.py` and `office.documents`."""

from sqlalchemy import Column, String, Table
from sqlalchemy.types import JSON

from cordboard.store.tables import metadata

office_documents = Table(
    "office_documents",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("body", JSON, nullable=False),  # the fields of the document, secrets encrypted
    Column("numbers", JSON, nullable=False),  # the internal numbers that lead to it
)
