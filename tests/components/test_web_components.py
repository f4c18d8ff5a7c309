"""What a scenario asks of web services: what leaves, and where the answer goes."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.nobody import Nobody
from cordboard.datasource.web.ports import (
    NoAnswerError,
    PlainSecret,
    ReadAs,
    Sought,
    Web,
    WebAnswer,
    WebError,
    WebRequest,
)
from cordboard.datasource.web.service import WebService
from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import SystemClock
from cordboard.testing.components import Trial, service
from cordboard.testing.scenario import MemoryRunStore
from cordboard.testing.web import HeldSettings, MemoryOfAnswers, Reply, json_reply, web_server

VARIABLES = """
- {name: phone, type: phone, value: "+380671234567"}
- {name: keys}
- {name: name}
- {name: rate, type: number}
- {name: rates, type: list}
- {name: whole, type: record}
- {name: status, type: number}
- {name: problem, value: something}
- {name: age, type: duration}
- {name: host, value: evil.test}
"""


class Scripted:
    """Implements `Web`: gives what it is told to, or raises it."""

    def __init__(self, given: WebAnswer | Exception) -> None:
        self.given = given
        self.asked: list[WebRequest] = []

    async def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


OK = WebAnswer(200, None, {})


async def asked(
    step: str, given: WebAnswer | Exception = OK, variables: str = VARIABLES
) -> tuple[list[WebRequest], Trial]:
    web = Scripted(given)
    text = service(f"a: {{component: http_request, {step}}}", name="main", variables=variables)
    async with Trial(text, ports={Web: web}) as trial:
        await trial.start("main")
        await trial.ended()
    return web.asked, trial


@virtual_time
async def test_what_is_asked() -> None:
    (request,), trial = await asked(
        'url: "https://crm.test/cards/{phone}?all=1", query: {from: "{phone}", day: 2026-11-23},'
        'headers: {X-Who: "{name}me"},'
        "secret: crm, longest: 2s, keep: 10m, stale: 1d, read_as: xml, result: whole,"
        "take: [{variable: name, path: $.name},"
        " {variable: rates, path: \"$[?@.who == '{host}'].r\", every: yes, required: yes}]"
    )
    assert trial.path == ["a.ok"]
    assert request == WebRequest(
        "https://crm.test/cards/%2B380671234567?all=1&from=%2B380671234567&day=2026-11-23",
        headers={"X-Who": "me"},
        secret="crm",
        timeout=2.0,
        read=ReadAs.XML,
        take={"0": Sought("$.name"), "1": Sought("$[?@.who == 'evil.test'].r", every=True, required=True)},
        whole=True,
        keep=600.0,
        stale=86400.0,
    )


XML = b"<?xml version='1.0' encoding='UTF-8'?>\n<order id=\"7\"><phone>+380671234567</phone></order>"
SENT: Mapping[str, tuple[str | None, bytes]] = {
    "values: {what: call, phone: =phone, sum: =12.50}": (
        "application/json",
        b'{"what":"call","phone":"+380671234567","sum":12.5}',
    ),
    'send_as: form, values: {phone: =phone, name: "a&b"}': (
        "application/x-www-form-urlencoded",
        b"phone=%2B380671234567&name=a%26b",
    ),
    """send_as: xml, values: {order: '=record("@id"; 7; "phone"; phone)'}""": ("application/xml", XML),
    'send_as: text, text: "Ось {phone}"': ("text/plain; charset=utf-8", "Ось +380671234567".encode()),
    'send_as: text, text: "<a/>", headers: {content-type: text/xml}': (None, b"<a/>"),
    "values: {}": (None, b""),
}


@virtual_time
@pytest.mark.parametrize("step", SENT)
async def test_what_is_sent(step: str) -> None:
    (request,), _ = await asked(f"url: https://crm.test/x, method: POST, {step}")
    assert request.method == "POST"
    assert (request.headers.get("Content-Type"), request.body) == SENT[step]


@virtual_time
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"])
async def test_an_order_bears_a_key_of_its_visit(method: str) -> None:
    step = f"component: http_request, url: https://crm.test/x, method: {method}"
    web = Scripted(OK)
    text = service(f"a: {{{step}, exits: {{ok: b}}}}\nb: {{{step}}}", name="main")
    async with Trial(text, ports={Web: web}) as trial:
        await trial.start("main")
        await trial.ended()
    keys = [request.headers.get("Idempotency-Key") for request in web.asked]
    if method in {"GET", "HEAD"}:
        assert keys == [None, None]
    else:
        assert [len(key or "") for key in keys] == [32, 32]
        assert keys[0] != keys[1]


@virtual_time
async def test_where_a_good_answer_goes() -> None:
    answer = WebAnswer(200, {"a": Decimal(1)}, {"0": "Анна", "1": Decimal("41.10"), "2": None}, age=61.4)
    take = "take: [{variable: name, path: $.n}, {variable: rate, path: $.r}, {variable: keys, path: $.x}]"
    step = f"url: https://crm.test/x, {take}, result: whole, status: status, problem: problem, age: age"
    _, trial = await asked(step, answer)
    assert trial.path == ["a.ok"]
    told = {name: trial.variables[name] for name in ("name", "rate", "keys", "whole", "status", "problem", "age")}
    assert told == {
        "name": "Анна", "rate": "41.1", "keys": "", "whole": "a: 1", "status": "200", "problem": "", "age": "1m1s",
    }  # fmt: skip


@virtual_time
@pytest.mark.parametrize(
    ("given", "path", "told"),
    [
        (WebAnswer(200, None, {"0": "Ann"}, 3600, stale=True), "a.stale", ("Ann", "200", "", "1h")),
        (WebAnswer(404, None, {}), "a.refused", ("", "404", "", "0s")),
        (NoAnswerError("crm.test is down"), "a.no_answer", ("", "", "crm.test is down", "0s")),
        (WebError("there is no secret"), "a.error", ("", "0", "something", "0s")),
    ],
)
async def test_the_exits(given: WebAnswer | Exception, path: str, told: tuple[str, ...]) -> None:
    step = "url: https://crm.test/x, take: [{variable: name, path: $.n}], status: status, problem: problem, age: age"
    _, trial = await asked(step, given)
    assert trial.path == [path]
    assert tuple(trial.variables[name] for name in ("name", "status", "problem", "age")) == told
    if path == "a.error":
        assert trial.steps[0].error == "there is no secret"


@virtual_time
@pytest.mark.parametrize(
    "step",
    [
        "url: crm.test", "url: ftp://crm.test/", "url: https://u:p@crm.test/", "url: https://crm.test/x, longest: 2m",
        "url: https://crm.test/x, take: [{variable: name, path: $..a..b}]",
        "url: https://crm.test/x, take: [{variable: other, path: $}]",
        "url: https://crm.test/x, method: get",
    ],
)  # fmt: skip
async def test_what_is_told_before_anybody_calls(step: str) -> None:
    with pytest.raises(ScenarioError):
        await asked(step)


@virtual_time
@pytest.mark.parametrize(
    "step",
    [
        'url: "https://{host}/x"', 'url: "https://crm.test{host}/x"', 'url: "https://crm.test:{host}/"',
        'url: "{host}"',
        'url: "https://crm.test/{dots}/x"', "url: https://crm.test/x, method: POST, send_as: xml, values: {a: 1, b: 2}",
    ],
)  # fmt: skip
async def test_what_leaves_by_error_and_asks_nobody(step: str) -> None:
    requests, trial = await asked(step, variables=VARIABLES + "- {name: dots, value: ..}\n")
    assert (requests, trial.path) == ([], ["a.error"])


@virtual_time
@pytest.mark.parametrize("keys", ["../../admin", "1?admin=1", "1#", "@evil.test/", "1/2", "a b", "\\\\evil", "%2e%2e"])
async def test_no_keys_of_a_caller_lead_elsewhere(keys: str) -> None:
    variables = VARIABLES.replace("{name: keys}", f'{{name: keys, value: "{keys}"}}')
    (request,), _ = await asked('url: "https://crm.test/cards/{keys}/open"', variables=variables)
    host, path = request.url.removeprefix("https://").split("/", 1)
    assert host == "crm.test"
    assert [part for part in path.split("/") if part] == ["cards", path.split("/")[1], "open"]
    assert "?" not in path
    assert "#" not in path


# --- a real server -------------------------------------------------------------------------------------------------


async def walked(step: str, settings: HeldSettings | None = None) -> tuple[list[str], Mapping[str, str]]:
    web = WebService(GuardedClient(), settings or HeldSettings(), MemoryOfAnswers(), SystemClock())
    text = service(f"a: {{component: http_request, {step}}}", name="main", variables=VARIABLES)
    async with Trial(text, ports={Web: web}) as trial:
        await trial.start("main")
        await trial.ended()
    await web.close()
    return trial.path, trial.variables


async def test_a_card_is_asked_for_by_the_callers_number() -> None:
    settings = HeldSettings(secrets={"crm": PlainSecret("bearer", "127.0.0.1", "S3cret")})
    async with web_server(json_reply('{"name": "Олена", "debt": 12.50}')) as there:
        take = "take: [{variable: name, path: $.name}, {variable: rate, path: $.debt}]"
        path, variables = await walked(f'url: "{there.url}/cards/{{phone}}", secret: crm, {take}', settings)
    assert (path, variables["name"], variables["rate"]) == (["a.ok"], "Олена", "12.5")
    assert there.asked[0].target == "/cards/%2B380671234567"
    assert there.asked[0].headers["authorization"] == "Bearer S3cret"


@pytest.mark.parametrize("silent", [True, False])
async def test_a_service_that_is_down_is_left_in_time(silent: bool) -> None:
    began = asyncio.get_running_loop().time()
    async with web_server(Reply(silent=silent)) as there:
        if not silent:
            there.url = "http://127.0.0.1:1"  # nobody listens there
        path, variables = await walked(f"url: {there.url}/, longest: 0.2s, problem: problem")
    assert path == ["a.no_answer"]
    assert "127.0.0.1" in variables["problem"]
    assert asyncio.get_running_loop().time() - began < 1.5


async def test_no_secret_stands_in_a_trace() -> None:
    settings = HeldSettings(secrets={"crm": PlainSecret("bearer", "127.0.0.1", "S3cret")})
    web = WebService(GuardedClient(), settings, MemoryOfAnswers(), SystemClock())
    async with web_server(Reply(status="500 Oops")) as there:
        step = f"url: {there.url}/, secret: crm, method: POST, result: whole"
        text = service(f"a: {{component: http_request, {step}}}", name="main", variables=VARIABLES)
        async with Trial(text, ports={Web: web}) as trial:
            await trial.start("main")
            await trial.ended()
    assert trial.path == ["a.refused"]
    told: Any = [trial.steps, trial.runs]
    assert "S3cret" not in str(told)
    assert "crm" in str(told)


# --- at least once -------------------------------------------------------------------------------------------------


class Hanging(Scripted):
    """Never answers: the exchange is stopped meanwhile."""

    def __init__(self) -> None:
        super().__init__(OK)
        self.busy = asyncio.Event()

    async def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        self.busy.set()
        await asyncio.Event().wait()
        raise AssertionError("it was stopped")


@virtual_time
async def test_an_order_that_a_restart_cut_off_is_made_again_with_the_same_key() -> None:
    text = service("a: {component: http_request, url: https://crm.test/x, method: POST}", name="main")
    store, before, after = MemoryRunStore(), Hanging(), Scripted(OK)
    async with Trial(text, store=store, ports={Web: before}) as first:
        await first.start("main")
        await before.busy.wait()
        await first.stop_services()
    async with Trial(text, store=store, ports={Web: after}) as second:
        await second.wait(3600)
        assert second.path == ["a.ok"]
    ((old,), (new,)) = before.asked, after.asked
    assert old.headers["Idempotency-Key"] == new.headers["Idempotency-Key"]


@virtual_time
async def test_in_a_simulation_nobody_is_asked() -> None:
    text = service(
        "a: {component: http_request, url: https://crm.test/x, problem: problem}", name="main", variables=VARIABLES
    )
    async with Trial(text, ports={Web: Nobody()}) as trial:
        await trial.start("main")
        await trial.ended()
    assert trial.path == ["a.no_answer"]
    assert "under `answers`" in trial.variables["problem"]
