"""What users are told by scenarios."""

from collections.abc import Mapping
from typing import Any

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service

VARIABLES = """
- {name: phone, type: phone, value: "0671234567"}
- {name: debt, type: money, value: 12.50 UAH}
- {name: nobody}
- {name: logins, type: list, value: '["anna", "ghost", "", "anna"]'}
"""


async def told(step: str) -> tuple[list[tuple[str, Mapping[str, Any]]], list[str]]:
    """What is ordered, and the path."""
    async with Trial(service(f"a: {{component: notify_user, {step}}}", name="main", variables=VARIABLES)) as trial:
        await trial.start("main")
        await trial.ended()
        return [(each.kind, each.payload) for each in await trial.store.effects()], trial.path


@virtual_time
async def test_users_are_told_with_what_belongs_to_it() -> None:
    found, path = await told(
        'users: [anna, "{nobody}"], text: "{phone} has called", urgent: yes, values: {phone: =phone, debt: =debt}'
    )
    assert path == ["a.done"]
    data = {"phone": "0671234567", "debt": "12.50 UAH"}
    assert found == [("notice", {"to": ["anna"], "text": "0671234567 has called", "data": data, "urgent": True})]


@virtual_time
@pytest.mark.parametrize(("users", "to"), [("=logins", ["anna"]), ('["{phone}"]', None)])
async def test_who_is_no_user_is_said_and_the_others_are_told(users: str, to: list[str] | None) -> None:
    found, path = await told(f"users: {users}, text: Hello")
    assert path == ["a.unknown"]
    assert [payload["to"] for _, payload in found] == ([to] if to else [])


@virtual_time
@pytest.mark.parametrize("step", ["users: [anna]", 'users: [anna], text: ""', "text: Hello"])
async def test_what_is_told_before_anything_runs(step: str) -> None:
    with pytest.raises(ScenarioError):
        await told(step)
