"""Prompts are recorded, heard and kept with a phone, by those who may."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import ValidationError

from cordboard.office.directory import OfficeDirectory
from cordboard.office.phone_prompts import PhonePrompts, PromptLine
from cordboard.office.pins import PinGuard, hash_pin
from cordboard.office.reception import Reception
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.voicemail_desk import BEEP
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import Leg, LegState, Tone
from cordboard.testing.exchange import Listened, serving, until
from cordboard.testing.office import OFFICE, HeldOffice
from cordboard.testing.voicemail import NotedPrompts, WrittenAnnouncer, at_once

PIN = hash_pin("4821")
LINE = PromptLine(
    name="prompts", number="790", users=("anna",), prompts={"1": "welcome", "22": "menu/night"}, language="uk"
)
VOICE = Tone((440.0,), on=3600.0)

pytestmark = pytest.mark.slow


class NoScenarios:
    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        raise LookupError(name)


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "to_thread", at_once)


@dataclass
class Trial:
    exchange: SimulatedExchange
    prompts: NotedPrompts
    announcer: WrittenAnnouncer

    async def lets_in(self) -> SimulatedPhone:
        phone = self.exchange.call_in("101", "790", account="101", voice=VOICE)
        await phone.wait_heard("Enter your PIN")
        phone.press("4821#")
        await phone.wait_heard("Enter the number of the prompt")
        return phone


@asynccontextmanager
async def trial() -> AsyncIterator[Trial]:
    users = tuple(replace(user, pin_hash=PIN if user.login in ("anna", "boris") else "") for user in OFFICE.users)
    held, clock = HeldOffice(replace(OFFICE, users=users, documents=(LINE,))), VirtualClock()
    directory = OfficeDirectory(held, PinGuard(held, clock))
    await directory.reload()
    exchange = SimulatedExchange(Listened(), clock)
    prompts, announcer = NotedPrompts(), WrittenAnnouncer("welcome")
    switchboard = OfficeSwitchboard(exchange, directory, NoScenarios())
    switchboard.services.append(PhonePrompts(directory, announcer, prompts))
    async with serving(exchange, Reception(exchange, directory, switchboard)):
        yield Trial(exchange, prompts, announcer)


async def records(phone: SimulatedPhone) -> None:
    phone.press("2")
    await phone.wait_heard("Speak after the tone")
    await until(lambda: phone.hearing == BEEP)
    await asyncio.sleep(3)
    phone.press("#")


@virtual_time
async def test_a_prompt_is_recorded_heard_and_kept() -> None:
    async with trial() as x:
        phone = await x.lets_in()
        phone.press("22#")
        await phone.wait_heard("One: hear it")
        await records(phone)
        await phone.wait_heard("1-1.wav")
        await phone.wait_heard("One: hear it")
        phone.press("1")
        await phone.wait_heard("menu/night")
        assert x.prompts.kept == {}
        await phone.wait_heard("One: hear it")
        phone.press("3")
        await phone.wait_heard("Saved")
        assert list(x.prompts.kept) == ["menu/night.uk"]
        assert x.prompts.kept["menu/night.uk"][:4] == b"RIFF"


@virtual_time
async def test_what_is_there_is_heard_and_what_was_not_recorded_is_not_kept() -> None:
    async with trial() as x:
        phone = await x.lets_in()
        phone.press("1#")
        await phone.wait_heard("One: hear it")
        phone.press("1")
        await phone.wait_heard("prompt welcome")
        await phone.wait_heard("One: hear it")
        phone.press("3")
        await phone.wait_heard("Nothing was recorded")
        await phone.wait_heard("One: hear it")
        phone.press("*")
        await phone.wait_heard("Enter the number of the prompt")
        phone.press("22#")
        await phone.wait_heard("One: hear it")
        phone.press("1")
        await phone.wait_heard("Nothing was recorded")
        x.prompts.fails = True
        await phone.wait_heard("One: hear it")
        await records(phone)
        await phone.wait_heard("One: hear it")
        phone.press("3")
        await phone.wait_heard("Nothing was recorded")


@virtual_time
async def test_a_prompt_that_the_line_does_not_name_is_not_touched() -> None:
    async with trial() as x:
        phone = await x.lets_in()
        for _ in range(3):
            phone.press("9#")
            await phone.wait_heard("There is no prompt of that number")
        await phone.wait_state(LegState.ENDED)
        assert phone.texts[-1] == "Goodbye."


@virtual_time
async def test_only_those_are_let_in_who_may() -> None:
    async with trial() as x:
        phone = x.exchange.call_in("102", "790", account="102", voice=VOICE)
        await phone.wait_heard("Enter your number")
        phone.press("102#")
        await phone.wait_heard("Enter your PIN")
        phone.press("4821#")  # his own PIN, and he may not
        await phone.wait_heard("That is wrong")
        await phone.wait_state(LegState.ENDED)
        assert not any("prompt" in text for text in phone.texts)
        again = x.exchange.call_in("102", "790", account="102", voice=VOICE)
        await again.wait_heard("Enter your number")
        again.press("101#")
        await again.wait_heard("Enter your PIN")
        again.press("4821#")
        await again.wait_heard("Enter the number of the prompt")


@virtual_time
async def test_who_presses_nothing_is_let_go() -> None:
    async with trial() as x:
        phone = await x.lets_in()
        phone.press("1#")
        await phone.wait_state(LegState.ENDED, within=300)


def test_a_line_names_its_prompts_and_people() -> None:
    assert LINE.numbers() == ("790",)
    assert list(PromptLine(name="p", number="790", users=("ghost", "boris"), prompts={"1": "a"}).faults(OFFICE)) == [
        "'ghost' may record prompts at 790, and there is no such user",
        "'boris' may record prompts at 790 and has no PIN: set one, or he is not let in",
    ]
    for prompts in ({"1": "../etc/x"}, {"*": "a"}, {}):
        with pytest.raises(ValidationError):
            PromptLine(name="p", number="790", users=("anna",), prompts=prompts)
