"""Ending a process whose answer nobody reads."""

import asyncio
from asyncio.subprocess import PIPE

from cordboard.speech.processes import end


async def test_one_whose_sound_is_not_read_ends_with_what_it_started() -> None:
    script = "sleep 1000 & echo $! >&2; head -c 200000 /dev/zero; echo written >&2; exec sleep 1000"
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    assert process.stdout
    assert process.stderr
    await process.stderr.readline()
    # More than asyncio keeps: it has stopped to read, and would not notice the end.
    assert await process.stderr.readline() == b"written\n"
    await end(process)
    assert process.returncode == -9
    assert await process.stderr.read() == b""
