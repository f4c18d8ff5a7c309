"""The contract of `outbox.ports.Outbox`, over every database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cordboard.outbox.ports import MailServer, Security, State, Verdict, WebhookRules
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.testing.outbox import TEN, mail_effect
from cordboard.testing.store import STORES

MINUTE = timedelta(minutes=1)
LEASE = TEN + 10 * MINUTE


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        if opened.writer.dialect == "postgresql":  # the database may have been used by another test before
            await opened.writer.commit([text("ALTER SEQUENCE deliveries_id_seq RESTART")])
        yield opened


async def ordered(store: Store, *effects: Effect) -> None:
    await store.runs.emit(effects)
    assert await store.outbox.take_in(TEN) == len(effects)


async def claimed(store: Store, *, now: Any = TEN, limit: int = 10, node: str = "a") -> list[tuple[int, str, int]]:
    found = await store.outbox.claim("email", now, node, now + 10 * MINUTE, limit)
    return [(each.id, each.recipient, each.epoch) for each in found]


async def test_an_effect_becomes_a_delivery_for_each_recipient(store: Store) -> None:
    await ordered(store, mail_effect("k", "Boss@Office.Test, anna@office.test,boss@office.test, Boss@office.test"))
    assert await store.outbox.take_in(TEN) == 0
    assert await store.runs.effects() == []
    young, old = await store.outbox.find()
    assert (old.id, old.recipient, young.recipient) == (1, "Boss@office.test", "anna@office.test")
    assert (old.state, old.due, old.deadline, old.tries) == (State.WAITING, TEN, TEN + timedelta(days=2), 0)
    assert (old.kind, old.key, old.run_id, old.chain, old.payload["text"]) == (
        "email",
        "k",
        "run-1",
        "chain-1",
        "Some words",
    )


async def test_only_the_kinds_of_the_outbox_are_taken(store: Store) -> None:
    await store.runs.emit([Effect("excel", "1", {})])
    assert await store.outbox.take_in(TEN) == 0
    assert [each.kind for each in await store.runs.effects()] == ["excel"]


async def test_an_order_without_a_recipient_has_failed_and_says_why(store: Store) -> None:
    await ordered(store, mail_effect("k", "nobody"), mail_effect("l", ""))
    first, second = reversed(await store.outbox.find())
    assert (first.state, first.due) == (State.FAILED, None)
    assert first.error == "'nobody' is no e-mail address: write name@company.com"
    assert second.error == "the mail has no recipient"


async def test_a_repeated_order_within_the_window_is_one(store: Store) -> None:
    def order(key: str, minutes: float, same: str = "callback +380671234567") -> Effect:
        return mail_effect(key, ordered=(TEN - 10 * MINUTE + minutes * MINUTE).isoformat(), same=same, window=300.0)

    await ordered(store, order("a", 0), order("b", 4.9), order("c", 4, same="another"), order("d", 5), order("e", 9))
    found = {each.key: (each.state, each.error) for each in await store.outbox.find()}
    assert found["a"] == found["c"] == found["d"] == (State.WAITING, "")
    assert found["b"] == (State.DROPPED, "It repeats No. 1.")
    assert found["e"] == (State.DROPPED, "It repeats No. 4.")


async def test_a_claimed_one_is_written_as_being_sent_and_nobody_else_gets_it(store: Store) -> None:
    await ordered(store, mail_effect("k"))
    assert await claimed(store) == [(1, "boss@office.test", 1)]
    assert await claimed(store, node="b") == []
    found = await store.outbox.get(1)
    assert found is not None
    assert (found.state, found.tries, found.doubts, found.node) == (State.SENDING, 1, 0, "a")
    assert await store.outbox.next_due() == LEASE


async def test_what_was_found_being_sent_when_its_lease_was_over_is_in_doubt(store: Store) -> None:
    await ordered(store, mail_effect("k"))
    await claimed(store)
    (found,) = await store.outbox.claim("email", LEASE, "b", LEASE + MINUTE, 10)
    assert (found.tries, found.doubts, found.epoch, found.node) == (2, 1, 2, "b")
    assert not await store.outbox.settle(1, 1, Verdict(State.DELIVERED), LEASE)
    assert await store.outbox.settle(1, 2, Verdict(State.DELIVERED, receipt="250 OK"), LEASE)
    done = await store.outbox.get(1)
    assert done is not None
    assert (done.state, done.receipt, done.due, done.settled) == (State.DELIVERED, "250 OK", None, LEASE)
    assert await store.outbox.next_due() is None


async def test_a_node_that_begins_anew_finds_its_own_at_once(store: Store) -> None:
    await ordered(store, mail_effect("k"), mail_effect("l", "anna@office.test"))
    await claimed(store, limit=1, node="a")
    await claimed(store, limit=1, node="b")
    assert await store.outbox.release("a") == 1
    assert await claimed(store, node="a") == [(1, "boss@office.test", 2)]


async def test_an_older_one_to_the_same_recipient_holds_the_younger_ones_back(store: Store) -> None:
    patience: dict[str, Any] = {"patience": 3600.0, "ordered": TEN.isoformat()}
    await ordered(store, mail_effect("a", **patience), mail_effect("b"), mail_effect("c", "anna@office.test"))
    assert await claimed(store) == [(1, "boss@office.test", 1), (3, "anna@office.test", 1)]
    assert await claimed(store) == []
    await store.outbox.settle(1, 1, Verdict(State.WAITING, "busy", TEN + 30 * MINUTE), TEN)
    assert await claimed(store, now=TEN + 29 * MINUTE, limit=1) == [(3, "anna@office.test", 2)]
    assert await claimed(store, now=TEN + 30 * MINUTE) == [(1, "boss@office.test", 2)]
    await store.outbox.settle(1, 2, Verdict(State.UNCERTAIN, "lost", TEN + 61 * MINUTE), TEN)
    assert [each[0] for each in await claimed(store, now=TEN + 60 * MINUTE)] == [2, 3]


async def test_one_that_is_settled_lets_the_next_go(store: Store) -> None:
    await ordered(store, mail_effect("a"), mail_effect("b"), mail_effect("c"))
    await claimed(store)
    await store.outbox.settle(1, 1, Verdict(State.FAILED, "no"), TEN)
    assert await claimed(store) == [(2, "boss@office.test", 1)]
    await store.outbox.settle(2, 1, Verdict(State.UNCERTAIN, "?"), TEN)
    assert await claimed(store) == [(3, "boss@office.test", 1)]


async def test_the_deadline_ends_what_waits_and_says_whether_it_is_in_doubt(store: Store) -> None:
    patience: dict[str, Any] = {"patience": 60.0, "ordered": TEN.isoformat()}
    await ordered(store, *(mail_effect(key, f"{key}@office.test", **patience) for key in ("a", "b", "c", "d")))
    await claimed(store, limit=3)
    await store.outbox.settle(1, 1, Verdict(State.WAITING, "busy", TEN + 2 * MINUTE), TEN)
    await store.outbox.settle(2, 1, Verdict(State.UNCERTAIN, "lost", TEN + 2 * MINUTE), TEN)
    assert await store.outbox.expire(TEN + 0.9 * MINUTE) == 0
    assert await store.outbox.expire(TEN + MINUTE) == 3
    found = {each.key: (each.state, each.error, each.due) for each in await store.outbox.find()}
    assert found["a"] == (State.FAILED, "its deadline is over. The last attempt: busy", None)
    assert found["b"] == (State.UNCERTAIN, "its deadline is over. The last attempt: lost", None)
    assert found["c"][0] is State.SENDING
    assert found["d"] == (State.FAILED, "its deadline is over.", None)
    assert await store.outbox.expire(LEASE) == 1
    last = await store.outbox.get(3)
    assert last is not None
    assert last.state is State.UNCERTAIN


async def test_people_may_send_it_again_or_drop_it(store: Store) -> None:
    await ordered(store, mail_effect("a", patience=60.0, ordered=TEN.isoformat()), mail_effect("b"))
    await claimed(store)
    assert not await store.outbox.again(1, TEN)
    assert not await store.outbox.drop(1, TEN)
    await store.outbox.settle(1, 1, Verdict(State.FAILED, "no"), TEN)
    assert await store.outbox.again(1, TEN + 5 * MINUTE)
    first = await store.outbox.get(1)
    assert first is not None
    assert (first.state, first.due, first.deadline) == (State.WAITING, TEN + 5 * MINUTE, TEN + 6 * MINUTE)
    assert await store.outbox.drop(1, TEN)
    assert not await store.outbox.drop(1, TEN)
    assert await store.outbox.again(1, TEN)
    assert [each[0] for each in await claimed(store)] == [1]
    await store.outbox.settle(1, 2, Verdict(State.DELIVERED), TEN)
    assert not await store.outbox.again(1, TEN)
    assert not await store.outbox.drop(1, TEN)
    assert not await store.outbox.again(77, TEN)


async def test_deliveries_are_found_counted_and_forgotten(store: Store) -> None:
    await ordered(store, mail_effect("a"), mail_effect("b", "anna@office.test"), mail_effect("c"))
    await claimed(store, limit=1)
    await store.outbox.settle(1, 1, Verdict(State.DELIVERED), TEN)
    outbox = store.outbox
    assert [each.id for each in await outbox.find(states=[State.WAITING, State.FAILED])] == [3, 2]
    assert [each.id for each in await outbox.find(recipient="boss@office.test")] == [3, 1]
    assert [each.id for each in await outbox.find(kind="webhook")] == []
    assert [each.id for each in await outbox.find(before=3, limit=1)] == [2]
    assert await outbox.counts() == {("email", State.DELIVERED): 1, ("email", State.WAITING): 2}
    assert await outbox.forget(TEN) == 0
    assert await outbox.forget(TEN + MINUTE) == 1
    assert await outbox.get(1) is None


async def test_settings_are_kept_and_their_secrets_encrypted(store: Store, tmp_path: Path) -> None:
    settings = store.outbox_settings
    assert await settings.mail() is None
    assert await settings.webhooks() == WebhookRules()
    server = MailServer("mail.test", 587, "pbx@office.test", Security.TLS, "pbx", "Geheimnis-7", "/etc/ca.pem")
    await settings.set_mail(server)
    assert await settings.mail() == server
    await settings.set_webhooks(WebhookRules(("10.0.0.0/8",), "Geheimnis-8"))
    assert await settings.webhooks() == WebhookRules(("10.0.0.0/8",), "Geheimnis-8")
    assert "Geheimnis" not in repr(server) + repr(await settings.webhooks())
    await store.writer.flush()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs
    assert b"Geheimnis" not in written
    await settings.set_mail(None)
    assert await settings.mail() is None


async def test_an_order_of_sms_is_read_with_the_country_that_it_tells(store: Store) -> None:
    await ordered(
        store,
        Effect(
            "sms", "a", {"to": "067 123 45 67, +380671234567,+7 926 123-45-67, 4433", "text": "Hi", "country": "UA"}
        ),
        Effect("sms", "b", {"to": "067 123 45 67", "text": "Hi"}),
        Effect("sms", "c", {"text": "Hi"}),
    )
    found = [(each.key, each.recipient, each.state, each.error) for each in reversed(await store.outbox.find())]
    assert found == [
        ("a", "+380671234567", State.WAITING, ""),
        ("a", "+79261234567", State.WAITING, ""),
        ("a", "4433", State.WAITING, ""),
        (
            "b",
            "",
            State.FAILED,
            "'067 123 45 67' is no phone that gets SMS: write +380671234567, or a short code",
        ),
        ("c", "", State.FAILED, "the SMS has no recipient"),
    ]


async def test_one_that_is_postponed_has_not_been_tried_and_holds_nobody_back(store: Store) -> None:
    await ordered(store, mail_effect("a"), mail_effect("b"))
    assert await claimed(store) == [(1, "boss@office.test", 1)]
    assert await store.outbox.settle(1, 1, Verdict(State.WAITING, "quiet", TEN + 60 * MINUTE, postponed=True), TEN)
    found = await store.outbox.get(1)
    assert found is not None
    assert (found.state, found.tries, found.due, found.error) == (State.WAITING, 0, TEN + 60 * MINUTE, "quiet")
    assert await claimed(store) == [(2, "boss@office.test", 1)]  # an urgent one, perhaps
    await store.outbox.settle(2, 1, Verdict(State.WAITING, "quiet", TEN + 60 * MINUTE, postponed=True), TEN)
    assert await claimed(store, now=TEN + 60 * MINUTE) == [(1, "boss@office.test", 2)]  # in order again
    assert await claimed(store, now=TEN + 61 * MINUTE) == []
    await store.outbox.settle(1, 2, Verdict(State.WAITING, "busy", TEN + 90 * MINUTE), TEN)
    assert await claimed(store, now=TEN + 61 * MINUTE) == []  # it was tried, so it holds back
