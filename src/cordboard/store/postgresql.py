"""PostgreSQL, for more than one machine: an engine that may write, an engine that may only read.

**Writers take turns.** Each transaction of a writer first takes one lock for the whole database, as SQLite's BEGIN
IMMEDIATE does, so that the rest of this room needs to know one thing only: what a transaction reads stays true until
its commit. Locks of rows would not do: a node commits the steps of many runs together, two nodes would wait for each
other's rows in a circle. Readers do not wait for that lock, and a node that dies gives it up with its connection. One
that is frozen in the midst of a commit is thrown out by the server after `STUCK` seconds.

**A lost commit is found again.** When the connection breaks during a commit nobody knows whether it has happened. The
number of the transaction was noted before; the next connection asks what has become of it (`was_committed`).
"""

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from cordboard.store.errors import StoreUnusableError

OLDEST = (13,)
"""Versions before it cannot tell what has become of a transaction."""
STUCK = 5
"""Seconds that a node may stand still within a transaction."""
TURN_WAIT = 15
"""Seconds to wait for other nodes before it is told as a trouble."""

_TURN = 0x_C04D_B0A4D
"""The number of the lock; any would do that no other program in this database takes."""
_TICKET = "cordboard_transaction"
_LOST = "the connection to the database is lost: start its server, or check the network"
_TROUBLE = {
    "08": _LOST,
    "25006": "the database may only be read: name the server that takes writes",
    "25P03": _LOST,
    "28": "the server of the database refuses the user or the password: correct them",
    "3D": "the database is not there any more: put it back from a backup",
    "40": "other programs work on the same rows of the database: stop them",
    "53100": "the disk of the database's server is full: free some space",
    "53200": "the database's server has no memory left",
    "53300": "the database's server has too many connections: close some, or raise max_connections",
    "55P03": "another node of the exchange does not finish its writing: look at it, or stop it",
    "57": _LOST,
    "58": "the disk of the database's server cannot be read or written: check it",
}
"""By SQLSTATE, or by its class, the first two characters: postgresql.org/docs/current/errcodes-appendix.html"""
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # ms: what was sent and is not acknowledged by then was lost
    "application_name": "cordboard",
}
"""How soon a server that has vanished is given up, unless the URL says it."""


def trouble(error: DBAPIError) -> str:
    """See `engine.trouble`."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the server has not said anything, or it was not reached at all
        return _LOST if error.connection_invalidated or isinstance(error, OperationalError) else ""
    return _TROUBLE.get(state) or _TROUBLE.get(state[:2], "")


def read_url(text: str) -> URL:
    """The address of a database. Raises StoreUnusableError if it is none."""
    try:
        url = make_url(text).set(drivername="postgresql+psycopg")
    except ArgumentError as error:
        message = f"{text} is no address of a database: write postgresql://user:password@host/name"
        raise StoreUnusableError(message) from error
    return url.set(query={**_PATIENCE, **url.query})


def shown(url: URL) -> str:
    """The address without the password."""
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def why_unusable(place: str, error: Exception) -> str:
    """Why the database cannot be opened, and what to do."""
    original = error.orig if isinstance(error, DBAPIError) else error
    first_line = next(iter(str(original).strip().splitlines()), "no reason was given")
    return f"the database {place} cannot be opened ({first_line}): start the server, or correct the address, user and password"  # noqa: E501 - one sentence


def check_server(engine: Engine) -> None:
    """Raise StoreUnusableError if the server or the database is of a kind that cannot be used."""
    with engine.connect() as connection:
        version = connection.dialect.server_version_info or OLDEST
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if version < OLDEST:
        message = f"is served by PostgreSQL {version[0]}: {OLDEST[0]} or newer is needed"
        raise StoreUnusableError(message)
    if encoding != "UTF8":
        message = f"keeps its texts as {encoding}: make a database with ENCODING 'UTF8'"
        raise StoreUnusableError(message)


def writing_engine(url: URL) -> Engine:
    """An engine whose transactions come one after the other, over all nodes.

    The execution option `durable` (default true) says whether a commit waits for the server's disk. Without it a crash
    of the server may lose the last moments.
    """
    # Said, for a database may have another default: each statement sees all that was committed before it got the turn.
    engine = create_engine(url, pool_size=1, max_overflow=0, isolation_level="READ COMMITTED")

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        _set(connection, lock_timeout=f"{TURN_WAIT}s", idle_in_transaction_session_timeout=f"{STUCK}s")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        turn = connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN}), pg_current_xact_id()::text")
        connection.info[_TICKET] = turn.one()[1]
        if not connection.get_execution_options().get("durable", True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit=off")

    return engine


def reading_engine(url: URL, *, connections: int) -> Engine:
    """An engine whose transactions see one committed state and cannot write."""
    engine = create_engine(url, pool_size=connections, max_overflow=0, isolation_level="REPEATABLE READ")

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        _set(connection, default_transaction_read_only="on", jit="off")

    return engine


def ticket(connection: Connection) -> str:
    """The number by which `was_committed` finds the transaction of `connection` again; empty on other databases."""
    found: str = connection.info.get(_TICKET, "")
    return found


def was_committed(connection: Connection, ticket: str) -> bool:
    """Whether an earlier transaction of a writer was committed. It is over, as ours has its turn."""
    status = connection.exec_driver_sql("SELECT pg_xact_status(%(ticket)s::xid8)", {"ticket": ticket}).scalar()
    return bool(status == "committed")


def _set(connection: DBAPIConnection, **settings: str) -> None:
    """For the whole session: committed, or the next rollback would take it back."""
    cursor = connection.cursor()
    for name, value in settings.items():
        cursor.execute(f"SET {name} = '{value}'")
    cursor.close()
    connection.commit()
