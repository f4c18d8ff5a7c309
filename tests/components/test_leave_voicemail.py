"""Scenarios let callers leave messages, and users hear theirs."""

import asyncio

from cordboard.office.ports import VoicemailBoxes, Voicemails
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg, LegState
from cordboard.testing.components import Trial, voice

MESSAGE = """
    a: {component: leave_voicemail, to: "{who}", exits: {done: b, no_box: c}}
    b: {component: log, text: left}
    c: {component: play, text: Nobody is there}
"""


class Boxes:
    """Implements Voicemails: a message of ten seconds, kept also if it is cut."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    async def leave(self, leg: Leg, login: str) -> None:
        await leg.answer()
        try:
            await asyncio.sleep(10)
        finally:
            self.kept.append((login, leg.chain))

    def has_box(self, login: str) -> bool:
        return login == "sales"


def scenario(who: str) -> str:
    return voice(MESSAGE, variables=f"- {{name: who, value: {who}}}")


@virtual_time
async def test_a_message_is_left_and_the_scenario_goes_on() -> None:
    boxes = Boxes()
    async with Trial(scenario("sales"), ports={Voicemails: boxes}) as trial:
        trial.call()
        await trial.ended()
        assert boxes.kept == [("sales", "chain-2")]
    assert trial.path == ["a.done", "b.done"]


@virtual_time
async def test_without_a_box_the_caller_hears_nothing_of_it() -> None:
    boxes = Boxes()
    async with Trial(scenario("nobody"), ports={Voicemails: boxes}) as trial:
        phone = trial.call()
        await trial.ended()
    assert (boxes.kept, phone.texts) == ([], ["Nobody is there"])
    assert trial.path == ["a.no_box", "c.done"]


@virtual_time
async def test_who_hangs_up_has_left_what_he_said() -> None:
    boxes = Boxes()
    async with Trial(scenario("sales"), ports={Voicemails: boxes}) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(4)
        phone.hang_up()
        await trial.ended()
        assert boxes.kept == [("sales", "chain-2")]


class Heard:
    """Implements VoicemailBoxes: anna has a box."""

    def __init__(self) -> None:
        self.by: list[str] = []

    async def hear(self, leg: Leg, login: str) -> bool:
        self.by.append(login)
        return login == "anna"


@virtual_time
async def test_a_user_hears_his_messages_or_is_told_that_he_has_none() -> None:
    heard = Heard()
    for login in ("anna", "boris"):
        text = voice(
            f"""
    a: {{component: voicemail_box, login: {login}, exits: {{done: b, no_box: c}}}}
    b: {{component: log, text: heard}}
    c: {{component: play, text: You have no box}}
"""
        )
        async with Trial(text, ports={VoicemailBoxes: heard}) as trial:
            phone = trial.call()
            await trial.ended()
        assert trial.path[0] == ("a.done" if login == "anna" else "a.no_box")
        assert phone.texts == ([] if login == "anna" else ["You have no box"])
    assert heard.by == ["anna", "boris"]
