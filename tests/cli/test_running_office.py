"""Commands that change an office while its exchange runs."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.phone import Call, Desk, Heard, Phone, RefusedError, open_desk, recognise
from cordboard.sip.api import Address, EndedBy
from cordboard.speech.cache import spoken
from cordboard.testing.office_process import OfficeProcess, office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

WITHIN = 2.0
"""Seconds in which a running exchange follows a change."""
TALKS = """\
scenario: menu
kind: voice
start: greet
steps:
  greet:
    component: menu
    text: {greeting}
    language: en
    wait: 30s
    keys:
      - {{id: one, key: 1, to: thank}}
    exits:
      wrong_key: hang_up
      nothing_pressed: hang_up
  thank:
    component: play
    text: {thanks}
    language: en
    exits:
      done: hang_up
  hang_up:
    component: hang_up
"""
OLD = TALKS.format(greeting="This is the old greeting of the office.", thanks="The old scenario says good bye.")
NEW = TALKS.format(greeting="Now a new greeting welcomes every caller.", thanks="The new one thanks you.")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficeProcess]:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    with office_process(tmp_path, {"menu": OLD, "main": OLD.replace("scenario: menu", "scenario: main")}) as office:
        yield office


async def cordboard(*words: str) -> Result:
    # A command has a loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, app, words)


def phone(desk: Desk, office: OfficeProcess, account: str, password: str) -> Phone:
    return desk.phone(account, password, Address("udp", "127.0.0.1", office.sip_port))


async def signs_in(phone: Phone) -> bool:
    try:
        await phone.register()
    except RefusedError:
        return False
    return True


def changes(office: OfficeProcess) -> int:
    return office.log().count("the office has changed and was read anew")


async def changed(office: OfficeProcess, *words: str) -> str:
    """Give a command, wait until the exchange has taken the change, and return the command's last word.

    Not by asking again and again: too many wrong passwords, and the exchange does not listen to us for a minute.
    """
    before = changes(office)
    answer = await cordboard(*words)
    assert answer.exit_code == 0, answer.output
    await asyncio.to_thread(until, lambda: changes(office) > before, within=WITHIN)
    return str(answer.output.split()[-1])


async def heard(phone: Phone, office: OfficeProcess, keys: str = "") -> list[str]:
    call = await phone.dial("700")
    assert await call.answered()
    await call.press(keys or "1")
    await call.ended()
    return texts(recognise(call.heard, spoken(office.folder / "speech")))


def hears_something(call: Call, sounds: Callable[[], Mapping[str, Path]]) -> bool:
    return call.heard.exists() and bool(recognise(call.heard, sounds()))


def texts(heard: Sequence[Heard]) -> list[str]:
    return [each.text for each in heard]


async def test_the_next_call_follows_what_is_published_and_the_present_one_ends_as_it_began(
    office: OfficeProcess,
) -> None:
    sounds = partial(spoken, office.folder / "speech")
    async with open_desk() as desk:
        caller = phone(desk, office, "101", office.passwords["101"])
        present = await caller.dial("700")
        assert await present.answered()
        (office.folder / "scenarios" / "menu.yaml").write_text(NEW)
        published = await cordboard("scenario", "publish", "-m", "a new greeting")
        assert published.output.splitlines()[-1] == "Release 2 is published: the next call follows it"
        again = await cordboard("scenario", "publish")
        assert (again.exit_code, again.output) == (0, "Nothing has changed since the last release\n")
        nextone = await caller.dial("700")
        assert await nextone.answered()
        for call in (nextone, present):
            await asyncio.to_thread(until, partial(hears_something, call, sounds), within=8.0)
            await call.press("1")
        assert {(await call.ended()).by for call in (nextone, present)} == {EndedBy.REMOTE}
        assert texts(recognise(nextone.heard, sounds())) == [
            "Now a new greeting welcomes every caller.", "The new one thanks you."
        ]  # fmt: skip
        assert texts(recognise(present.heard, sounds())) == [
            "This is the old greeting of the office.", "The old scenario says good bye."
        ]  # fmt: skip
    log = await cordboard("log", "--json")
    assert sorted(run["release"] for chain in json.loads(log.output) for run in chain["runs"]) == [1, 2]


async def test_what_is_broken_is_not_published(office: OfficeProcess) -> None:
    menu = office.folder / "scenarios" / "menu.yaml"
    menu.write_text(NEW.replace("component: play", "component: plaay"))
    answer = await cordboard("scenario", "publish")
    assert answer.exit_code == 1
    assert f"{menu}:16:5: error: step thank component: unknown component 'plaay'" in answer.output
    assert "Nothing was published: mend the errors first." in answer.output
    async with open_desk() as desk:
        caller = phone(desk, office, "101", office.passwords["101"])
        assert "The old scenario says good bye." in await heard(caller, office)


async def test_a_number_whose_scenario_is_gone_is_named(office: OfficeProcess) -> None:
    (office.folder / "scenarios" / "menu.yaml").unlink()
    answer = await cordboard("scenario", "publish")
    assert answer.exit_code == 0
    assert "Number 700 should enter the scenario menu, which is not published: such calls will fail." in answer.output


async def test_people_come_change_their_password_and_go_while_it_runs(office: OfficeProcess) -> None:
    password = await changed(office, "user", "add", "106", "Olha Ivanenko")
    async with open_desk() as desk:
        olha = phone(desk, office, "106", password)
        assert await signs_in(olha)
        assert "The old scenario says good bye." in await heard(olha, office)

        new = await changed(office, "user", "password", "106")
        assert not await signs_in(olha)
        again = phone(desk, office, "106", new)
        assert await signs_in(again)
        listed = await cordboard("user", "list")
        assert re.search(r"^106 .*Olha Ivanenko.*106 \(registered\)", listed.output, re.MULTILINE)

        await changed(office, "user", "remove", "106")
        assert not await signs_in(again)
        call = await again.dial("700")
        assert not await call.answered()
        assert (await call.ended()).status == 403
    log = await cordboard("log", "--number", "106")
    assert "scenario menu (voice, release 1)" in log.output
    for secret in (password, new):
        assert secret not in office.log() + log.output


async def test_a_demo_users_new_password_is_the_one_that_dial_and_the_greeting_know(office: OfficeProcess) -> None:
    new = (await cordboard("user", "password", "102")).output.split()[-1]
    await cordboard("user", "remove", "105")
    known = {one["account"]: one["password"] for one in json.loads((office.folder / "demo-passwords.json").read_text())}
    assert known == {**{name: office.passwords[name] for name in ("101", "103", "104")}, "102": new}


async def test_a_line_is_taken_and_given_up_while_it_runs(office: OfficeProcess) -> None:
    added = await cordboard("line", "add", "second", f"127.0.0.1:{office.city_port}", "--number", "0442220000")
    assert added.exit_code == 0, added.output
    await asyncio.to_thread(until, lambda: "second" in office.health()["lines"], within=WITHIN)
    assert (await cordboard("line", "remove", "second")).exit_code == 0
    await asyncio.to_thread(until, lambda: "second" not in office.health()["lines"], within=WITHIN)
