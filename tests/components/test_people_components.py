"""Whom the called side sees, what the log says of a call, and forms on screens."""

from datetime import date

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.telephony import LineTarget, Party, PhoneTarget, Target
from cordboard.testing.components import Trial, dialog, service, voice

BORIS: Target = PhoneTarget("102")
CITY: Target = LineTarget("city", "0671234567")
ENDS = {BORIS: FarEnd.answers(1, hangs_up_after=1), CITY: FarEnd.answers(1, hangs_up_after=1)}

# --- set_caller_id ------------------------------------------------------------------------------------------------


def shown(dial: str) -> str:
    return voice(
        f"""
        a: {{component: set_caller_id, number: "{{caller}}", name: "Sales: {{caller_name}}", exits: {{done: b}}}}
        b: {{component: dial, {dial}, exits: {{answered: c}}}}
        c: {{component: set_caller_id, exits: {{done: d}}}}
        d: {{component: dial, {dial}}}
        """
    )


@pytest.mark.parametrize(
    ("dial", "first", "second"),
    [
        ("who: boris", Party("0671112233", "Sales: "), Party("0671112233")),
        ("number: '0671234567'", Party("+380322327757"), Party("+380322327757")),
        ("number: '102', dialled_by: anna", Party("101", "Анна"), Party("101", "Анна")),
    ],
)
def test_who_is_called_sees_what_is_set_where_he_may(dial: str, first: Party, second: Party) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(shown(dial), far_ends=ENDS) as trial:
            trial.call("0671112233")
            await trial.ended()
        assert trial.path == ["a.done", "b.answered", "c.done", "d.answered"]
        assert [called.leg.record.caller for called in trial.exchange.called] == [first, second]

    body()


@virtual_time
async def test_a_call_that_is_originated_shows_it_too_unless_it_says_otherwise() -> None:
    steps = """
        a: {component: set_caller_id, number: "700", name: Office, exits: {done: b}}
        b: {component: originate, who: boris, scenario: talk, exits: {answered: c}}
        c: {component: originate, who: boris, scenario: talk, show: "701"}
    """
    talk = voice("t: {component: play, text: Hello}", name="talk")
    async with Trial(service(steps, name="call"), talk, far_ends={BORIS: FarEnd.answers(1)}) as trial:
        await trial.start("call")
        await trial.ended()
    assert [called.leg.record.caller for called in trial.exchange.called] == [Party("700", "Office"), Party("701")]


# --- tag_call -----------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_call_is_tagged_also_after_the_hang_up() -> None:
    steps = """
        a: {component: tag_call, name: topic, value: "{topic}", exits: {done: b}}
        b: {component: pause, duration: 1m}
        after: {component: tag_call, name: hung_up}
    """
    async with Trial(voice(steps, variables="- {name: topic, value: delivery}", after_hangup="after")) as trial:
        phone = trial.call()
        await trial.wait(5)
        phone.hang_up()
        await trial.ended()
    assert trial.tags == [(phone.leg.chain, "topic", "delivery"), (phone.leg.chain, "hung_up", "")]


# --- ask_form, start_dialog ---------------------------------------------------------------------------------------

CARD = dialog(
    """
    ask:
      component: ask_form
      heading: "{phone} has called"
      text: What came of it?
      longest: 5m
      fields:
        - {variable: outcome, label: Outcome, kind: choice, choices: "sold; later", required: yes}
        - {variable: amount, label: Amount, kind: number}
        - {variable: again, label: Next call, kind: date}
        - {variable: urgent, label: Urgent, kind: boolean}
        - {variable: note, label: Note}
      exits: {submitted: s, closed: c, time_is_up: t}
    s: {component: log, text: "{outcome} {amount} {again} {urgent} {note}"}
    c: {component: log, text: closed}
    t: {component: log, text: late}
    """,
    name="card",
    variables="""
    - {name: phone, type: phone, parameter: true}
    - {name: outcome}
    - {name: amount, type: number, value: 5}
    - {name: again, type: date}
    - {name: urgent, type: boolean}
    - {name: note, value: nothing}
    """,
)
SHOW = """
    a: {component: start_dialog, user: anna, scenario: card, values: {phone: =caller}, run_id: card, exits: {done: b}}
    b: {component: play, text: One moment}
"""


@virtual_time
async def test_a_form_is_shown_beside_the_call_and_fills_in_the_variables() -> None:
    async with Trial(voice(SHOW, variables="- {name: card}"), CARD) as trial:
        phone = trial.call()
        await phone.wait_heard("One moment")
        await settle()
        (pending,) = trial.screens.of("anna")
        assert (pending.form.title, pending.form.text) == ("0671234567 has called", "What came of it?")
        assert [(field.name, field.value) for field in pending.form.fields] == [
            ("outcome", ""),
            ("amount", "5"),
            ("again", ""),
            ("urgent", "false"),
            ("note", "nothing"),
        ]
        written = {"outcome": "sold", "amount": "12,50", "again": "2026-12-01", "urgent": "true"}
        trial.screens.submit("anna", pending.id, written)
        await trial.ended()
    (told,) = (step.properties["text"] for step in trial.steps if step.step == "s")
    assert told == "sold 12.5 2026-12-01 true "
    assert trial.variables_of("card")["again"] == str(date(2026, 12, 1))
    assert {step.chain for step in trial.steps} == {phone.leg.chain}


@virtual_time
async def test_a_form_that_is_closed() -> None:
    async with Trial(voice(SHOW, variables="- {name: card}"), CARD) as trial:
        trial.call()
        await trial.wait(1)
        trial.screens.close("anna", trial.screens.of("anna")[0].id)
        await trial.ended()
    assert trial.path[-2:] == ["ask.closed", "c.done"]


@virtual_time
async def test_a_form_that_nobody_fills_in() -> None:
    async with Trial(voice(SHOW, variables="- {name: card}"), CARD) as trial:
        trial.call()
        await trial.ended()
        assert trial.screens.of("anna") == []
    assert trial.path[-2:] == ["ask.time_is_up", "t.done"]
    assert trial.seconds == pytest.approx(300, abs=1)


@virtual_time
async def test_nobody_has_the_screen_of_a_user_who_is_not_there() -> None:
    async with Trial(
        voice(SHOW.replace("user: anna", "user: '{login}'"), variables="- {name: login}\n- {name: card}"), CARD
    ) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.unknown"]


@pytest.mark.parametrize("row", ["{variable: a, label: A, kind: choice}", "{variable: a, label: A, choices: x; y}"])
def test_a_choice_and_nothing_else_has_choices(row: str) -> None:
    @virtual_time
    async def body() -> None:
        text = dialog(f"a: {{component: ask_form, heading: H, fields: [{row}]}}", name="card", variables="- {name: a}")
        async with Trial(text) as trial:
            with pytest.raises(ScenarioError, match="a choice, and nothing else, has choices"):
                await trial.runner.prepare()

    body()
