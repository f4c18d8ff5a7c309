"""A queue on real SIP and RTP: who hears whom, in which order, and what a dead phone does."""

from pathlib import Path

import pytest

from cordboard.office.queue.model import Group, Member
from cordboard.office.queue.ports import QueueExit
from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import LegState
from cordboard.testing.exchange import until, voice
from cordboard.testing.lonely_phone import lonely_phone
from cordboard.testing.queue_on_the_wire import MUSIC, wire_queue

pytestmark = [pytest.mark.slow, pytest.mark.wire]

ANNA, BORIS, FIRST, PLAIN, VIP = 440.0, 620.0, 1000.0, 1400.0, 2000.0


def sales(*logins: str, **more: object) -> Group:
    members = [Member(login=login) for login in logins]
    return Group.model_validate({"name": "sales", "members": members, "strategy": "list", **more})


async def test_two_operators_three_callers_by_priority_and_who_rejects_is_passed_over(tmp_path: Path) -> None:
    group = sales("u102", "u101", pass_over_seconds=60, announce_seconds=2)
    async with wire_queue(tmp_path, group) as queue:
        await queue.x.phone("101", FarEnd(answers_after=0.3, voice=voice(ANNA)))
        await queue.x.phone("102", FarEnd.rejects(0.3))
        first = await queue.calls("103", "600", FIRST)
        await first.hears(MUSIC)
        await first.hears(ANNA)  # Boris, who is asked first, has rejected it
        anna = await queue.x.rung("101")
        await anna.hears(FIRST)
        assert anna.called_by == "103"
        assert await first.longest_gap() <= 0.2

        plain = await queue.calls("104", "600", PLAIN)
        await until(lambda: queue.waiting() == ["104"])
        vip = await queue.calls("105", "605", VIP)
        await until(lambda: queue.waiting() == ["105", "104"])
        await plain.hears(1800.0)  # how he stands
        await plain.hears(MUSIC)

        await anna.hang_up()
        await first.reaches(LegState.ENDED)
        await vip.hears(ANNA)
        anna = await queue.x.rung("101")
        await anna.hears(VIP)
        assert (queue.talks(), queue.waiting()) == ({"u101": "105"}, ["104"])
        await vip.hang_up()
        await plain.hears(ANNA)
        assert await plain.longest_gap() <= 0.2
        await plain.hang_up()
        await until(lambda: len(queue.exits) == 3)
        assert queue.exits == [(number, QueueExit.ANSWERED) for number in ("103", "105", "104")]
        assert (queue.rung("101"), queue.rung("102")) == (3, 1)


async def test_a_phone_that_is_killed_in_a_talk_puts_the_caller_first(tmp_path: Path) -> None:
    group = sales("u101", "u102", pass_over_seconds=60)
    async with wire_queue(tmp_path, group, silence=1.0) as queue:
        await queue.x.phone("102", FarEnd(answers_after=0.3, voice=voice(BORIS)))
        ports = {"folder": tmp_path / "lonely", "hz": ANNA, "first_port": 39400}
        async with lonely_phone("101", queue.office.server, **ports) as process:  # type: ignore[arg-type]
            first = await queue.calls("103", "600", FIRST)
            await first.hears(ANNA)
            second = await queue.calls("104", "600", PLAIN)
            await second.hears(BORIS)
            vip = await queue.calls("105", "605", VIP)
            await vip.hears(MUSIC)
            process.kill()
            await process.wait()
            await first.hears(MUSIC)
            assert queue.waiting() == ["103", "105"]
            await (await queue.x.rung("102")).hang_up()
            await first.hears(BORIS)
            assert queue.talks() == {"u102": "103"}
            boris = await queue.x.rung("102")
            await boris.hears(FIRST)
            assert queue.rung("101") == 1


async def test_who_hangs_up_while_he_waits_is_gone_and_the_operators_phone_stops_ringing(tmp_path: Path) -> None:
    async with wire_queue(tmp_path, sales("u101")) as queue:
        await queue.x.phone("101", FarEnd.no_answer())
        caller = await queue.calls("103", "600", FIRST)
        anna = await queue.x.rung("101")
        await caller.hears(MUSIC)
        await caller.hang_up()
        await anna.reaches(LegState.ENDED)
        await until(lambda: queue.exits == [("103", QueueExit.GONE)])
        assert queue.waiting() == []
        await until(lambda: not queue.office.exchange.legs())


async def test_a_phone_that_is_killed_while_it_waits_leaves_the_queue(tmp_path: Path) -> None:
    async with wire_queue(tmp_path, sales("u101"), silence=1.0) as queue:
        await queue.x.phone("101", FarEnd(answers_after=0.3, voice=voice(ANNA)))
        first = await queue.calls("103", "600", FIRST)
        await first.hears(ANNA)
        ports = {"folder": tmp_path / "lonely", "hz": PLAIN, "first_port": 39800}
        async with lonely_phone("104", queue.office.server, **ports, dials="600") as process:  # type: ignore[arg-type]
            await until(lambda: queue.waiting() == ["104"])
            last = await queue.calls("105", "600", VIP)
            await until(lambda: queue.waiting() == ["104", "105"])
            process.kill()
            await process.wait()
            await until(lambda: queue.waiting() == ["105"], within=20)
            assert queue.exits == [("104", QueueExit.GONE)]
            await first.hang_up()
            await last.hears(ANNA)
            assert queue.rung("101") == 2


async def test_who_presses_the_key_hangs_up_and_is_called_when_his_turn_has_come(tmp_path: Path) -> None:
    async with wire_queue(tmp_path, sales("u101", callback_key="1")) as queue:
        await queue.x.phone("101", FarEnd(answers_after=0.3, voice=voice(ANNA)))
        await queue.x.phone("104", FarEnd(answers_after=0.5, voice=voice(PLAIN)))
        first = await queue.calls("103", "600", FIRST)
        await first.hears(ANNA)
        caller = await queue.calls("104", "600", PLAIN)
        await caller.hears(MUSIC)
        late = await queue.calls("105", "600", VIP)
        await late.hears(MUSIC)
        await caller.press("1")
        await caller.reaches(LegState.ENDED)
        await until(lambda: ("104", QueueExit.CALLBACK) in queue.exits)
        assert queue.waiting() == ["104", "105"]
        assert queue.rung("104") == 0  # nobody is called before an operator is free for him
        await (await queue.x.rung("101")).hang_up()
        called = await queue.x.rung("104")
        await called.hears(MUSIC)
        await called.hears(ANNA)
        await (await queue.x.rung("101")).hears(PLAIN)
        assert (queue.talks(), queue.waiting()) == ({"u101": "104"}, ["105"])
        await called.hang_up()
        await late.hears(ANNA)
        (callback,) = await queue.callbacks.listed()
        assert (callback.state, callback.attempts) == ("done", 1)
