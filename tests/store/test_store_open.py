import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from cordboard.scenario.ports import Message, Release, RunTrace, StepTrace
from cordboard.store import migrations
from cordboard.store.database import Store, open_store
from cordboard.store.engine import place_of
from cordboard.store.errors import StoreUnusableError
from cordboard.store.schema import REVISIONS, upgrade
from cordboard.store.tables import metadata
from cordboard.testing.postgres import postgres_server
from cordboard.testing.store import STORES, sqlite_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        yield opened


@pytest.mark.slow
async def test_the_migrations_make_exactly_the_tables_that_the_code_uses(store: Store, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'cordboard.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.slow
async def test_the_database_of_an_older_version_is_upgraded_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "cordboard.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
        for statement in _OLD_ROWS:
            connection.exec_driver_sql(statement)
    engine.dispose()
    async with sqlite_store(tmp_path) as store:
        moment = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        assert await store.releases.load(1) == Release(1, {"main": "x"}, "first", moment)
        (run,) = await store.runs.claim(moment, "a", moment + timedelta(seconds=30))
        assert (run.id, run.checkpoint) == ("r1", {"step": "a"})
        assert await store.runs.last_message() == 0
        await store.runs.emit([], [Message("go", id="m1")])
        assert await store.runs.last_message() == 1
        traced = await store.traces.load("t1")
        assert traced is not None
        assert traced.run == RunTrace("t1", "c1", "main", 1, "voice", moment)
        assert traced.steps == [StepTrace("t1", "c1", "main", "s", "play", 0, moment, 0.5, {}, {}, "done")]


def _upgrade_and_die(engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, "0001")
        upgrade(connection)
        assert inspect(connection).has_table("messages")
        raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES)
async def test_an_upgrade_that_is_cut_off_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cordboard.db'}"
    if kind == "postgresql":
        postgres_server().execute("CREATE DATABASE cut")
        url = postgres_server().url("cut")
    place = place_of(url)
    engines = place.engines()
    with pytest.raises(KeyboardInterrupt):
        _upgrade_and_die(engines.writing)
    with engines.reading.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engines.dispose()
    async with await open_store(url, folder=tmp_path) as store:
        assert await store.runs.last_message() == 0


_OLD_ROWS = (
    "INSERT INTO releases VALUES (1, '{\"main\": \"x\"}', 'first', '2026-11-20 09:00:00')",
    "INSERT INTO runs VALUES (1, 'r1', 'callback', 1, 'c1', '', '{\"step\": \"a\"}', '2026-11-20 09:00:00', "
    "'2026-11-20 09:00:00', NULL, '', 0, NULL, NULL, '', NULL)",
    "INSERT INTO run_traces VALUES ('t1', 'c1', 'main', 1, 'voice', '2026-11-20 09:00:00', NULL, NULL, '', '{}')",
    "INSERT INTO step_traces VALUES (1, 't1', 'c1', 'main', 's', 'play', 0, '2026-11-20 09:00:00', 0.5, '{}', '{}', "
    "'done', '', 'main')",
)


def test_every_migration_is_known_in_its_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


async def test_opening_anew_does_not_even_import_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cordboard.db"
    await (await open_store(path)).close()
    monkeypatch.setitem(sys.modules, "alembic", None)  # an import of it would now fail
    await (await open_store(path)).close()


async def test_the_file_is_private_and_left_alone_without_a_log_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cordboard.db"
    store = await open_store(f"sqlite:///{path}")
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    await store.close()
    assert [file.name for file in path.parent.iterdir()] == ["cordboard.db"]


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear database, " * 100)
    with pytest.raises(StoreUnusableError, match=r"letter\.txt is not a database: name another file"):
        await open_store(path)
    assert path.read_text().startswith("Dear database, ")


async def test_the_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE goods (id INTEGER)")
    connection.close()
    with pytest.raises(StoreUnusableError, match=r"shop\.db is the database of another program"):
        await open_store(path)


async def test_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "cordboard.db"
    await (await open_store(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num='0999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnusableError, match=r"newer version of Cordboard \(its schema is 0999"):
        await open_store(path)


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        StoreUnusableError, match=r"cannot be made or written .*: name another folder or fix its rights"
    ):
        await open_store(tmp_path / "file" / "cordboard.db")


async def test_a_url_of_something_else() -> None:
    with pytest.raises(StoreUnusableError, match="only SQLite and PostgreSQL can be used: give a path"):
        await open_store("mysql://server/cordboard")
