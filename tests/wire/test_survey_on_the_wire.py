"""The operator hangs up, the client stays and judges the talk: the hook after a talk, on real SIP and RTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.cli.stage import comes_true
from cordboard.phone import Call, open_desk
from cordboard.phone.listening import hears_tone, recognise
from cordboard.sip.api import Address, Identity
from cordboard.speech.cache import spoken
from cordboard.store.database import Store, open_store
from cordboard.testing.office_process import DATABASE, OfficeProcess, office_process

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CLIENT_HZ, OLENA_HZ = 440.0, 1000.0
QUESTION = "How did you like the talk? One is badly, five is well."
MAIN = """\
scenario: main
kind: voice
start: olena
steps:
  olena:
    component: dial
    who: olena
    exits: {answered: over}
  over:
    component: log
    text: the main scenario goes on
"""
SURVEY = f"""\
scenario: survey
kind: voice
variables:
  - {{name: rate, type: text}}
start: ask
steps:
  ask:
    component: ask_digits
    text: "{QUESTION}"
    language: en
    variable: rate
    longest: 1
    exits: {{done: keep}}
  keep:
    component: start_service
    scenario: judged
    values: {{rate: "=rate", client: "=caller"}}
"""
JUDGED = """\
scenario: judged
kind: service
variables:
  - {name: rate, type: text, parameter: true}
  - {name: client, type: phone, parameter: true}
start: note
steps:
  note:
    component: log
    text: "{client} judges: {rate}"
"""
SCENARIOS = {"main": MAIN, "survey": SURVEY, "judged": JUDGED}
WITHIN = 20.0


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OfficeProcess]:
    with office_process(tmp_path, SCENARIOS) as office:
        hook = ["hook", "after-talk", "survey", "survey", "--data", str(tmp_path)]
        done = CliRunner().invoke(app, hook)
        assert done.exit_code == 0, done.output
        yield office


async def heard(call: Call, hz: float) -> None:
    async def listen() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, hz)

    assert await comes_true(listen, WITHIN), f"{hz} Hz is not heard"


async def asked(office: OfficeProcess, call: Call) -> None:
    async def listen() -> bool:
        found = await asyncio.to_thread(recognise, call.heard, spoken(office.folder / "speech"))
        return [one.text for one in found] == [QUESTION]

    assert await comes_true(listen, WITHIN), "the question is not heard"


async def judged(store: Store) -> list[str]:
    """What the runs of `judged` have logged, as it stands in their traces."""
    steps = [
        step for run in await store.traces.find(scenario="judged") for step in await store.traces.steps_of(run.run_id)
    ]
    return [repr(step) for step in steps]


async def rows(store: Store) -> list[tuple[int, str]]:
    query = text('SELECT "ConnectionType", "BLineNum" FROM "A_Stat_Connections_1x1" ORDER BY "TimeAnswer", "Id"')
    return await store.reader.read(lambda connection: [(kind, line) for kind, line in connection.execute(query)])


async def test_the_client_who_stays_is_asked_and_the_one_who_has_hung_up_is_not(office: OfficeProcess) -> None:
    server = Address("udp", "127.0.0.1", office.sip_port)
    city = Address("udp", "127.0.0.1", office.city_port)
    async with open_desk() as inside, open_desk(city, rtp_ports=range(32000, 32400)) as outside:
        phone = inside.phone("101", office.passwords["101"], server)
        await phone.register()

        async def talk() -> tuple[Call, Call]:
            client = await outside.dial(
                f"sip:2327757@127.0.0.1:{office.sip_port}",
                via=server,
                caller=Identity("0671112233", "127.0.0.1"),
                called=Identity("2327757", "127.0.0.1"),
            )
            async with asyncio.timeout(WITHIN):
                olena = await phone.incoming.get()
            await olena.answer()
            assert await client.answered()
            await client.say_tone(CLIENT_HZ)
            await olena.say_tone(OLENA_HZ)
            await heard(client, OLENA_HZ)
            await heard(olena, CLIENT_HZ)
            return client, olena

        client, olena = await talk()
        await client.hang_up()
        await olena.ended()

        client, olena = await talk()
        await olena.hang_up()
        await asked(office, client)
        await client.press("5")
        await client.ended()
    async with await open_store(office.folder / DATABASE) as store:

        async def told() -> bool:
            return any("judges: 5" in step for step in await judged(store))

        assert await comes_true(told, WITHIN), await judged(store)
        assert len(await store.traces.find(scenario="survey")) == 1

        async def logged() -> bool:
            return await rows(store) == [(5, "101"), (5, "101")]

        assert await comes_true(logged, WITHIN), await rows(store)
