import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cordboard.api.events import RunEvents, call_told
from cordboard.office.after_call import CallNotes
from cordboard.office.call_log import CallLog
from cordboard.office.live import LiveEvents
from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.trace import NoTrace
from cordboard.telephony import LegRecord
from cordboard.testing.call_log import Dialogue, at
from cordboard.testing.office import HandClock, loaded_directory
from cordboard.testing.store import sqlite_store

CALL = Dialogue("c1").inbound("0671112233", answered=5, ended=60).user("101", 1, answered=4, ended=60).talk(5, 60)


def step(run: str, name: str, *keys: str, chain: str = "c1") -> StepTrace:
    pressed = [(0.5, key) for key in keys]
    return StepTrace(run, chain, "main", name, "menu", 0, at(1), 0.1, {}, {}, "done", keys=pressed)


def alive(leg: LegRecord) -> LegRecord:
    return replace(leg, ended=None, reason=None)


async def test_the_content_tells_what_happened_beside_the_talk(tmp_path: Path) -> None:
    directory, notes = await loaded_directory(), CallNotes()
    live = LiveEvents(directory, HandClock())
    runs = RunEvents(NoTrace(), live, notes)
    async with sqlite_store(tmp_path) as store:
        log = CallLog(store.call_log, directory, notes, written=call_told(live))
        with live.stream(lambda event: event.topic.startswith(("call.c", "run"))) as stream:
            for leg in CALL.legs:
                log.leg_changed(alive(leg))
            runs.run(RunTrace("r1", "c1", "main", 1, "voice", at(0)))
            runs.run(RunTrace("s1", "c1", "service", 1, "service", at(0)))
            runs.step(step("r1", "ask", "2", "•"))
            runs.step(step("s1", "send"))
            runs.step(step("r1", "dial"))
            runs.step(step("other", "x", chain="c9"))
            notes.recorded("c1", "2026/11/20/c1.wav")
            for talk in CALL.talks:
                log.connection_changed(talk)
            for leg in CALL.legs:
                log.leg_changed(leg)
            await log.flush()
            topics = []
            while (event := (await stream.next())[0]).topic != "call.content":
                topics.append(event.topic)
        assert topics == ["run.started", "run.started", *["run.step"] * 4]
        assert event.logins == {"anna"}
        assert json.loads(json.dumps(event.data)) == event.data
        (message,) = await store.runs.messages(name="call.ended")
    assert event.data["scenarios"] == [{"scenario": "main", "path": ["ask", "dial"]}]
    assert (event.data["keys"], event.data["recordings"]) == ("2•", ["2026/11/20/c1.wav"])
    assert (event.data["phone"], event.data["talked"], event.data["missed"]) == ("+380671112233", 55.0, False)
    assert [(leg["direction"], leg["login"], leg["line"], leg["reason"]) for leg in event.data["legs"]] == [
        ("inbound", "", "city", "hung_up"),
        ("outbound", "anna", "", "hung_up"),
    ]
    assert "dial" in json.dumps(message.data["scenarios"])
    assert notes.take("c1")["scenarios"] == []


async def test_a_missed_call_is_told_as_such() -> None:
    live = LiveEvents(await loaded_directory(), HandClock())
    lost = Dialogue("c2").inbound("0671112233", ended=15)

    class Kept:
        async def save(self, *_args: object) -> None:
            await asyncio.sleep(0)

    log = CallLog(Kept(), await loaded_directory(), written=call_told(live))  # type: ignore[arg-type]  # the part that is asked
    with live.stream(lambda event: True) as stream:
        log.leg_changed(alive(lost.legs[0]))
        log.leg_changed(lost.legs[0])
        await log.flush()
        events = [(await stream.next())[0] for _ in range(2)]
    assert [event.topic for event in events] == ["call.content", "call.missed"]
    assert events[1].data["waited"] == timedelta(seconds=15).total_seconds()


def test_notes_move_with_their_call() -> None:
    notes = CallNotes()
    notes.began("c1", "r1", "main")
    notes.began("c2", "r2", "hold")
    notes.stepped("c2", "r2", "play", ["1"])
    notes.moved("c2", "c1")
    assert notes.take("c1") == {
        "scenarios": [{"scenario": "main", "path": []}, {"scenario": "hold", "path": ["play"]}],
        "keys": "1",
        "recordings": [],
    }
