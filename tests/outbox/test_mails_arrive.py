"""Story S10 from the order to the mail server: it goes away, the exchange is killed, and each mail arrives once."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.outbox.ports import MailServer, Security, State
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.testing.killing import OtherProcess
from cordboard.testing.mail import PostOffice
from cordboard.testing.outbox import mail_effect, settled
from cordboard.testing.store import sqlite_store

KILLS = 30
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def mail_leaves_over(store: Store, there: PostOffice) -> None:
    await store.outbox_settings.set_mail(MailServer("127.0.0.1", there.port, "pbx@office.test", Security.PLAIN))


def orders(first: int, count: int) -> list[Effect]:
    """To five people in turn, so that there is an order to keep."""
    now = datetime.now(UTC).isoformat()
    return [mail_effect(f"k{n}", f"u{n % 5}@office.test", str(n), ordered=now) for n in range(first, first + count)]


async def no_longer_waiting(store: Store) -> None:
    """Let everything that waits for its next try be due now."""
    for each in await store.outbox.find(states=[State.WAITING]):
        await store.outbox.again(each.id, datetime.now(UTC))


async def test_a_server_that_is_away_for_a_while_gets_each_mail_later_and_once(tmp_path: Path) -> None:
    exchange = OtherProcess("outbox_crash", tmp_path)
    async with PostOffice() as there, sqlite_store(tmp_path) as store:
        await mail_leaves_over(store, there)
        await there.stop()
        await store.runs.emit(orders(0, 20))
        await exchange.start()
        while len([each for each in await store.outbox.find() if each.tries and each.state is State.WAITING]) < 5:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)
        assert {each.error.partition(":")[0] for each in await store.outbox.find() if each.error} == {"127.0.0.1"}
        await there.start()
        await no_longer_waiting(store)
        done = await settled(store, 20)
        await exchange.kill()
    assert {each.state for each in done} == {State.DELIVERED}
    assert there.subjects() == Counter({str(n): 1 for n in range(20)})
    for person in range(5):
        got = [int(mail.message["Subject"]) for mail in there.mails if mail.recipient == f"u{person}@office.test"]
        assert got == sorted(got)


async def test_killed_over_and_over_each_mail_is_taken_once_or_again_as_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(10)
    exchange = OtherProcess("outbox_crash", tmp_path)
    async with PostOffice() as there, sqlite_store(tmp_path) as store:
        await mail_leaves_over(store, there)
        for kill in range(KILLS):
            taken = len(there.mails)
            await store.runs.emit(orders(kill * 10, 10))
            await exchange.start()
            while len(there.mails) < taken + dice.randint(1, 8):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.001)
            await exchange.kill()
        await exchange.start()
        done = await settled(store, 10 * KILLS)
        await exchange.kill()
    times = Counter((mail.id, mail.recipient) for mail in there.mails)
    twice = sum(count > 1 for count in times.values())
    doubtful = sum(each.doubts > 0 for each in done)
    with capsys.disabled():
        print(f"\n{KILLS} kills, {len(done)} mails: {twice} taken twice (same Message-ID), {doubtful} in doubt")  # noqa: T201 - what was counted
    assert {each.state for each in done} == {State.DELIVERED}
    assert len(times) == len(there.subjects()) == 10 * KILLS
    assert twice <= doubtful
    again = {str(mail.message["Subject"]) for mail in there.mails if times[mail.id, mail.recipient] > 1}
    assert again <= {str(each.payload["subject"]) for each in done if each.doubts}
    assert max(times.values()) <= 1 + max(each.doubts for each in done)
    bodies = {(mail.id, mail.raw) for mail in there.mails}
    assert len(bodies) == 10 * KILLS
