"""A whole call by script, and what came of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cordboard.phone.call import Call, Fact
from cordboard.phone.desk import Phone
from cordboard.phone.listening import Heard, recognise
from cordboard.phone.script import Step

_LISTEN = 2.0
"""Seconds to go on listening after the last step of a script that does not hang up."""


@dataclass(frozen=True, slots=True)
class CallReport:
    """What happened in a call."""

    dialled: str
    answered: bool
    status: int | None
    """The final response, if the call was not answered."""
    phrase: str
    ended_by: str
    """remote, local or timeout."""
    seconds: float
    """From the first packet to the end."""
    pressed: str
    keys_heard: str
    heard: Sequence[Heard]
    timeline: Sequence[Fact]

    def as_json(self) -> dict[str, Any]:
        """For json.dumps."""
        return asdict(self)

    def transcript(self) -> list[str]:
        """Lines that a person reads, in the order in which things happened."""
        answered = next((fact.at for fact in self.timeline if fact.detail == "200"), 0.0)
        lines = [(fact.at, _line(fact)) for fact in self.timeline]
        lines += [
            (
                answered + one.at,
                f"heard    “{one.text}”" + ("" if one.whole else f" (cut short after {one.seconds:.1f} s)"),
            )
            for one in self.heard
        ]
        return [f"{at:7.2f} s  {line}" for at, line in sorted(lines)]


_WORDS = {
    "press": "pressed",
    "key": "was sent",
    "say": "says",
    "status": "received",
    "end": "ended",
    "info": "received",
}


def _line(fact: Fact) -> str:
    return f"{_WORDS.get(fact.what, fact.what):8} {fact.detail}".rstrip()


async def run_script(
    phone: Phone,
    number: str,
    steps: Sequence[Step],
    *,
    known: Callable[[], Mapping[str, Path]] = dict,
    longest: float = 120.0,
) -> CallReport:
    """Dial, do the steps once it is answered, hang up, and report.

    `known` gives the prompts that can be recognised (text to WAV); it is asked after the call, when all that the
    exchange said has been spoken at least once. After `longest` seconds the call is ended.
    """
    call = await phone.dial(number)
    try:
        async with asyncio.timeout(longest):
            if await call.answered():
                await _perform(call, steps)
    except TimeoutError:
        pass
    await call.hang_up()
    return await report_on(call, number, known)


async def report_on(call: Call, number: str, known: Callable[[], Mapping[str, Path]]) -> CallReport:
    """The report of a call that is ending."""
    end = await call.ended()
    answered = any(fact.what == "status" and fact.detail == "200" for fact in call.timeline)
    heard = await asyncio.to_thread(recognise, call.heard, known()) if answered and call.heard.exists() else []
    return CallReport(
        dialled=number,
        answered=answered,
        status=None if answered else end.status,
        phrase="" if answered else end.phrase,
        ended_by=end.by.value,
        seconds=round(call.timeline[-1].at, 2),
        pressed="".join(fact.detail for fact in call.timeline if fact.what == "press"),
        keys_heard=call.keys,
        heard=heard,
        timeline=call.timeline,
    )


async def _perform(call: Call, steps: Sequence[Step]) -> None:
    ended = asyncio.ensure_future(call.ended())
    try:
        for step in (*steps, Step("wait", seconds=_LISTEN)):
            doing = asyncio.ensure_future(_do(call, step))
            await asyncio.wait((doing, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                doing.cancel()
                return
            await doing
    finally:
        ended.cancel()


async def _do(call: Call, step: Step) -> None:
    match step.what:
        case "press":
            await call.press(step.keys)
        case "wait":
            await asyncio.sleep(step.seconds)
        case "hold":
            await call.hold()
        case "resume":
            await call.resume()
        case "hang up":
            await call.hang_up()
            await call.ended()
