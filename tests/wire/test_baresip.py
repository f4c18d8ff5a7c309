"""A phone that others wrote calls a drawn scenario, is joined with a second one, and talks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.office.repositories import LoggedChain
from cordboard.phone.listening import Heard, recognise
from cordboard.speech.cache import spoken
from cordboard.telephony import EndReason
from cordboard.testing.audio import heard_among, hears, write_wav
from cordboard.testing.baresip import Baresip, baresip
from cordboard.testing.office_process import OfficeProcess, office_process, until

pytestmark = [pytest.mark.wire, pytest.mark.peer, pytest.mark.slow]

A_HZ, B_HZ = 440.0, 1000.0
PROMPT = "Good day. Press one to talk with a colleague."
MENU = f"""\
scenario: menu
kind: voice
title: Joins with a colleague

start: ask

steps:
  ask:
    component: menu
    text: {PROMPT}
    language: en
    wait: 20s
    keys:
      - {{id: colleague, key: "1", to: colleague}}
  colleague:
    component: dial
    number: "102"
    ring_time: 20s
    exits:
      answered: end
  end:
    component: hang_up
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeProcess]:
    with office_process(tmp_path_factory.mktemp("exchange"), {"menu": MENU}) as process:
        yield process


@asynccontextmanager
async def phone(office: OfficeProcess, folder: Path, account: str, hz: float) -> AsyncIterator[Baresip]:
    """Signed in."""
    async with baresip(
        folder / account,
        account=account,
        password=office.passwords[account],
        server=f"127.0.0.1:{office.sip_port}",
        tone_hz=hz,
    ) as one:
        await one.registered()
        yield one


@asynccontextmanager
async def talk(office: OfficeProcess, folder: Path) -> AsyncIterator[tuple[Baresip, Baresip]]:
    """101 has dialled 700, heard the prompt and pressed 1; 102 has answered."""
    async with phone(office, folder, "101", A_HZ) as a, phone(office, folder, "102", B_HZ) as b:
        await a.dial("700")
        await a.established()
        prompt = await a.hears_that(lambda: whole_prompt(office, a, folder), "the prompt")
        assert prompt.text == PROMPT
        await a.press("1")
        await b.answer()
        await b.established()
        yield a, b


def whole_prompt(office: OfficeProcess, phone: Baresip, folder: Path) -> Heard | None:
    """The one prompt of this call, once it was heard to its end."""
    known = spoken(office.folder / "speech")
    found = recognise(write_wav(folder / "heard.wav", phone.heard()), known)
    return found[0] if found and found[0].whole else None


async def held(office: OfficeProcess) -> set[str]:
    """The accounts whose phones hold."""
    calls = await asyncio.to_thread(office.calls)
    return {leg["account"] for call in calls for leg in call["legs"] if leg["held"]}


def over(office: OfficeProcess) -> LoggedChain | None:
    """The newest chain, once the log says that all of it has ended."""
    chain = office.chains(limit=1)[0]
    ended = [leg.ended for leg in chain.legs] + [connection.ended for connection in chain.connections]
    return chain if all(ended) else None


async def logged(office: OfficeProcess) -> LoggedChain:
    chain = await asyncio.to_thread(until, lambda: over(office), of="the end of the newest chain")
    assert isinstance(chain, LoggedChain)
    return chain


async def test_two_phones_are_joined_hold_and_hang_up(office: OfficeProcess, tmp_path: Path) -> None:
    async with talk(office, tmp_path) as (a, b):
        to_a, to_b = await asyncio.gather(a.hears(B_HZ), b.hears(A_HZ))
        assert heard_among(to_a, (A_HZ, B_HZ)) == {B_HZ}
        assert heard_among(to_b, (A_HZ, B_HZ)) == {A_HZ}

        await a.hold()
        assert await held(office) == {"101"}
        assert not hears(await b.listens(2.0), A_HZ)
        await a.resume()
        assert await held(office) == set()
        await b.hears(A_HZ)
        await b.press("5")
        await a.hears_keys("5")

        await a.hang_up()
        await b.ended()
        assert "Authorization: Digest" in a.log()
        # RFC 4733 and nothing else: no key went by SIP.
        assert "telephone-event" in a.log()
        assert "INFO sip:" not in a.log()
    chain = await logged(office)
    assert [(leg.account, leg.answered is not None, leg.reason) for leg in chain.legs] == [
        ("101", True, EndReason.HUNG_UP),
        ("102", True, EndReason.HUNG_UP),
    ]
    assert [(one.a_leg, one.b_leg) for one in chain.connections] == [tuple(leg.id for leg in chain.legs)]


async def test_the_called_side_may_hang_up_too(office: OfficeProcess, tmp_path: Path) -> None:
    async with talk(office, tmp_path) as (a, b):
        await asyncio.gather(a.hears(B_HZ), b.hears(A_HZ))
        await b.hang_up()
        await a.ended()
    chain = await logged(office)
    assert [leg.account for leg in chain.legs] == ["101", "102"]
    assert len(chain.connections) == 1
