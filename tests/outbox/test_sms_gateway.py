"""The gateway of SMS over a real store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.outbox.ports import (
    Delivery,
    PermanentError,
    PostponedError,
    Receipt,
    TemporaryError,
    UncertainError,
)
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.keeping import Handed, LineKind, OptOut, SentSms, SmsLineConfig, SmsRules
from cordboard.outbox.sms.ports import Coding
from cordboard.store.database import Store
from cordboard.testing.outbox import TEN, delivery
from cordboard.testing.sms import DirectLines, ScriptedLine
from cordboard.testing.store import sqlite_store

KYIV = ZoneInfo("Europe/Kyiv")
ANNA = "+380671234567"


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = TEN

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> Hands:
    return Hands()


async def gateway(store: Store, clock: Hands, *lines: ScriptedLine, working: bool = True) -> SmsGateway:
    """With its lines, the first the cheapest."""
    for rank, line in enumerate(lines):
        config = SmsLineConfig(line.name, LineKind.HTTP, cost=Decimal("0.5"), currency="UAH", rank=rank)
        await store.sms_settings.put_line(config)
    return SmsGateway(store.sms_settings, store.sms_ledger, DirectLines(*lines), clock, lambda: KYIV, lambda _: working)


def sms(text: str = "Hello", to: str = ANNA, id_: int = 1, **more: Any) -> Delivery:
    payload = {"to": to, "text": text, **more}
    return replace(delivery("sms", to, payload, key=f"run-{id_}"), id=id_)


async def test_the_first_line_that_takes_it_is_the_only_one(store: Store, clock: Hands) -> None:
    one, two = ScriptedLine("one"), ScriptedLine("two")
    sending = await gateway(store, clock, one, two)
    receipt = await sending.deliver(sms("ж" * 71, sender="Shop", scenario="first_call"))
    assert receipt.text == "SMS line one, 2 parts"
    (sent,) = one.sent
    assert (sent.to, sent.sender, sent.coding, sent.deadline) == (ANNA, "Shop", Coding.UCS2, TEN + timedelta(days=2))
    assert [part.text for part in sent.parts] == ["ж" * 67, "ж" * 4]
    assert sent.parts[0].header == b"\x05\x00\x03\x01\x02\x01"
    assert two.sent == []
    (kept,) = await store.sms_ledger.sent()
    assert (kept.line, kept.parts, kept.cost, kept.currency) == ("one", 2, Decimal("1.0"), "UAH")
    assert (kept.handed, kept.scenario, kept.key) == (Handed.TAKEN, "first_call", sent.key)


async def test_a_line_that_does_not_take_it_leaves_it_to_the_next(store: Store, clock: Hands) -> None:
    one, two = ScriptedLine("one", TemporaryError("no signal")), ScriptedLine("two")
    receipt = await (await gateway(store, clock, one, two)).deliver(sms())
    assert receipt.text == "SMS line two"
    assert one.sent == two.sent
    assert [each.line for each in await store.sms_ledger.sent()] == ["two"]


async def test_when_no_line_takes_it_all_are_named_and_nothing_is_spent(store: Store, clock: Hands) -> None:
    lines = ScriptedLine("one", TemporaryError("no signal", 90)), ScriptedLine("two", TemporaryError("busy", 40))
    with pytest.raises(TemporaryError, match=r"^no signal; busy$") as fault:
        await (await gateway(store, clock, *lines)).deliver(sms())
    assert fault.value.retry_after == 40
    assert await store.sms_ledger.sent() == []


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (UncertainError("1 of 2 parts was taken", ["r1"]), "line one: 1 of 2 parts was taken"),
        (RuntimeError("a bug"), "line one has failed: RuntimeError('a bug')"),
    ],
)
async def test_what_the_network_may_have_is_sent_by_no_other_line(
    store: Store, clock: Hands, fate: Exception, words: str
) -> None:
    one, two = ScriptedLine("one", fate), ScriptedLine("two")
    sending = await gateway(store, clock, one, two)
    with pytest.raises(UncertainError) as fault:
        await sending.deliver(sms())
    assert str(fault.value) == words
    assert two.sent == []
    assert [each.handed for each in await store.sms_ledger.sent()] == [Handed.UNCERTAIN]  # perhaps it was paid for
    assert not sending.repeats


async def test_a_refusal_for_good_is_one(store: Store, clock: Hands) -> None:
    one, two = ScriptedLine("one", PermanentError("no such number")), ScriptedLine("two")
    with pytest.raises(PermanentError, match=r"^no such number$"):
        await (await gateway(store, clock, one, two)).deliver(sms())
    assert (two.sent, await store.sms_ledger.sent()) == ([], [])


async def test_a_line_that_is_named_is_taken_alone(store: Store, clock: Hands) -> None:
    one, two = ScriptedLine("one"), ScriptedLine("two", TemporaryError("down"))
    sending = await gateway(store, clock, one, two)
    with pytest.raises(TemporaryError, match=r"^down$"):
        await sending.deliver(sms(line="two"))
    with pytest.raises(TemporaryError, match="there is no SMS line three"):
        await sending.deliver(sms(line="three"))
    assert one.sent == []


async def test_without_a_line_it_waits_for_one(store: Store, clock: Hands) -> None:
    with pytest.raises(TemporaryError, match=r"no SMS line serves \+380671234567: add one"):
        await (await gateway(store, clock)).deliver(sms())


async def test_who_asked_for_silence_gets_nothing(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one")
    await store.sms_settings.opt_out(OptOut(ANNA, TEN, "sent 'STOP' to one"))
    with pytest.raises(PermanentError) as fault:
        await (await gateway(store, clock, one)).deliver(sms(urgent=True))
    assert str(fault.value) == (
        "+380671234567 gets no SMS since 2026-11-23: sent 'STOP' to one; "
        "take it off the list with `cordboard sms optout remove`"
    )
    assert one.sent == []


@pytest.mark.parametrize(
    ("to", "until"),
    [
        (ANNA, datetime(2026, 11, 24, 8, tzinfo=KYIV)),
        ("+12125551234", None),  # in New York it is 13:30
        ("+819012345678", datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Asia/Tokyo"))),
        ("4433", datetime(2026, 11, 24, 8, tzinfo=KYIV)),
    ],
)
async def test_in_quiet_hours_of_whom_is_called_it_waits(
    store: Store, clock: Hands, to: str, until: datetime | None
) -> None:
    clock.time = datetime(2026, 11, 23, 20, 30, tzinfo=KYIV).astimezone(UTC)
    await store.sms_settings.set_rules(SmsRules(quiet="20:00-08:00"))
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)
    if until is None:
        await sending.deliver(sms(to=to))
        return
    with pytest.raises(PostponedError) as fault:
        await sending.deliver(sms(to=to))
    assert fault.value.until == until
    assert one.sent == []
    await sending.deliver(sms(to=to, urgent=True))
    assert len(one.sent) == 1


async def test_it_may_wait_for_the_office(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one, working=False)
    await sending.deliver(sms(id_=1))
    await store.sms_settings.set_rules(SmsRules(working_time=True))
    with pytest.raises(PostponedError):
        await sending.deliver(sms(id_=2))
    assert len(one.sent) == 1


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (SmsRules(parts_a_day=2), "the office's limit of 2 parts a day is reached; see `cordboard sms limits`"),
        (
            SmsRules(money_a_day=Decimal("1.25")),
            "the office's limit of 1.25 UAH a day for SMS is reached; see `cordboard sms limits`",
        ),
        (
            SmsRules(scenario_parts_a_day=2),
            "the limit of 2 parts a day for orders of one scenario is reached; see `cordboard sms limits`",
        ),
    ],
)
async def test_what_passes_a_limit_of_the_day_waits_for_the_next(
    store: Store, clock: Hands, rules: SmsRules, words: str
) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)
    await store.sms_settings.set_rules(rules)
    for id_ in (1, 2):
        await sending.deliver(sms(id_=id_, scenario="s", to=f"+38067123456{id_}"))
    with pytest.raises(PostponedError) as fault:
        await sending.deliver(sms(id_=3, scenario="s"))
    assert str(fault.value) == words
    assert fault.value.until == datetime(2026, 11, 24, tzinfo=KYIV)
    clock.time = fault.value.until.astimezone(UTC)
    await sending.deliver(sms(id_=3, scenario="s"))
    assert len(one.sent) == 3


async def test_two_machines_that_answer_each_other_stop(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)
    await store.sms_settings.set_rules(SmsRules(messages_a_day_to_one=3))
    for id_ in (1, 2, 3):
        await sending.deliver(sms(id_=id_))
    with pytest.raises(PermanentError, match="3 SMS went to this phone today: perhaps a machine answers there"):
        await sending.deliver(sms(id_=4))
    await sending.deliver(sms(id_=5, to="+380671234568"))
    assert len(one.sent) == 4


async def test_a_text_that_is_too_long_is_refused_before_it_costs_anything(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)
    with pytest.raises(PermanentError, match="the text takes 9 parts, and 8 are allowed"):
        await sending.deliver(sms("a" * (153 * 8 + 1)))
    await store.sms_settings.set_rules(SmsRules(parts_of_one=0))
    await sending.deliver(sms("a" * (153 * 8 + 1)))
    assert len(one.sent[0].parts) == 9


async def test_typographic_signs_are_made_plain_if_the_office_wants_it(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)
    text = "“Thanks” – " + "a" * 100
    await sending.deliver(sms(text, id_=1))
    await store.sms_settings.set_rules(SmsRules(simplify=True))
    await sending.deliver(sms(text, id_=2))
    assert [len(sent.parts) for sent in one.sent] == [2, 1]
    assert one.sent[1].parts[0].text.startswith('"Thanks" - aaa')


async def test_a_key_is_the_same_in_each_attempt_and_of_one_phone(store: Store, clock: Hands) -> None:
    one = ScriptedLine("one", TemporaryError("x"))
    sending = await gateway(store, clock, one)
    with pytest.raises(TemporaryError):
        await sending.deliver(sms())
    await sending.deliver(sms())
    await sending.deliver(sms(to="+380671234568"))
    first, again, other = [sent.key for sent in one.sent]
    assert first == again != other


async def test_what_was_taken_stays_so_though_the_ledger_cannot_be_written(
    store: Store, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ScriptedLine("one")
    sending = await gateway(store, clock, one)

    async def fails(number: int, references: object) -> None:
        raise OSError(number, references)

    monkeypatch.setattr(store.sms_ledger, "taken", fails)
    assert (await sending.deliver(sms())).text == "SMS line one"


@pytest.mark.parametrize(
    ("book", "known"), [("nothing", None), ("begun", UncertainError), ("doubtful", UncertainError), ("taken", Receipt)]
)
async def test_what_a_crash_has_left_is_known_from_the_book(
    store: Store, clock: Hands, book: str, known: type[Any] | None
) -> None:
    sending = await gateway(store, clock, ScriptedLine("one"))
    order = sms("ж" * 71)
    if book != "nothing":
        one = SentSms(order.id, "k", ANNA, "one", 2, Decimal(1), "UAH", TEN)
        number = await store.sms_ledger.begin(one, SmsRules(), TEN)
        assert isinstance(number, int)
        if book == "doubtful":
            await store.sms_ledger.doubtful(number)
        if book == "taken":
            await store.sms_ledger.taken(number, ["r1", "r2"])
    if known is UncertainError:
        with pytest.raises(UncertainError, match="line one: nobody knows"):
            await sending.remembered(order)
    else:
        assert await sending.remembered(order) == (Receipt("SMS line one, 2 parts") if known else None)
