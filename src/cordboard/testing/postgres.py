"""A PostgreSQL for tests: one throw-away server a process, one database a folder, as SQLite has one file a folder.

Needs Debian's package `postgresql`. The server refuses to run as root, so root hands it to the user `postgres`.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from cordboard.store.database import Store, open_store
from cordboard.store.engine import open_engines, place_of
from cordboard.store.scenario_tables import counters
from cordboard.store.tables import metadata
from cordboard.telephony import Clock

_USER = "postgres"
_KEPT = 4
"""Databases that are kept for the tests that may still use them. Then the oldest is emptied and used again: making one
takes half a second, emptying it a few milliseconds."""
_SMALL_ENOUGH = 40_000_000
"""Bytes; a larger one has been filled by a test of speed, and is thrown away."""
_QUICK = ("fsync=off", "full_page_writes=off")
_SMALL = ("shared_buffers=16MB", "max_connections=60", "autovacuum_naptime=5s", "lc_messages=C", "timezone=Asia/Tokyo")
"""The time zone is none that a test would use: nothing may depend on it."""


class PostgresServer:
    """A server of its own in a folder that goes away with it. Use `start` and `stop`."""

    def __init__(self, *, safe: bool = False) -> None:
        """`safe`: it waits for the disk, as in real life."""
        self._settings = _SMALL if safe else _SMALL + _QUICK
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="cordboard-postgres-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self._databases: dict[Path, str] = {}
        self._made = 0
        self.port = _free_port()

    def start(self) -> None:
        """Make the data if there is none, start, and wait until it answers."""
        data = self._folder / "data"
        if not data.exists():
            if os.geteuid() == 0:
                shutil.chown(self._folder, _USER, _USER)
            made = ["--auth=trust", f"--username={_USER}", "--encoding=UTF8", "--no-locale", "--no-sync"]
            subprocess.run(self._command("initdb", "-D", str(data), *made), check=True, capture_output=True)
        options = [f"unix_socket_directories={self._folder}", "listen_addresses=127.0.0.1", *self._settings]
        arguments = [word for option in options for word in ("-c", option)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(data), "-p", str(self.port), *arguments), stdout=log, stderr=log
            )
        self._wait_until_it_answers()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT closes all connections in good order; SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """Stop, and delete everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def database_of(self, folder: Path) -> str:
        """The address of the database that belongs to `folder`, with its tables; made if it is not there."""
        if folder not in self._databases:
            self._databases[folder] = self._used_again() or self._new()
        return self.url(self._databases[folder])

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement beside the exchange and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _new(self) -> str:
        if not self._made:
            self.execute("CREATE DATABASE template")
            open_engines(place_of(self.url("template"))).dispose()
        self._made += 1
        name = f"test{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template")
        return name

    def _used_again(self) -> str:
        """The oldest database, emptied; empty if there are few, or if it has become large."""
        if len(self._databases) < _KEPT:
            return ""
        name = self._databases.pop(next(iter(self._databases)))
        ((size,),) = self.execute(f"SELECT pg_database_size('{name}')")
        if size > _SMALL_ENOUGH:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return ""
        self.execute(f"ALTER DATABASE {name} RESET ALL")
        emptied = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables) if table is not counters]
        self.execute("; ".join([*emptied, "UPDATE counters SET value = 0"]), name)
        return name

    def _command(self, program: str, *arguments: str) -> list[str]:
        # Whoever kills the tests takes the server along.
        command = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            command += ["--reuid", _USER, "--regid", _USER, "--clear-groups"]
        return [*command, str(self._programs / program), *arguments]

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        while self._process.poll() is None:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        log = (self._folder / "log").read_text(errors="replace")
        raise RuntimeError(f"PostgreSQL did not start:\n{log}")


@cache
def postgres_server() -> PostgresServer:
    """The server of this process, started when it is first asked for."""
    server = PostgresServer()
    atexit.register(server.remove)
    server.start()
    return server


@asynccontextmanager
async def postgres_store(folder: Path, *, clock: Clock | None = None) -> AsyncIterator[Store]:
    """The store of `folder`, as `sqlite_store` has it: entering twice, one after the other, is a restart."""
    store = await open_store(postgres_server().database_of(folder), folder=folder, clock=clock)
    try:
        yield store
    finally:
        await store.close()


def _programs() -> Path:
    """The newest server that Debian has installed, or the one in the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    if found is None:
        raise RuntimeError("there is no PostgreSQL here: apt-get install postgresql")
    return Path(found).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
