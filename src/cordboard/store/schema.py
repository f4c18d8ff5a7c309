"""Brings a database to the schema that this version of the program knows."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from cordboard.store.errors import StoreUnusableError

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0016",
    "0017",
    "0018",
)
"""The steps of the schema, oldest first; the file of each stands in `migrations/versions`."""
_MIGRATIONS = Path(__file__).parent / "migrations"


def ensure_schema(reading: Engine, writing: Engine) -> None:
    """Upgrade if the database is older. Raises StoreUnusableError if it is newer, or somebody else's."""
    with reading.connect() as connection:
        if _revision(connection) == REVISIONS[-1]:
            return  # the usual start: Alembic alone takes half a second to import
    with writing.begin() as connection:  # the write lock: of two processes that start at once, one upgrades
        revision = _revision(connection)
        if revision == REVISIONS[-1]:
            return
        if revision is None and inspect(connection).get_table_names():
            message = "is the database of another program: name another file"
            raise StoreUnusableError(message)
        if revision is not None and revision not in REVISIONS:
            message = (
                f"was written by a newer version of Cordboard (its schema is {revision}, this one knows up to "
                f"{REVISIONS[-1]}): install that version again, or put back a backup"
            )
            raise StoreUnusableError(message)
        upgrade(connection)


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the missing steps up to `target` within the transaction of `connection`."""
    from alembic import command  # noqa: PLC0415 - slow to import and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision
