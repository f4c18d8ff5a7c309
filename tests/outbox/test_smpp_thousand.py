"""A thousand messages over an SMSC that throttles, forgets, breaks off and reports late: each once, or in doubt."""

import asyncio
import random
from collections import Counter

import pytest
import smpp34

from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.ports import Fate
from cordboard.outbox.sms.smpp import SmppConfig, SmppLine
from cordboard.outbox.sms.smpp_incoming import IdBase
from cordboard.outbox.sms.smpp_wire import SignIn
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.testing.smsc import PASSWORD, USER, Act, Inbox, Smsc, order

MESSAGES = 1000
AT_A_TIME = 50
WEIGHTS = {
    Act.TAKE: 800,
    Act.THROTTLE: 60,
    Act.FULL: 40,
    Act.NACK: 10,
    Act.SICK: 10,
    Act.REFUSE: 20,
    Act.SILENT: 15,
    Act.LATE: 15,
    Act.LOSE: 15,
    Act.BREAK_AFTER: 8,
    Act.BREAK_BEFORE: 7,
}


def phone(number: int) -> str:
    """Each to one of its own, so that a receipt tells which."""
    return f"+38067{number:07}"


class Office:
    """Does with the errors of a line what the outbox does, and counts."""

    def __init__(self, line: SmppLine) -> None:
        self._line = line
        self.accepted: dict[int, str] = {}
        self.uncertain: set[int] = set()
        self.refused: set[int] = set()
        self.tries = 0

    async def deliver(self, numbers: list[int]) -> None:
        while numbers:
            await self._deliver(numbers.pop())

    async def _deliver(self, number: int) -> None:
        while True:
            self.tries += 1
            try:
                (self.accepted[number],) = await self._line.send(order(f"m{number}", phone(number), key=f"k:{number}"))
            except TemporaryError:
                await asyncio.sleep(30)
            except UncertainError:
                self.uncertain.add(number)
                return
            except PermanentError:
                self.refused.add(number)
                return
            else:
                return


def numbers(texts: list[bytes]) -> list[int]:
    return [int(text.decode().removeprefix("m")) for text in texts]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@virtual_time
async def test_a_thousand_messages(seed: int) -> None:
    dice = random.Random(seed)

    def act(_pdu: smpp34.SubmitSm) -> Act:
        return dice.choices([*WEIGHTS], [*WEIGHTS.values()])[0]

    def receipts(_pdu: smpp34.SubmitSm) -> list[float]:
        """At once, late, or twice."""
        return dice.choice([[0.0], [2.0], [900.0], [1.0, 600.0]])

    smsc = Smsc(act=act, receipts=receipts, written_id=lambda number: (f"{number:08x}", str(number)))
    inbox = Inbox(failing=20)
    line = SmppLine(
        "operator",
        SmppConfig("smsc.test", SignIn(USER, PASSWORD), id_base=IdBase.HEX_DECIMAL),
        smsc.connect,
        clock=VirtualClock(),
        dice=random.Random(seed),
    )
    office = Office(line)
    left = list(range(MESSAGES))
    async with smsc, asyncio.TaskGroup() as group:
        serving = group.create_task(line.serve(inbox))
        await asyncio.sleep(0.1)
        await asyncio.gather(*(office.deliver(left) for _ in range(AT_A_TIME)))
        await asyncio.sleep(2000)
        serving.cancel()

    taken = Counter(numbers([pdu.short_message for pdu in smsc.taken]))
    answered, refused = numbers(smsc.answered), numbers(smsc.refused)

    # Each exactly once, or in doubt: and nobody has heard of more than the simulator has said.
    assert max(taken.values()) == 1
    assert sorted(office.accepted) == sorted(answered)
    assert office.refused == set(refused)
    assert office.uncertain == set(range(MESSAGES)) - set(answered) - set(refused)
    assert len(office.accepted) + len(office.uncertain) + len(office.refused) == MESSAGES

    # What was taken without an answer is in doubt, and nothing else that was taken.
    assert set(taken) - set(answered) == set(taken) & office.uncertain

    # Reports settle: of each that was taken it is known in the end, in doubt or not, and of no other.
    delivered = Counter(each.to for each in inbox.reports if each.fate is Fate.DELIVERED)
    assert set(delivered) == {phone(number) for number in taken}
    by_name = {each.reference: each.to for each in inbox.reports if each.fate is Fate.DELIVERED}
    assert all(by_name[name] == phone(number) for number, name in office.accepted.items())
    late = [each for each in inbox.reports if each.key]
    assert {int(each.key.removeprefix("k:")) for each in late} <= office.uncertain & set(taken)

    # The script did happen.
    assert set(smsc.acts) == set(WEIGHTS)
    assert min(len(office.accepted), len(office.uncertain), len(office.refused)) > 10
    assert office.tries > MESSAGES
    assert len(smsc.binds) > 5
    assert 0x64 in smsc.statuses
