"""A MariaDB for tests: one throw-away server a process. Needs Debian's package `mariadb-server-core`, and no client."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pymysql

PASSWORD = 'it\'s a "secret"'
_PATIENCE = 60.0
_SHARE = Path("/usr/share/mysql")
_TABLES = ("system_tables", "performance_tables", "system_tables_data")
_OPTIONS = (
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--max-connections=40",
    "--bind-address=127.0.0.1",
    "--performance-schema=OFF",
    "--character-set-server=latin1",  # none that a test would use: nothing may depend on it
)


class MariadbServer:
    """A server of its own in a folder that goes away with it. Use `start` and `remove`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="cordboard-mariadb-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    def start(self) -> None:
        """Make the data if there is none, start, and wait until it answers."""
        data = self._folder / "data"
        user = ["--user=root"] if os.geteuid() == 0 else []
        if not data.exists():
            data.mkdir()
            # What mariadb-install-db does; that itself would need a package of clients.
            tables = [(_SHARE / f"mysql_{name}.sql").read_text(encoding="utf-8") for name in _TABLES]
            subprocess.run(
                [_program("mariadbd"), "--no-defaults", "--bootstrap", f"--datadir={data}", *user, *_OPTIONS],
                input="\n".join(["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket=NULL;", *tables]),
                text=True,
                check=True,
                capture_output=True,
                timeout=_PATIENCE,
            )
        with (self._folder / "log").open("ab") as log:
            # Whoever kills the tests takes the server along.
            command = ["setpriv", "--pdeathsig", "KILL", _program("mariadbd"), "--no-defaults", f"--datadir={data}"]
            place = [f"--port={self.port}", f"--socket={self._folder / 'socket'}"]
            self._process = subprocess.Popen([*command, *user, *place, *_OPTIONS], stdout=log, stderr=log)
        self._wait_until_it_answers()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running server, for tests that stop and continue it by its id."""
        assert self._process is not None
        return self._process

    def remove(self) -> None:
        """Stop, and delete everything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(30)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def execute(self, statement: str, database: str = "") -> Sequence[tuple[Any, ...]]:
        """Run one statement as root and return its rows."""
        with self._connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()
            return tuple(cursor.fetchall())

    def _connect(self, database: str = "") -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database or None, charset="utf8mb4"
        )

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + _PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            try:
                self._connect().close()
            except pymysql.err.OperationalError:
                time.sleep(0.05)
            else:
                return
        log = (self._folder / "log").read_text(errors="replace")
        self.remove()
        raise RuntimeError(f"MariaDB did not start:\n{log}")


@cache
def mariadb_server() -> MariadbServer:
    """The server of this process, started when it is first asked for, with a database `crm` and its user `reader`."""
    server = MariadbServer()
    atexit.register(server.remove)
    server.start()
    server.execute("CREATE DATABASE crm CHARACTER SET utf8mb4")
    password = PASSWORD.replace("'", "''")
    server.execute(f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{password}'")
    server.execute("GRANT ALL ON crm.* TO reader@'127.0.0.1'")
    server.execute("GRANT FILE ON *.* TO reader@'127.0.0.1'")
    return server


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise RuntimeError("there is no MariaDB here: apt-get install mariadb-server")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
