"""The examples of web services: they can be published, their tests pass, and they understand what the services say.

What is asked leaves for a real server on loopback, which answers as the real services do; the internet is never asked.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import PlainSecret, Web
from cordboard.datasource.web.service import WebService
from cordboard.telephony import SystemClock
from cordboard.testing.components import Trial
from cordboard.testing.web import Asked, HeldSettings, MemoryOfAnswers, Reply, WebServer, json_reply, packed, web_server

FOLDER = Path(__file__).parents[2] / "examples" / "web"

NBU = """[
{"r030":840,"txt":"Долар США","rate":41.2345,"cc":"USD","exchangedate":"23.11.2026","special":null}
]"""
CBR = (
    '<?xml version="1.0" encoding="windows-1251"?><ValCurs Date="23.11.2026" name="Foreign Currency Market">'
    '<Valute ID="R01235"><NumCode>840</NumCode><CharCode>USD</CharCode><Nominal>1</Nominal><Name>Доллар США</Name>'
    "<Value>92,5058</Value><VunitRate>92,5058</VunitRate></Valute>"
    '<Valute ID="R01335"><NumCode>398</NumCode><CharCode>KZT</CharCode><Nominal>100</Nominal><Name>Тенге</Name>'
    "<Value>18,5021</Value><VunitRate>0,185021</VunitRate></Valute></ValCurs>"
)
METEO = """{"latitude":49.84,"longitude":24.03,"generationtime_ms":0.03,"timezone":"GMT",
"current_units":{"time":"iso8601","interval":"seconds","temperature_2m":"°C"},
"current":{"time":"2026-11-23T10:00","interval":900,"temperature_2m":-2.6}}"""
CARD = '{"id":17,"name":"Олена","segment":"vip","manager":{"login":"ivan","extension":"102"}}'


def answer(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["scenario", *map(str, arguments)])
    return result.exit_code, result.output


def test_nothing_is_wrong_with_them(tmp_path: Path) -> None:
    assert answer("check", FOLDER, "--data", tmp_path) == (0, "4 scenarios can be published\n")


@pytest.mark.slow
def test_their_tests_pass_and_cover_the_exits() -> None:
    code, output = answer("test", FOLDER, "--coverage", "--min-coverage", "85")
    assert [line for line in output.splitlines() if line.startswith("FAILED")] == []
    assert code == 0, output


def test_the_readme_names_each() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in FOLDER.glob("*.yaml") if f"({file.name})" not in readme] == []


def step_alone(scenario: str, step: str, there: WebServer) -> str:
    """A service scenario with that step of an example, which asks the server instead of the internet."""
    text = (FOLDER / f"{scenario}.yaml").read_text(encoding="utf-8")
    variables = text.split("\nvariables:\n")[1].split("\nstart:")[0]
    body = text.split(f"\n  {step}:\n")[1].split("\n    exits:\n")[0]
    body = re.sub(r"https://[\w.-]+", there.url, body).replace("caller", "phone")
    phone = '  - {name: phone, type: phone, value: "+380671234567"}\n'
    return f"scenario: main\nkind: service\nstart: {step}\nvariables:\n{phone}{variables}\nsteps:\n  {step}:\n{body}\n"


class Station:
    """What lives on between the runs of a trial: the service with its memory."""

    def __init__(self) -> None:
        secrets = {"crm": PlainSecret("bearer", "127.0.0.1", "S3cret")}
        self.web = WebService(GuardedClient(), HeldSettings(secrets=secrets), MemoryOfAnswers(), SystemClock())

    async def walk(self, text: str) -> tuple[str, Mapping[str, str]]:
        async with Trial(text, ports={Web: self.web}) as trial:
            await trial.start("main")
            await trial.ended()
        return trial.path[0], trial.variables


async def test_the_national_bank_of_ukraine_is_understood() -> None:
    async with web_server(packed(json_reply(NBU, content_type="application/json; charset=utf-8"))) as there:
        path, variables = await Station().walk(step_alone("rate_hryvnia", "ask", there))
    assert (path, variables["rate"], variables["written_day"]) == ("ask.ok", "41.2345", "23.11.2026")
    assert there.asked[0].target == "/NBUStatService/v1/statdirectory/exchange?json&valcode=USD"


async def test_the_bank_of_russia_is_understood() -> None:
    reply = Reply(CBR.encode("cp1251"), "application/xml; charset=windows-1251")
    async with web_server(reply) as there:
        text = step_alone("rate_rouble", "ask", there)
        station = Station()
        path, variables = await station.walk(text)
        assert (path, variables["value"], variables["nominal"]) == ("ask.ok", "92.5058", "1")
        _, variables = await station.walk(text.replace("value: USD", "value: KZT"))
        assert Decimal(variables["value"]) / Decimal(variables["nominal"]) == Decimal("0.185021")
    assert len(there.asked) == 1  # two currencies, one question: the first answer is fresh


async def test_a_currency_that_the_bank_does_not_have_is_no_answer() -> None:
    async with web_server(Reply(CBR.encode("cp1251"), "application/xml")) as there:
        text = step_alone("rate_rouble", "ask", there).replace("value: USD", "value: XXX")
        path, variables = await Station().walk(text)
    assert path == "ask.no_answer"
    assert "did not say what is required" in variables["problem"]


async def test_the_weather_is_understood_also_below_zero() -> None:
    async with web_server(json_reply(METEO)) as there:
        path, variables = await Station().walk(step_alone("weather", "ask", there))
    assert (path, variables["temperature"], variables["age"]) == ("ask.ok", "-2.6", "0s")
    assert there.asked[0].target == "/v1/forecast?latitude=49%2E84&longitude=24%2E03&current=temperature_2m".replace(
        "%2E", "."
    )


async def test_a_customer_is_found_by_the_callers_number_and_a_new_one_added() -> None:
    def crm(asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Bearer S3cret":
            return Reply(status="401 Who")
        if asked.method == "POST":
            return Reply(status="201 Created")
        return json_reply(CARD) if asked.target.endswith("/%2B380671234567") else Reply(status="404 None")

    station = Station()
    async with web_server() as there:
        there.answer = crm
        text = step_alone("customer", "card", there)
        path, variables = await station.walk(text)
        assert path == "card.ok"
        assert [variables[name] for name in ("name", "segment", "manager")] == ["Олена", "vip", "102"]
        path, _ = await station.walk(text.replace("+380671234567", "+380501112233"))
        assert path == "card.refused"
        path, _ = await station.walk(step_alone("customer", "add", there))
        assert path == "add.ok"
    assert there.asked[-1].body == b'{"phone":"+380671234567","source":"call"}'


async def test_a_crm_that_is_down_costs_a_second_and_the_last_card_is_used() -> None:
    station = Station()
    async with web_server(json_reply(CARD), Reply(silent=True)) as there:
        text = (
            step_alone("customer", "card", there)
            .replace("keep: 1m", "keep: 0s")
            .replace("longest: 1s", "longest: 0.2s")
        )
        assert (await station.walk(text))[0] == "card.ok"
        path, variables = await station.walk(text)
        assert (path, variables["name"]) == ("card.stale", "Олена")
        assert (await station.walk(text.replace("+380671234567", "+380501112233")))[0] == "card.no_answer"
