"""The line over a GSM modem, which is slow, interrupts itself and is pulled out. In virtual time but for the device."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.modem import ModemLine
from cordboard.outbox.sms.ports import Fate, SmsReport
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.testing.modem import Modem
from cordboard.testing.smsc import Inbox, order

UP = "registered at Kyivstar, signal 17 of 31"
HI_TO_US = "0004048105050000621132010000 8002C834".replace(" ", "")
"""Hi, from 5050, at 10:00 two hours east of Greenwich."""
DELIVERED = "0006010C9183601732547662113201000080621132011000 8000".replace(" ", "")
"""Of message 1 to +380671234567."""


@asynccontextmanager
async def plugged_in(
    modem: Modem, inbox: Inbox | None = None, *, pin: str = "", seconds: float = 1.0
) -> AsyncIterator[ModemLine]:
    line = ModemLine(
        "sim1",
        "/dev/modem",
        modem.open,
        pin=pin,
        phone="+380501112233",
        clock=VirtualClock(),
        dice=random.Random(1),
    )
    async with modem:
        serving = asyncio.create_task(line.serve(inbox or Inbox()))
        await asyncio.sleep(seconds)
        try:
            yield line
        finally:
            assert not serving.done()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    await asyncio.sleep(0.1)


def now() -> float:
    return asyncio.get_running_loop().time()


# --- the set-up -----------------------------------------------------------------------------------------------------


@virtual_time
async def test_it_is_set_up_and_tells_how_it_stands() -> None:
    modem = Modem(pin="1234")
    async with plugged_in(modem, pin="1234") as line:
        assert line.up
        assert line.note == UP
    assert modem.commands[:8] == [
        "AT",
        "ATE0",
        "AT+CMEE=1",
        "AT+CPIN?",
        'AT+CPIN="1234"',
        "AT+CMGF=0",
        'AT+CPMS="SM","SM","SM"',
        "AT+CNMI=2,1,0,1,0",
    ]


@pytest.mark.parametrize(
    ("modem", "note"),
    [
        (Modem(sim=False), "/dev/modem: +CME ERROR 10: no SIM in the modem"),
        (Modem(puk=True), "/dev/modem: the SIM asks for SIM PUK: put it into a telephone and unlock it"),
        (
            Modem(pin="1234"),
            "/dev/modem: the SIM asks for its PIN: give it in the setting `pin`, or switch it off in a telephone",
        ),
        (Modem(registration="2"), "the modem looks for a network"),
        (Modem(registration="3"), "the modem is refused by the network: check whether the SIM is paid for"),
        (Modem(unknown=frozenset({"AT+CPIN?"})), "/dev/modem: the modem does not find a SIM"),
        (
            Modem(unknown=frozenset({"AT+CMGF"})),
            "/dev/modem: the modem sends no short messages: it refuses the PDU mode",
        ),
    ],
)
@virtual_time
async def test_why_it_cannot_work(modem: Modem, note: str) -> None:
    async with plugged_in(modem) as line:
        assert (line.up, line.note) == (False, note)
        with pytest.raises(TemporaryError, match=note.partition(":")[0]):
            await line.send(order("Hi"))
    assert modem.sent == []


@virtual_time
async def test_a_wrong_pin_is_tried_once_only() -> None:
    modem = Modem(pin="1234")
    async with plugged_in(modem, pin="9999", seconds=3600) as line:
        assert line.note == "/dev/modem: the SIM has refused the PIN: mend the setting `pin`"
    assert modem.unlockings == 1


@virtual_time
async def test_a_modem_that_says_nothing_is_told_of() -> None:
    async with plugged_in(Modem(dumb=True), seconds=15) as line:
        assert line.note == "/dev/modem: the modem does not answer: is it a modem, and is `speed` right?"


@virtual_time
async def test_the_network_is_watched() -> None:
    modem = Modem()
    async with plugged_in(modem) as line:
        modem.registration = "0"
        await asyncio.sleep(31)
        assert (line.up, line.note) == (False, "the modem has no network and looks for none")
        modem.registration, modem.signal, modem.operator = "5", 99, "T-Mobile PL"
        await asyncio.sleep(31)
        assert (line.up, line.note) == (True, "registered at T-Mobile PL (roaming)")


@virtual_time
async def test_an_old_modem_takes_its_second_best_commands() -> None:
    modem = Modem(unknown=frozenset({'AT+CPMS="SM","SM","SM"', "AT+CNMI=2,1,0,1,0", "AT+CMEE"}))
    async with plugged_in(modem) as line:
        assert line.up
    assert 'AT+CPMS="SM"' in modem.commands
    assert "AT+CNMI=1,1,0,1,0" in modem.commands


# --- out ------------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_text_goes_out_and_its_report_comes() -> None:
    modem, inbox = Modem(), Inbox()
    async with plugged_in(modem, inbox) as line:
        assert await line.send(order("Hi")) == ["671234567/1"]
        modem.say("+CDS: 25", DELIVERED)
        await asyncio.sleep(1)
    assert modem.sent == ["0031000C918360173254760000A702C834"]
    assert "AT+CMGS=16" in modem.commands
    assert inbox.reports == [
        SmsReport(
            "671234567/1",
            Fate.DELIVERED,
            "received by the phone",
            datetime(2026, 11, 23, 8, 1, tzinfo=UTC),
            to="+380671234567",
        )
    ]


@virtual_time
async def test_parts_go_out_one_after_the_other() -> None:
    modem = Modem(acts=deque(["slow"]))
    async with plugged_in(modem) as line:
        one, other = asyncio.create_task(line.send(order("ї" * 71))), asyncio.create_task(line.send(order("x")))
        assert await one == ["671234567/1", "671234567/3"]
        assert await other == ["671234567/2"]
    assert len(modem.sent) == 3


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        ("+CMS ERROR: 38", TemporaryError, "/dev/modem answered \\+CMS ERROR 38: network out of order"),
        ("+CMS ERROR: 21", TemporaryError, "check the SIM's balance"),
        ("+CMS ERROR: 1", PermanentError, "nobody has this number"),
        ("+CMS ERROR: 332", UncertainError, "the network has not answered"),
        ("+CMS ERROR: 197", UncertainError, "had it before"),
        ("+CME ERROR: 30", TemporaryError, "no network"),
        ("+CMS ERROR: 777", TemporaryError, "a number of the modem's own"),
        ("+CMS ERROR: Network timeout", TemporaryError, "Network timeout"),
        ("ERROR", TemporaryError, "/dev/modem answered ERROR"),
        ("early +CMS ERROR: 304", PermanentError, "does not understand the PDU"),
        ("early +CMS ERROR: 331", TemporaryError, "no network"),
        ("early OK", TemporaryError, "does not take the message"),
        ("no prompt", TemporaryError, "does not take the message"),
        ("silent", UncertainError, "has not answered within 90 s"),
        ("unplug", UncertainError, "the port was closed"),
    ],
)
@virtual_time
async def test_what_becomes_of_a_message(act: str, error: type[Exception], words: str) -> None:
    modem = Modem(acts=deque([act]))
    async with plugged_in(modem) as line:
        with pytest.raises(error, match=words):
            await line.send(order("Hi"))
        await asyncio.sleep(200)
        assert line.up
        assert len(await line.send(order("Hi again"))) == 1
    # In doubt it was sent, else certainly not.
    assert len(modem.sent) == (2 if act in {"silent", "unplug"} else 1)


@virtual_time
async def test_told_as_sent_before_it_was_pulled_out_is_sent() -> None:
    modem = Modem(acts=deque(["half"]))
    async with plugged_in(modem) as line:
        assert await line.send(order("Hi")) == ["671234567/1"]


@virtual_time
async def test_some_parts_sent_and_others_not_is_in_doubt() -> None:
    modem = Modem(acts=deque(["send", "+CMS ERROR: 38"]))
    async with plugged_in(modem) as line:
        with pytest.raises(UncertainError, match="1 of 2 parts were taken: /dev/modem answered") as told:
            await line.send(order("ї" * 71))
    assert told.value.references == ("671234567/1",)


@virtual_time
async def test_a_late_answer_settles_the_doubt_and_is_not_taken_for_the_next_ones() -> None:
    modem, inbox = Modem(acts=deque(["late"])), Inbox()
    async with plugged_in(modem, inbox) as line:
        with pytest.raises(UncertainError):
            await line.send(order("Hi", key="run:7"))
        assert await line.send(order("next", "+380507654321")) == ["507654321/2"]
        await asyncio.sleep(1)
        assert line.note == UP
    assert inbox.reports == [
        SmsReport("671234567/1", Fate.PENDING, "the answer came late", key="run:7", to="+380671234567")
    ]


@virtual_time
async def test_a_busy_modem_leaves_messages_to_the_outbox_within_a_minute() -> None:
    modem = Modem(acts=deque(["silent"] * 3))
    async with plugged_in(modem) as line:
        began = now()
        ended = await asyncio.gather(line.send(order("a")), line.send(order("b")), return_exceptions=True)
        assert [type(each) for each in ended] == [UncertainError, TemporaryError]
        assert now() - began < 100
    assert len(modem.sent) == 1


# --- in -------------------------------------------------------------------------------------------------------------


@virtual_time
async def test_what_is_stored_is_handed_on_and_deleted() -> None:
    modem, inbox = Modem(stored={1: (1, HI_TO_US), 4: (3, "0011"), 7: (0, DELIVERED)}), Inbox()
    async with plugged_in(modem, inbox):
        pass
    (came,) = inbox.came
    assert (came.sender, came.to, came.text) == ("5050", "+380501112233", "Hi")
    assert came.at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert len(came.key) == 32
    assert [each.reference for each in inbox.reports] == ["671234567/1"]
    assert modem.stored == {4: (3, "0011")}  # somebody's own draft


@virtual_time
async def test_a_message_that_comes_is_handed_on_at_once() -> None:
    modem, inbox = Modem(), Inbox()
    async with plugged_in(modem, inbox):
        modem.store(3, HI_TO_US)
        await asyncio.sleep(0.5)
        assert [each.text for each in inbox.came] == ["Hi"]
        assert modem.stored == {}


@virtual_time
async def test_it_is_deleted_only_when_it_is_kept() -> None:
    modem, inbox = Modem(stored={1: (0, HI_TO_US)}), Inbox(failing=2)
    async with plugged_in(modem, inbox):
        assert modem.stored == {1: (0, HI_TO_US)}
        await asyncio.sleep(70)
        assert [each.text for each in inbox.came] == ["Hi"]
        assert modem.stored == {}


@virtual_time
async def test_what_is_told_without_being_stored_is_tried_until_it_is_kept() -> None:
    modem, inbox = Modem(), Inbox(failing=3)
    async with plugged_in(modem, inbox):
        modem.say("+CMT: ,24", HI_TO_US)
        await asyncio.sleep(20)
    assert [each.text for each in inbox.came] == ["Hi"]


@virtual_time
async def test_a_repetition_has_the_same_key_and_another_message_another() -> None:
    modem, inbox = Modem(), Inbox()
    async with plugged_in(modem, inbox):
        for pdu in (HI_TO_US, HI_TO_US, HI_TO_US.replace("6211320100", "6211320110")):
            modem.say("+CMT: ,24", pdu)
        await asyncio.sleep(1)
    first, second, third = inbox.came
    assert first.key == second.key != third.key


@virtual_time
async def test_what_nobody_can_read_does_not_fill_the_sim() -> None:
    modem, inbox = Modem(stored={1: (0, "00FF"), 2: (0, HI_TO_US)}), Inbox()
    async with plugged_in(modem, inbox):
        assert modem.stored == {}
    assert len(inbox.came) == 1


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@virtual_time
async def test_it_speaks_unasked_in_the_middle_of_answers(chunk: int) -> None:
    modem, inbox = Modem(chunk=chunk, stored={1: (0, HI_TO_US)}), Inbox()
    modem.between += ["RING", "^RSSI: 20", "+CREG: 2", "+CMT: ,24", HI_TO_US.replace("C834", "C835")]
    async with plugged_in(modem, inbox, seconds=2) as line:
        modem.between += ['+CMTI: "SM",1', "+CDS: 25", DELIVERED, "NO CARRIER"]
        assert await line.send(order("Hi")) == ["671234567/1"]
        modem.stored[2] = (0, HI_TO_US)
        modem.between += ["+CDS: 25", DELIVERED.replace("000601", "000602")]
        modem.say('+CMTI: "SM",2')
        await asyncio.sleep(1)
        assert line.up
        assert modem.stored == {}
    assert [each.text for each in inbox.came].count("Hi") == 2
    assert [each.reference for each in inbox.reports] == ["671234567/1", "671234567/2"]


# --- the port -------------------------------------------------------------------------------------------------------


@virtual_time
async def test_pulled_out_and_plugged_in_again() -> None:
    modem = Modem(pin="1234")
    async with plugged_in(modem, pin="1234") as line:
        modem.unplug()
        modem.unlocked = False
        await asyncio.sleep(0.1)
        assert (line.up, line.note) == (False, "/dev/modem: the port was closed")
        await asyncio.sleep(10)
        assert line.up
    assert modem.unlockings == 2


@virtual_time
async def test_a_modem_that_hangs_is_started_anew() -> None:
    modem = Modem()
    async with plugged_in(modem) as line:
        modem.dumb = True
        await asyncio.sleep(75)
        assert not line.up
        modem.dumb = False
        await asyncio.sleep(200)
        assert line.up


async def becomes(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


@pytest.mark.wire
@pytest.mark.slow
async def test_over_a_real_device() -> None:
    inbox = Inbox()
    async with Modem(stored={1: (0, HI_TO_US)}) as modem:
        line = ModemLine.from_settings("sim1", {"device": await modem.plug_in(), "phone": "+380501112233"})
        serving = asyncio.create_task(line.serve(inbox))
        try:
            await becomes(lambda: line.up and not modem.stored)
            deadline = datetime(2099, 1, 1, tzinfo=UTC)
            assert list(await line.send(order("ї" * 100, deadline=deadline))) == ["671234567/1", "671234567/2"]
            modem.unplug()
            await becomes(lambda: not line.up)
            with pytest.raises(TemporaryError, match=modem.device):
                await line.send(order("Hi", deadline=deadline))
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    assert [each.text for each in inbox.came] == ["Hi"]
    assert [len(pdu) for pdu in modem.sent] == [2 * (14 + 1 + 140), 2 * (14 + 1 + 72)]


async def test_a_device_that_is_not_there() -> None:
    line = ModemLine.from_settings("sim1", {"device": "/dev/none-such"})
    serving = asyncio.create_task(line.serve(Inbox()))
    await becomes(lambda: "/dev/none-such cannot be opened" in line.note)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs the setting 'device'"),
        ({"device": "/dev/x", "speed": "12"}, "'speed' of the SMS line 'sim1' is one of 9600"),
        ({"device": "/dev/x", "pin": "12"}, "'pin' of the SMS line 'sim1' is 4 to 8 digits"),
        ({"device": "/dev/x", "phone": "mine"}, "'phone' of the SMS line 'sim1' is a number such as"),
        ({"device": "/dev/x", "baud": "1"}, "has no setting 'baud'"),
    ],
)
def test_wrong_settings_are_told(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ModemLine.from_settings("sim1", given)


def test_the_pin_is_declared_secret() -> None:
    assert [each.name for each in ModemLine.SETTINGS if each.secret] == ["pin"]
