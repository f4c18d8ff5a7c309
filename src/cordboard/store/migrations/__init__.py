"""How a database comes to the schema of this version. Alembic runs what stands in `versions`, see `store.schema`."""
