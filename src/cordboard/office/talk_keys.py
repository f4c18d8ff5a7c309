"""Transfers by keys during a talk, for phones that cannot transfer by themselves.

`##` and a number: blind. `*2` and a number: the other party waits with music while this one consults; `*` comes back,
hanging up joins the two others. A number ends with `#`, or when no key comes for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cordboard.office.ports import Person
from cordboard.office.transfers import Going, Transfer, Transfers
from cordboard.telephony import (
    ALL_KEYS,
    Digit,
    EndReason,
    Exchange,
    KeyRule,
    Leg,
    LegState,
    Talk,
    Talks,
    Tone,
)
from cordboard.telephony.sounds import RINGBACK

_BETWEEN = 2.0
"""Seconds within which the keys of a code follow each other."""
_DIAL_TONE = Tone((350.0, 440.0), on=10.0)
_REFUSED = Tone((425.0,), on=0.2, off=0.2)
_NUMBER = KeyRule(max_digits=32, terminator="#", first_timeout=5.0, between_timeout=3.0)
_RETURN = "*"


@dataclass(frozen=True, slots=True)
class TalkCodes:
    """What is pressed during a talk. An empty code is switched off."""

    blind: str = "##"
    attended: str = "*2"


class TalkKeys:
    """Listens to the keys of the office's phones while they talk. Give it `run` for as long as it shall work.

    `may` says whether a user has the right to transfer by keys.
    """

    def __init__(
        self,
        exchange: Exchange,
        by_account: Callable[[str], Person | None],
        transfers: Transfers,
        *,
        codes: Callable[[], TalkCodes] = TalkCodes,
        may: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._exchange = exchange
        self._by_account = by_account
        self._transfers = transfers
        self._codes = codes
        self._may = may

    async def run(self) -> None:
        """Until cancelled."""
        listening: dict[tuple[int, str], asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                change = self._exchange.talks.next_change()
                talks = self._exchange.talks.all()
                now = {(id(talk), leg.id): (talk, leg) for talk in talks for leg in (talk.caller, talk.callee)}
                for gone in listening.keys() - now.keys():
                    listening.pop(gone).cancel()
                for key in now.keys() - listening.keys():
                    talk, leg = now[key]
                    if login := self._login(leg):
                        listening[key] = group.create_task(self._listen(talk, leg, login))
                await change.wait()

    def _login(self, leg: Leg) -> str:
        """Of the user whose phone that is, if he may transfer; else empty."""
        person = self._by_account(leg.record.account) if leg.record.account else None
        return person.login if person is not None and self._may(person.login) else ""

    async def _listen(self, talk: Talk, leg: Leg, login: str) -> None:
        """Wait for a code among the keys of a leg."""
        pressed, last = "", 0.0
        with leg.events() as events:
            async for event in events:
                if not isinstance(event, Digit):
                    continue
                now = asyncio.get_running_loop().time()
                pressed = (pressed if now - last <= _BETWEEN else "") + event.key
                last = now
                codes = self._codes()
                deeds = {codes.blind: self._blind, codes.attended: self._attended}
                found = next((code for code in deeds if code and pressed.endswith(code)), None)
                if found is not None and talk.joined:
                    pressed = ""
                    self._part(talk, leg, login, deeds[found])

    def _part(self, talk: Talk, leg: Leg, login: str, deed: Callable[[Talk, Leg, str, str], Awaitable[None]]) -> None:
        """The other party waits with music while the number is dialled."""
        leg.forget_keys()

        async def work(led: Leg) -> None:
            await led.background(self._exchange.talks.hold_music)
            number = await self._number(leg)
            if number:
                await deed(talk, leg, login, number)
            else:
                await self._transfers.bring_back(talk, leg)

        talk.divert(talk.other(leg), work)

    async def _number(self, leg: Leg) -> str:
        """What is dialled after the tone; empty if nothing is, or he has hung up."""
        await leg.play([_DIAL_TONE], interrupt=ALL_KEYS)
        collected = await leg.collect(_NUMBER)
        return collected.digits if leg.state is not LegState.ENDED else ""

    async def _blind(self, talk: Talk, leg: Leg, login: str, number: str) -> None:
        """He hears ringing until somebody answers there, unless he hangs up before."""
        await leg.background([RINGBACK])
        await self._transfers.lead(talk, leg, self._transfers.to(number, login), Transfer(number))

    async def _attended(self, talk: Talk, leg: Leg, login: str, number: str) -> None:
        """He talks with somebody else, while his party waits. Whatever comes of it, nobody is left alone."""
        led, go = talk.other(leg), self._transfers.to(number, login)
        consulting = _Consulting(self._exchange.talks, leg, led)
        talk.callee_stays = leg is talk.callee
        failure = await consulting.run(go)
        talk.callee_stays = False
        leg.forget_keys()
        if consulting.joined:
            return
        if led.state is LegState.ENDED:
            await leg.hang_up()
            return
        if leg.state is LegState.ENDED and failure is None:
            # He has hung up while it rang there, or a place was kept for his party: his party goes there.
            await self._transfers.lead(talk, leg, self._transfers.reserved(leg) or go, Transfer(number))
            return
        if failure is not None:
            await leg.play([_REFUSED] * 3)
        await self._transfers.bring_back(talk, leg)


class _Consulting:
    """One consultation: `leg` talks with somebody, while `led` waits."""

    def __init__(self, talks: Talks, leg: Leg, led: Leg) -> None:
        self.joined = False
        """Whether the two others have been joined, and have talked."""
        self._talks = talks
        self._leg = leg
        self._led = led

    async def run(self, go: Going) -> EndReason | None:
        """Until it is over, the key for coming back was pressed, or he has hung up and the two others have talked."""
        consultation, back = asyncio.ensure_future(go(self._leg)), asyncio.create_task(_pressed(self._leg, _RETURN))
        arming = asyncio.create_task(self._arm())
        tasks: set[asyncio.Future[Any]] = {consultation, back, arming}
        try:
            await asyncio.wait({consultation, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not arming.cancelled():
            talk = arming.result()
            await talk.let_go(talk.callee)
        return None if consultation.cancelled() else consultation.result()

    async def _arm(self) -> Talk:
        """As soon as they talk: hanging up joins the two others."""
        while (talk := self._talks.of(self._leg)) is None:
            await self._talks.next_change().wait()
        talk.heir = self._meet
        return talk

    async def _meet(self, far: Leg) -> None:
        self.joined = self._led.state is LegState.ANSWERED
        await self._talks.together(self._led, far)


async def _pressed(leg: Leg, key: str) -> None:
    with leg.events() as events:
        async for event in events:
            if isinstance(event, Digit) and event.key == key:
                return
    await asyncio.Event().wait()  # the call is over: that is for others to tell
