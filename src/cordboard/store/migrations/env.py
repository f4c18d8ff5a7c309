"""Alembic's entry: it is handed the connection, in a transaction that its caller owns."""

from alembic import context

import cordboard.store.scenario_tables  # noqa: F401 - adds its tables to the metadata
from cordboard.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
