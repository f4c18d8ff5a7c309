"""Orders of SMS, as scenarios give them."""

from collections.abc import Mapping
from typing import Any

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service

VARIABLES = """
- {name: mobile, type: phone, value: "067 123 45 67"}
- {name: landline, value: "+380322327757"}
- {name: nobody}
"""


async def ordered(steps: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The payloads of what a service scenario orders, and its path."""
    async with Trial(service(steps, name="main", variables=VARIABLES)) as trial:
        await trial.start("main")
        await trial.ended()
        return [{**each.payload, "kind": each.kind} for each in await trial.store.effects()], trial.path


@virtual_time
async def test_an_sms_is_put_into_the_outbox_for_whoever_can_get_one() -> None:
    found, path = await ordered("""
        a:
          component: send_sms
          to: "{mobile}, {landline}, 380671234567,+7 926 123-45-67"
          text: "Thank you, {mobile}"
          sender: Shop
          line: kyivstar
          urgent: yes
          key: "{mobile}"
          deadline: 2h
    """)
    assert path == ["a.done"]
    assert found == [
        {
            "kind": "sms",
            "to": "+380671234567, +79261234567",
            "text": "Thank you, 067 123 45 67",
            "scenario": "main",
            "sender": "Shop",
            "line": "kyivstar",
            "urgent": True,
            "ordered": "2026-11-23T12:00:00+02:00",
            "patience": 7200.0,
            "same": "main/a: 067 123 45 67",
            "window": 300.0,
        }
    ]


@virtual_time
@pytest.mark.parametrize("to", ["{landline}", "{nobody}", "anonymous", "710", "112", "067 123", " , "])
async def test_a_landline_an_internal_or_a_hidden_number_gets_none(to: str) -> None:
    found, path = await ordered(f'a: {{component: send_sms, to: "{to}", text: Hi}}')
    assert (found, path) == ([], ["a.not_mobile"])


@virtual_time
async def test_a_short_code_is_one_if_it_is_said() -> None:
    found, path = await ordered('a: {component: send_sms, to: "4433, 1234567", text: Hi, short_codes: yes}')
    assert ([each["to"] for each in found], path) == (["4433"], ["a.done"])


@virtual_time
async def test_an_empty_text_leaves_by_error() -> None:
    assert await ordered('a: {component: send_sms, to: "{mobile}", text: "{nobody}"}') == ([], ["a.error"])


@virtual_time
@pytest.mark.parametrize("sender", ["Магазин", "TwelveLetter", "a\tb"])
async def test_a_sender_that_no_network_takes_is_refused_before_anybody_calls(sender: str) -> None:
    with pytest.raises(ScenarioError, match="is no sender of SMS: write a number, or up to 11 Latin letters"):
        await ordered(f'a: {{component: send_sms, to: "{{mobile}}", text: Hi, sender: "{sender}"}}')
