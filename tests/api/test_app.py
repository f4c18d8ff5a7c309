import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.app import running
from cordboard.config import Settings
from cordboard.scenario.ports import RunTrace
from cordboard.store.database import open_store
from cordboard.testing.office_process import free_port


@pytest.mark.slow
@pytest.mark.wire
async def test_traces_older_than_the_setting_are_forgotten_at_the_start(tmp_path: Path) -> None:
    settings = Settings.load(
        data=tmp_path,
        sip_host="127.0.0.1",
        sip_port=free_port(),
        web_port=0,
        rtp_first=18800,
        rtp_last=18899,
        trace_days=5,
    )
    now = datetime.now(UTC)
    async with await open_store(settings.database) as store:
        for days in (4, 6):
            began = now - timedelta(days=days)
            store.traces.run(RunTrace(f"run-{days}", "chain", "menu", 1, "voice", began, began))
    async with running(settings) as cordboard, asyncio.timeout(5):
        while len(runs := await cordboard.store.traces.runs_of("chain")) > 1:
            pass
    assert [run.run_id for run in runs] == ["run-4"]
