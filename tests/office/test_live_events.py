import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cordboard.api.events import call_told
from cordboard.office.audit import MASK
from cordboard.office.cards import Cards, safe_link
from cordboard.office.configuration_parts import parts
from cordboard.office.ended_calls import ended_call
from cordboard.office.live import WAITING, LiveEvents, wanted_topics
from cordboard.office.model import OfficeData
from cordboard.office.repositories import LoggedChain
from cordboard.office.webhooks import Webhook, WebhookDesk, WebhookPromises
from cordboard.outbox.webhooks import signature
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party
from cordboard.testing.office import OFFICE, HandClock, HeldOffice, loaded_directory

NOW = HandClock().time
CALLER = LegRecord(
    "a", "c1", Direction.INBOUND, LegState.CALLING, Party("0671112233", "Ivan"), "2327757", "", "city", NOW
)
ANNA = LegRecord("b", "c1", Direction.OUTBOUND, LegState.CALLING, Party("0671112233"), "101", "101", "", NOW)


async def listening(**more: Any) -> LiveEvents:
    return LiveEvents(await loaded_directory(), HandClock(), **more)


async def told(live: LiveEvents, *records: LegRecord | ConnectionRecord) -> list[tuple[str, set[str]]]:
    with live.stream(lambda _event: True) as stream:
        for each in records:
            if isinstance(each, LegRecord):
                live.leg_changed(each)
            else:
                live.connection_changed(each)
        live.publish("over", {})
        found = []
        while (event := (await stream.next())[0]).topic != "over":
            found.append((event.topic, set(event.logins)))
    return found


async def test_a_call_is_told_from_its_start_to_its_end() -> None:
    ringing = replace(ANNA, ringing=NOW, state=LegState.RINGING)
    answered = [replace(each, answered=NOW, state=LegState.ANSWERED) for each in (ringing, CALLER)]
    held = replace(answered[0], held=True)
    joined = ConnectionRecord("t", "c1", "a", "b", NOW)
    parted = replace(joined, ended=NOW + timedelta(seconds=5))
    ended = [replace(each, ended=NOW, reason=EndReason.HUNG_UP) for each in answered]
    live = await listening()
    assert await told(live, CALLER, ANNA, ringing, *answered, joined, held, answered[0], parted, *ended) == [
        ("call.started", set()),
        ("call.ringing", {"anna"}),
        ("call.answered", {"anna"}),
        ("call.answered", {"anna"}),
        ("connection.started", {"anna"}),
        ("call.held", {"anna"}),
        ("call.resumed", {"anna"}),
        ("connection.ended", {"anna"}),
        ("call.left", {"anna"}),
        ("call.left", set()),
        ("call.ended", set()),
    ]


async def test_two_calls_become_one() -> None:
    live = await listening()
    other = replace(ANNA, id="x", chain="c2", direction=Direction.INBOUND)
    assert await told(live, CALLER, other, replace(other, chain="c1")) == [
        ("call.started", set()),
        ("call.started", {"anna"}),
        ("call.joined", {"anna"}),
    ]


async def test_it_rings_at_the_phones_of_who_is_tried() -> None:
    rung: list[tuple[str, list[str]]] = []
    live = await listening(
        accounts=lambda leg: ["102", "101", "101-mobile"] if leg == "b" else [],
        rings=lambda leg, logins: rung.append((leg.id, list(logins))),
    )
    several = replace(ANNA, account="")
    await told(live, CALLER, several, replace(several, ringing=NOW), replace(several, ringing=NOW, held=True))
    await told(live, replace(CALLER, ringing=NOW))
    assert rung == [("b", ["boris", "anna"])]


async def test_a_slow_listener_loses_the_oldest_and_is_told_how_many() -> None:
    live = await listening()
    with live.stream(lambda event: event.topic == "n") as stream:
        for number in range(WAITING + 3):
            live.publish("n", {"number": number})
            live.publish("other", {})
        first, missed = await stream.next()
        assert (first.data, missed) == ({"number": 3}, 3)
        assert (await stream.next())[1] == 0


@pytest.mark.parametrize(
    ("patterns", "topic", "expected"),
    [
        ([], "call.ringing", True),
        ([""], "call.ringing", True),
        (["call"], "call.ringing", True),
        (["card"], "card", True),
        (["call.*", "line.down"], "line.down", True),
        (["call.*", "line.down"], "line.up", False),
        (["call"], "callback.made", False),
        (["*"], "run.ended", True),
    ],
)
def test_topics(patterns: list[str], topic: str, expected: bool) -> None:
    assert wanted_topics(patterns)(topic) is expected


# --- cards ------------------------------------------------------------------------------------------------------------


class Log:
    def __init__(self, tags: Mapping[str, str]) -> None:
        self.tags = tags

    async def recent(self, limit: int = 50, *, chain: str | None = None) -> list[LoggedChain]:
        return [LoggedChain("c1", (CALLER, ANNA), (), self.tags)] if chain == "c1" else []


async def cards(tags: Mapping[str, str], session: Mapping[str, str]) -> tuple[Cards, LiveEvents]:
    live = await listening()
    return Cards(Log(tags), await loaded_directory(), lambda _chain: session, live), live


async def test_a_card_holds_what_the_scenario_gave_and_nothing_else() -> None:
    made, _ = await cards(
        {"debt": "120.50", "reason": "delivery", "ссылка": "https://crm.test/c/7"},
        {"card_name": "Іван", "карточка_сегмент": "VIP", "pin": "4821", "card_": "x"},
    )
    card = await made.of("c1")
    assert card is not None
    assert list(card.fields.items()) == [
        ("name", "Іван"),
        ("segment", "VIP"),
        ("debt", "120.50"),
        ("reason", "delivery"),
    ]
    assert (card.number, card.line, card.link, card.logins) == (
        "0671112233",
        "city",
        "https://crm.test/c/7",
        frozenset({"anna"}),
    )
    assert await made.of("c2") is None


async def test_the_card_is_told_to_whom_it_rings() -> None:
    made, live = await cards({}, {})
    telling = asyncio.create_task(made.tell_rings())
    with live.stream(lambda event: event.topic == "card") as stream:
        made.rings(ANNA, ["anna"])
        event, _ = await stream.next()
    telling.cancel()
    assert (set(event.logins), event.data["fields"], event.data["link"]) == ({"anna"}, {"name": "Ivan"}, "")
    path, _, key = event.data["page"].partition("?key=")
    assert (path, made.keys.right("c1", key), made.keys.right("c2", key)) == ("/card/c1", True, False)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//crm", "https://", "http://[", ""])
def test_a_link_that_is_not_of_the_web_leads_nowhere(link: str) -> None:
    assert safe_link(link) == ""


# --- webhooks ---------------------------------------------------------------------------------------------------------


async def test_an_event_is_ordered_for_each_subscription_and_signed() -> None:
    hooks = (
        Webhook(name="crm", address="https://crm.test/calls", events=("call.*",), secret="s3"),
        Webhook(name="off", address="https://crm.test/calls", events=("call.*",), enabled=False),
        Webhook(name="lines", address="https://noc.test", events=("line.down",)),
    )
    office = await loaded_directory(HeldOffice(replace(OFFICE, documents=hooks)))
    live = LiveEvents(office, HandClock())
    ordered: asyncio.Queue[tuple[str, str, Mapping[str, Any], str]] = asyncio.Queue()

    async def order(kind: str, key: str, payload: Mapping[str, Any], chain: str) -> None:
        if chain == "broken":
            raise OSError("the store is away")
        await ordered.put((kind, key, payload, chain))

    desk = asyncio.create_task(WebhookDesk(office, live, order).run())
    await asyncio.sleep(0)
    live.publish("call.answered", {}, chain="broken")
    for promised in ("call.ended", "call.content", "call.missed"):  # these are ordered with the log
        live.publish(promised, {}, chain="c1")
    live.publish("call.answered", {"leg": "a"}, chain="c1")
    live.publish("run.started", {})
    live.publish("line.down", {"line": "city"})
    kind, key, payload, chain = await ordered.get()
    _, _, other, _ = await ordered.get()
    desk.cancel()
    assert (kind, key.split(":")[0], payload["to"], chain) == ("webhook", "crm", "https://crm.test/calls", "c1")
    body = json.loads(payload["body"])
    assert (body["topic"], body["data"], body["chain"]) == ("call.answered", {"leg": "a"}, "c1")
    assert payload["signature"] == signature("s3", payload["body"].encode())
    assert (other["to"], other["signature"]) == ("https://noc.test", "")


async def test_of_a_call_that_is_over_the_same_is_promised_as_is_told() -> None:
    hooks = (
        Webhook(name="crm", address="https://crm.test/calls", events=("call.*",), secret="s3"),
        Webhook(name="off", address="https://crm.test/calls", events=("call.*",), enabled=False),
        Webhook(name="missed", address="https://sms.test", events=("call.missed",)),
    )
    office = await loaded_directory(HeldOffice(replace(OFFICE, documents=hooks)))
    live = LiveEvents(office, HandClock())
    caller = replace(CALLER, caller=Party("0671112233", "Iv\udcffan"))
    lost = replace(caller, ended=NOW, state=LegState.ENDED, reason=EndReason.CANCELLED)
    call = ended_call([lost], [], office)
    with live.stream(lambda _event: True) as stream:
        live.leg_changed(caller)
        live.leg_changed(lost)
        call_told(live)(call)
        told = {event.topic: event.data for event in [(await stream.next())[0] for _ in range(5)]}
    orders = WebhookPromises(office)(call)
    assert orders == WebhookPromises(office)(call)
    assert [(order.kind, order.key, order.payload["to"], order.chain) for order in orders] == [
        ("webhook", "crm:call.ended:a", "https://crm.test/calls", "c1"),
        ("webhook", "crm:call.content:a", "https://crm.test/calls", "c1"),
        ("webhook", "crm:call.missed:a", "https://crm.test/calls", "c1"),
        ("webhook", "missed:call.missed:a", "https://sms.test", "c1"),
    ]
    assert orders[0].payload["signature"] == signature("s3", orders[0].payload["body"].encode())
    for order in orders:
        body = json.loads(order.payload["body"])
        assert body["data"] == json.loads(json.dumps(told[body["topic"]]).replace("\\udcff", "?"))


def test_the_secret_of_a_subscription_is_never_shown() -> None:
    hook = Webhook(name="crm", address="https://crm.test/calls", events=("call.*",), secret="s3cret")
    assert parts()["webhooks"].show(hook)["secret"] == MASK
    assert OfficeData(documents=(hook,)).of(Webhook) == {"crm": hook}
