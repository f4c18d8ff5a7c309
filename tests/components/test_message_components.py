"""What scenarios put into the outbox."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cordboard.outbox.ports import MailTemplate, TemplateError, Templates
from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import LegState, Tone
from cordboard.testing.components import Trial, service, voice

VARIABLES = """
- {name: boss, value: boss@office.test}
- {name: file}
- {name: debt, type: money, value: 12.50 UAH}
"""


async def ordered(steps: str, **more: Any) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The payloads of what a service scenario orders, and its path."""
    async with Trial(service(steps, name="main", variables=VARIABLES), **more) as trial:
        await trial.start("main")
        await trial.ended()
        return [{**each.payload, "kind": each.kind} for each in await trial.store.effects()], trial.path


@virtual_time
async def test_a_mail_is_put_into_the_outbox() -> None:
    found, path = await ordered("""
        a:
          component: send_email
          to: "{boss},anna@office.test , "
          subject: Debt of {debt}
          text: "See there"
          attachments: [2026/1.wav, "{file}"]
          deadline: 2h
    """)
    assert path == ["a.done"]
    assert found == [
        {
            "kind": "email",
            "to": "boss@office.test, anna@office.test",
            "subject": "Debt of 12.50 UAH",
            "text": "See there",
            "attachments": ["2026/1.wav"],
            "ordered": "2026-11-23T12:00:00+02:00",
            "patience": 7200.0,
        }
    ]


@virtual_time
@pytest.mark.parametrize("to", ["{file}", "{file}boss", "{boss}\\r\\nBcc: x@y.z", '{boss}, "a b"@c.d'])
async def test_what_is_no_address_leaves_by_error_and_orders_nothing(to: str) -> None:
    found, path = await ordered(f'a: {{component: send_email, to: "{to.replace(chr(34), chr(92) + chr(34))}"}}')
    assert (found, path) == ([], ["a.error"])


@virtual_time
async def test_a_written_address_is_checked_before_anybody_calls() -> None:
    with pytest.raises(ScenarioError, match=r"'boss' is no e-mail address: write name@company.com"):
        await ordered("a: {component: send_email, to: boss}")
    with pytest.raises(ScenarioError, match=r"'crm.test' is no web address"):
        await ordered("a: {component: webhook, url: crm.test}")


@virtual_time
async def test_an_order_with_a_key_says_with_which_it_is_the_same() -> None:
    found, _ = await ordered("""
        a: {component: send_email, to: "{boss}", key: "0671234567", window: 10m, exits: {done: b}}
        b: {component: send_email, to: "{boss}", key: "0671234567", exits: {done: c}}
        c: {component: send_email, to: "{boss}", key: "{file}"}
    """)
    assert [(each.get("same"), each.get("window")) for each in found] == [
        ("main/a: 0671234567", 600.0),
        ("main/b: 0671234567", 300.0),
        (None, None),
    ]


@virtual_time
async def test_each_visit_of_a_step_is_an_order_of_its_own() -> None:
    async with Trial(
        service(
            """
            r: {component: repeat, times: 3, exits: {again: a}}
            a: {component: send_email, to: boss@office.test, exits: {done: w}}
            w: {component: pause, duration: 1h, exits: {done: r}}
            """,
            name="main",
        )
    ) as trial:
        await trial.start("main")
        await trial.ended()
        effects = await trial.store.effects()
    assert len({each.key for each in effects}) == len(effects) == 3


@virtual_time
async def test_the_message_of_a_caller_who_simply_hung_up_is_mailed() -> None:
    steps = """
        a: {component: record, file: file}
        after: {component: send_email, to: "{boss}", subject: "{caller}", attachments: ["{file}"]}
    """
    async with Trial(voice(steps, variables=VARIABLES, after_hangup="after")) as trial:
        phone = trial.call(voice=Tone((440.0,), 1.0))
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(4)
        phone.hang_up()
        await trial.ended()
        (effect,) = await trial.store.effects()
        name = trial.variables["file"]
    assert trial.walked == ["a", "after"]
    assert effect.payload["attachments"] == [name]
    assert name.endswith(".wav")


@virtual_time
async def test_a_program_is_told_values_as_json() -> None:
    found, path = await ordered("""
        a:
          component: webhook
          url: https://crm.test/calls?who={boss}
          values: {debt: =debt, n: "=1.10 + 1", all: '=[1; "ї"; record("a"; true)]', word: "{boss}"}
          signed: yes
    """)
    assert path == ["a.done"]
    assert found == [
        {
            "kind": "webhook",
            "to": "https://crm.test/calls?who=boss@office.test",
            "body": '{"debt":"12.50 UAH","n":2.1,"all":[1,"ї",{"a":true}],"word":"boss@office.test"}',
            "signed": True,
            "ordered": "2026-11-23T12:00:00+02:00",
            "patience": timedelta(days=2).total_seconds(),
        }
    ]


@virtual_time
@pytest.mark.parametrize("url", ["crm.test", "{file}", "https://u:p@{boss}/"])
async def test_what_is_no_web_address_leaves_by_error(url: str) -> None:
    found, path = await ordered(f'a: {{component: webhook, url: "{url}{{file}}"}}')
    assert (found, path) == ([], ["a.error"])


class OneTemplate:
    """Implements `Templates`."""

    def find(self, name: str, language: str = "") -> MailTemplate:
        if name != "offer":
            raise TemplateError(f"there is no template {name!r}")
        return MailTemplate("Debt{language}: {debt}".replace("{language}", language), "{{boss}} is {boss}, { file }.")


@virtual_time
@pytest.mark.parametrize(("more", "subject"), [("", "Debt: 12.50 UAH"), ("subject: Mine, ", "Mine")])
async def test_a_template_is_filled_with_the_variables(more: str, subject: str) -> None:
    step = f"a: {{component: send_email, to: a@b.test, {more}template: offer}}"
    found, path = await ordered(step, ports={Templates: OneTemplate()})
    assert (path, found[0]["subject"], found[0]["text"]) == (["a.done"], subject, "{boss} is boss@office.test, .")


@virtual_time
@pytest.mark.parametrize("name", ["nothing", "offer"])
async def test_a_template_that_there_is_none_of_or_names_an_unknown_variable_leaves_by_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OneTemplate, "find", OneTemplate.find if name == "nothing" else lambda *_: MailTemplate("", "{x}")
    )
    found, path = await ordered(
        f"a: {{component: send_email, to: a@b.test, template: {name}}}", ports={Templates: OneTemplate()}
    )
    assert (found, path) == ([], ["a.error"])
