"""The contract of `outbox.sms.keeping`, over every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cordboard.outbox.ports import State, Verdict
from cordboard.outbox.sms.keeping import Handed, Limit, LineKind, OptOut, PhoneFate, SentSms, SmsLineConfig, SmsRules
from cordboard.outbox.sms.ports import Fate, IncomingSms, SmsReport
from cordboard.scenario.ports import Effect, Message
from cordboard.scenario.values import from_json
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.store.database import Store
from cordboard.telephony import PhoneNumber
from cordboard.testing.outbox import TEN
from cordboard.testing.store import STORES

MINUTE = timedelta(minutes=1)
ANNA = "+380671234567"
OWN = "+380322327757"
NO_LIMITS = SmsRules(parts_a_day=0, messages_a_day_to_one=0)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path, clock=Still()) as opened:
        if opened.writer.dialect == "postgresql":  # the database may have been used by another test before
            for table, column in (("deliveries", "id"), ("sms_sent", "number"), ("sms_received", "number")):
                await opened.writer.commit([text(f"ALTER SEQUENCE {table}_{column}_seq RESTART")])
        yield opened


class Still(VirtualClock):
    """A clock that stands."""

    def now(self) -> Any:
        return TEN


def sms(delivery: int = 1, recipient: str = ANNA, *, parts: int = 1, **more: Any) -> SentSms:
    values: dict[str, Any] = {"line": "kyivstar", "cost": Decimal("0.40") * parts, "currency": "UAH", "at": TEN} | more
    return SentSms(delivery, f"key-{delivery}", recipient, parts=parts, **values)


async def begun(store: Store, one: SentSms) -> int:
    number = await store.sms_ledger.begin(one, NO_LIMITS, TEN)
    assert isinstance(number, int)
    return number


async def delivery(store: Store, to: str = ANNA, verdict: Verdict | None = None, key: str = "k") -> int:
    """One in the outbox, being handed over, or settled by `verdict`."""
    await store.runs.emit([Effect("sms", key, {"to": to, "text": "Hi"}, run_id="run", chain="chain")])
    await store.outbox.take_in(TEN)
    (claimed,) = await store.outbox.claim("sms", TEN, "a", TEN + MINUTE, 10)
    if verdict:
        assert await store.outbox.settle(claimed.id, claimed.epoch, verdict, TEN)
    return claimed.id


async def events(store: Store) -> list[Message]:
    return [each for each in await store.runs.messages() if each.name.startswith("sms.")]


async def fates(store: Store) -> list[tuple[Handed, PhoneFate, str]]:
    return [(each.handed, each.fate, each.words) for each in await store.sms_ledger.sent()]


# --- settings ------------------------------------------------------------------------------------------------------


async def test_lines_are_kept_with_their_secrets_encrypted(store: Store) -> None:
    line = SmsLineConfig(
        "kyivstar",
        LineKind.SMPP,
        {"host": "smpp.test", "password": "hush"},
        ("+38067", "+38068"),
        Decimal("0.415"),
        "UAH",
    )
    other = SmsLineConfig("modem", LineKind.MODEM, rank=2, enabled=False)
    for each in (other, line, replace(line, rank=1)):
        await store.sms_settings.put_line(each)
    assert await store.sms_settings.lines() == [replace(line, rank=1), other]
    assert "hush" not in repr(line)
    stored = await store.reader.read(
        lambda connection: connection.execute(text("SELECT settings FROM sms_lines")).all()
    )
    assert not any("hush" in row[0] or "smpp.test" in row[0] for row in stored)
    assert await store.sms_settings.remove_line("modem")
    assert not await store.sms_settings.remove_line("modem")
    assert [each.name for each in await store.sms_settings.lines()] == ["kyivstar"]


async def test_rules_are_as_usual_until_they_are_set(store: Store) -> None:
    assert await store.sms_settings.rules() == SmsRules()
    rules = SmsRules(parts_a_day=5, money_a_day=Decimal("12.5"), quiet="21:00-08:00", stop_words=("STOP",))
    await store.sms_settings.set_rules(rules)
    assert await store.sms_settings.rules() == rules


async def test_who_wants_no_sms_stands_on_a_list(store: Store) -> None:
    await store.sms_settings.opt_out(OptOut(ANNA, TEN, "by hand"))
    await store.sms_settings.opt_out(OptOut(ANNA, TEN + MINUTE, "again"))
    assert await store.sms_settings.opted_out(ANNA) == OptOut(ANNA, TEN, "by hand")
    assert await store.sms_settings.opted_out("+380671234568") is None
    assert await store.sms_settings.opt_outs() == [OptOut(ANNA, TEN, "by hand")]
    assert await store.sms_settings.opt_in(ANNA)
    assert not await store.sms_settings.opt_in(ANNA)


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "fits", "over", "limit"),
    [
        (SmsRules(parts_a_day=3), sms(2, "+380671111111", parts=1), sms(2, "+380671111111", parts=2), Limit.PARTS),
        (SmsRules(money_a_day=Decimal("1.2")), sms(2, "1", parts=1), sms(2, "1", parts=2), Limit.MONEY),
        (SmsRules(money_a_day=Decimal("1.2")), sms(2, "1", parts=3, currency="EUR"), sms(2, "1", parts=2), Limit.MONEY),
        (
            SmsRules(scenario_parts_a_day=2),
            sms(2, "1", parts=2, scenario="b"),
            sms(2, "1", parts=1, scenario="a"),
            Limit.SCENARIO,
        ),
        (SmsRules(scenario_parts_a_day=2), sms(2, "1", parts=9), sms(2, "1", parts=1, scenario="a"), Limit.SCENARIO),
        (SmsRules(messages_a_day_to_one=1), sms(2, "+380671111111"), sms(2, ANNA), Limit.RECIPIENT),
    ],
)
async def test_a_days_limit_is_never_passed(
    store: Store, rules: SmsRules, fits: SentSms, over: SentSms, limit: Limit
) -> None:
    assert await store.sms_ledger.begin(sms(1, parts=2, scenario="a"), rules, TEN) == 1
    assert await store.sms_ledger.begin(over, rules, TEN) is limit
    number = await store.sms_ledger.begin(fits, rules, TEN)
    assert isinstance(number, int)
    assert len(await store.sms_ledger.sent()) == 2
    # The day before does not count, nor does what was refused.
    assert isinstance(await store.sms_ledger.begin(over, rules, TEN + MINUTE), int)


async def test_what_was_refused_counts_no_more(store: Store) -> None:
    rules = SmsRules(parts_a_day=1)
    number = await store.sms_ledger.begin(sms(), rules, TEN)
    assert await store.sms_ledger.begin(sms(2), rules, TEN) is Limit.PARTS
    assert isinstance(number, int)
    await store.sms_ledger.refused(number)
    assert isinstance(await store.sms_ledger.begin(sms(2), rules, TEN), int)


async def test_what_was_sent_is_listed_and_forgotten(store: Store) -> None:
    first = await begun(store, sms(1))
    second = await begun(store, sms(2, "+380671111111", parts=2, at=TEN + MINUTE))
    await store.sms_ledger.taken(first, ["r1"])
    await store.sms_ledger.doubtful(second)
    assert await store.sms_ledger.sent() == [
        replace(sms(2, "+380671111111", parts=2, at=TEN + MINUTE), number=second, handed=Handed.UNCERTAIN),
        replace(sms(1), number=first, handed=Handed.TAKEN),
    ]
    assert [each.number for each in await store.sms_ledger.sent(recipient=ANNA)] == [first]
    assert [each.number for each in await store.sms_ledger.sent(deliveries=[2])] == [second]
    assert await store.sms_ledger.forget(TEN + MINUTE) == 2
    assert [each.number for each in await store.sms_ledger.sent()] == [second]


# --- reports -------------------------------------------------------------------------------------------------------


async def test_a_message_has_reached_the_phone_when_all_its_parts_have(store: Store) -> None:
    id_ = await delivery(store, verdict=Verdict(State.DELIVERED))
    number = await begun(store, sms(id_, parts=2))
    await store.sms_ledger.taken(number, ["r1", "r2"])
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED))
    await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.PENDING))
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.UNKNOWN, "")]
    for _ in range(2):
        await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.DELIVERED, "DELIVRD", TEN + MINUTE))
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.REACHED, "DELIVRD")]
    (event,) = await events(store)
    assert (event.name, event.key, event.chain, event.posted) == ("sms.delivered", ANNA, "chain", TEN + MINUTE)
    assert event.data == {"phone": ANNA, "line": "kyivstar", "delivery": "k", "words": "DELIVRD"}


async def test_one_reference_may_stand_for_all_parts(store: Store) -> None:
    number = await begun(store, sms(parts=3))
    await store.sms_ledger.taken(number, ["r1"])
    other = await begun(store, sms(2, parts=1))
    await store.sms_ledger.taken(other, ["r2"])
    assert sorted(await store.sms_inbox.awaited("kyivstar")) == ["r1", "r2"]
    assert await store.sms_inbox.awaited("vodafone") == []
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED))
    assert [fate for _, fate, _ in await fates(store)] == [PhoneFate.UNKNOWN, PhoneFate.REACHED]
    assert await store.sms_inbox.awaited("kyivstar") == ["r2"]


async def test_a_message_is_lost_with_its_first_lost_part_and_stays_so(store: Store) -> None:
    number = await begun(store, sms(parts=2))
    await store.sms_ledger.taken(number, ["r1", "r2"])
    await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.FAILED, "UNDELIV err:005"))
    await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.DELIVERED))
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED))
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.LOST, "UNDELIV err:005")]
    assert [event.name for event in await events(store)] == ["sms.lost"]


async def test_a_report_that_is_faster_than_the_answer_counts(store: Store) -> None:
    number = await begun(store, sms())
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED, to=ANNA))
    await store.sms_inbox.reported("vodafone", SmsReport("r1", Fate.FAILED))
    await store.sms_ledger.taken(number, ["r1"])
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.REACHED, "")]


async def test_a_reference_that_a_modem_uses_again_means_the_younger_message(store: Store) -> None:
    first = await begun(store, sms(1))
    await store.sms_ledger.taken(first, ["7"])
    await store.sms_inbox.reported("kyivstar", SmsReport("7", Fate.DELIVERED))
    second = await begun(store, sms(2, "+380671111111"))
    await store.sms_inbox.reported("kyivstar", SmsReport("7", Fate.FAILED, to="380671111111"))
    await store.sms_ledger.taken(second, ["7"])
    assert [fate for _, fate, _ in await fates(store)] == [PhoneFate.LOST, PhoneFate.REACHED]


@pytest.mark.parametrize("late", [{"key": "key-1"}, {"to": "380671234567"}])
async def test_a_late_report_settles_a_message_in_doubt(store: Store, late: dict[str, Any]) -> None:
    id_ = await delivery(store, verdict=Verdict(State.UNCERTAIN, "no answer"))
    number = await begun(store, sms(id_, parts=2))
    await store.sms_ledger.doubtful(number)
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED, **late))
    found = await store.outbox.get(id_)
    assert found is not None
    assert found.state is State.UNCERTAIN  # of the other part nothing is known yet
    await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.PENDING, at=TEN + MINUTE, **late))
    found = await store.outbox.get(id_)
    assert found is not None
    assert (found.state, found.receipt, found.settled) == (
        State.DELIVERED,
        "a report of kyivstar has told it",
        TEN + MINUTE,
    )
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.UNKNOWN, "")]
    await store.sms_inbox.reported("kyivstar", SmsReport("r2", Fate.DELIVERED))
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.REACHED, "")]


async def test_a_report_that_might_be_of_two_messages_settles_none(store: Store) -> None:
    id_ = await delivery(store, verdict=Verdict(State.UNCERTAIN, "no answer"))
    await store.sms_ledger.doubtful(await begun(store, sms(id_)))
    other = await begun(store, sms(99))  # on its way: the report may be its own
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED, to=ANNA))
    found = await store.outbox.get(id_)
    assert found is not None
    assert found.state is State.UNCERTAIN
    await store.sms_ledger.taken(other, ["r1"])
    assert [fate for _, fate, _ in await fates(store)] == [PhoneFate.REACHED, PhoneFate.UNKNOWN]


async def test_a_report_that_came_before_the_doubt_is_found_when_it_is_tidied(store: Store) -> None:
    id_ = await delivery(store)
    await begun(store, sms(id_))  # killed while it was handed over
    await store.sms_inbox.reported("kyivstar", SmsReport("r1", Fate.DELIVERED, to=ANNA))
    found = await store.outbox.get(id_)
    assert found is not None
    assert found.state is State.SENDING
    await store.outbox.settle(id_, found.epoch, Verdict(State.UNCERTAIN, "stopped"), TEN)
    await store.sms_inbox.tidy(TEN + MINUTE)
    found = await store.outbox.get(id_)
    assert found is not None
    assert found.state is State.DELIVERED
    assert await fates(store) == [(Handed.TAKEN, PhoneFate.REACHED, "")]


# --- what comes in -------------------------------------------------------------------------------------------------


def incoming(words: str = "Yes", *, part: int = 1, parts: int = 1, reference: int = 0, **more: Any) -> IncomingSms:
    values: dict[str, Any] = {"sender": ANNA, "to": OWN, "at": TEN} | more
    return IncomingSms(text=words, reference=reference, part=part, parts=parts, **values)


async def texts(store: Store) -> list[tuple[str, bool]]:
    return [(each.text, each.complete) for each in reversed(await store.sms_inbox.inbox())]


async def test_a_message_becomes_an_event_in_the_same_breath(store: Store) -> None:
    await store.office.save((await store.office.load()).settings)
    await store.sms_inbox.received("kyivstar", incoming(sender="380671234567"))
    (event,) = await events(store)
    assert (event.name, event.key, event.posted) == ("sms.received", ANNA, TEN)
    assert {name: from_json(value) for name, value in event.data.items()} == {
        "phone": PhoneNumber(ANNA, ANNA),
        "from": "380671234567",
        "to": OWN,
        "text": "Yes",
        "line": "kyivstar",
        "at": TEN,
        "complete": True,
        "stop": False,
    }
    (kept,) = await store.sms_inbox.inbox(phone=ANNA)
    assert (kept.sender, kept.phone, kept.text, kept.at) == ("380671234567", ANNA, "Yes", TEN)


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({"key": "n1", "at": TEN + timedelta(hours=5)}, 1),
        ({"key": "n2"}, 2),
        ({}, 2),
    ],
)
async def test_one_that_comes_again_under_its_name_counts_once(store: Store, other: dict[str, Any], count: int) -> None:
    await store.sms_inbox.received("kyivstar", incoming(key="n1"))
    await store.sms_inbox.received("kyivstar", incoming(**other))
    assert len(await texts(store)) == len(await events(store)) == count


@pytest.mark.parametrize(("words", "seconds", "count"), [("Yes", 59, 1), ("Yes", 60, 2), ("No", 1, 2)])
async def test_one_without_a_name_is_known_by_its_words_for_a_minute(
    store: Store, words: str, seconds: int, count: int
) -> None:
    await store.sms_inbox.received("kyivstar", incoming())
    await store.sms_inbox.received("kyivstar", incoming(words, at=TEN + timedelta(seconds=seconds)))
    assert len(await texts(store)) == count


async def test_parts_are_joined_in_whatever_order_they_come(store: Store) -> None:
    for part in (3, 1, 3, 2, 1):
        await store.sms_inbox.received(
            "kyivstar", incoming(f"<{part}>", part=part, parts=3, reference=9, key=f"n{part}")
        )
    await store.sms_inbox.received("kyivstar", incoming("<else>", part=1, parts=3, reference=10))
    assert await texts(store) == [("<1><2><3>", True)]
    assert len(await events(store)) == 1


async def test_what_is_there_is_handed_on_when_the_rest_does_not_come(store: Store) -> None:
    await store.sms_inbox.received("kyivstar", incoming("<3>", part=3, parts=3, reference=9))
    await store.sms_inbox.received("kyivstar", incoming("<1>", part=1, parts=3, reference=9))
    await store.sms_inbox.tidy(TEN + timedelta(minutes=9.9))
    assert await texts(store) == []
    for _ in range(2):
        await store.sms_inbox.tidy(TEN + 10 * MINUTE)
    assert await texts(store) == [("<1><3>", False)]
    (event,) = await events(store)
    assert event.data["complete"] is False


async def test_a_sender_that_counts_anew_begins_another_text(store: Store) -> None:
    for words in ("<old>", "<new>"):
        await store.sms_inbox.received("kyivstar", incoming(words, part=1, parts=2, reference=9))
    await store.sms_inbox.received("kyivstar", incoming("<2>", part=2, parts=2, reference=9))
    assert await texts(store) == [("<old>", False), ("<new><2>", True)]


@pytest.mark.parametrize("words", ["STOP", " stop. ", "Стоп!", "CTOП", "Unsubscribe"])
async def test_who_asks_gets_no_sms_any_more_until_he_asks_again(store: Store, words: str) -> None:
    await store.sms_inbox.received("kyivstar", incoming(words))
    out = await store.sms_settings.opted_out(ANNA)
    assert out == OptOut(ANNA, TEN, f"sent {words.strip()!r} to kyivstar")
    (event,) = await events(store)
    assert event.data["stop"] is True
    await store.sms_inbox.received("kyivstar", incoming("Start"))
    assert await store.sms_settings.opted_out(ANNA) is None


@pytest.mark.parametrize("words", ["Please stop calling me", "STOPP", "", "..."])
async def test_other_words_stop_nothing(store: Store, words: str) -> None:
    await store.sms_inbox.received("kyivstar", incoming(words))
    assert await store.sms_settings.opt_outs() == []


async def test_a_sender_with_a_name_has_no_phone(store: Store) -> None:
    await store.sms_inbox.received("kyivstar", incoming("STOP", sender="Bank24"))
    (event,) = await events(store)
    assert (event.key, event.data["from"]) == ("Bank24", "Bank24")
    assert await store.sms_settings.opt_outs() == []
    (kept,) = await store.sms_inbox.inbox()
    assert (kept.sender, kept.phone) == ("Bank24", "")
