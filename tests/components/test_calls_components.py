import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState, LineTarget, PhoneTarget, Target, Tone
from cordboard.testing.components import Trial, service, voice

ANNA: Target = PhoneTarget("101")
ANNAS_MOBILE: Target = PhoneTarget("101-mobile")
BORIS: Target = PhoneTarget("102")
CITY: Target = LineTarget("city", "0671234567")
GSM: Target = LineTarget("gsm", "0671234567")


def dialling(**properties: str) -> str:
    lines = "".join(f"\n      {name}: {value}" for name, value in properties.items())
    return voice(f"    d:\n      component: dial{lines}", variables="- {name: login}")


# --- dial ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_dial_rings_all_phones_of_a_user_and_joins_the_first() -> None:
    ends = {ANNA: FarEnd.no_answer(), ANNAS_MOBILE: FarEnd.answers(3, hangs_up_after=20)}
    async with Trial(dialling(who="anna"), far_ends=ends) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.RINGING)
        assert LegState.ANSWERED not in phone.states
        await trial.ended()
    assert trial.path == ["d.answered"]
    assert trial.seconds == pytest.approx(23)
    assert [call.told for call in trial.exchange.called] == [EndReason.ANSWERED_ELSEWHERE, None]
    begun, ended = trial.listened.connections
    assert ended.ended is not None
    assert (ended.ended - begun.started).total_seconds() == pytest.approx(20)


@pytest.mark.parametrize(
    ("end", "exit_"),
    [
        (FarEnd.busy(), "busy"),
        (FarEnd.rejects(), "rejected"),
        (FarEnd.no_answer(), "no_answer"),
        (FarEnd.unreachable(), "unreachable"),
        (FarEnd.silent(), "unreachable"),
    ],
)
def test_dial_says_why_there_was_no_talk(end: FarEnd, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(dialling(number="102", ring_time="15s"), far_ends={BORIS: end}) as trial:
            phone = trial.call()
            await trial.ended()
        assert trial.path == [f"d.{exit_}"]
        assert LegState.ANSWERED not in phone.states

    body()


@virtual_time
async def test_dial_of_a_number_that_nobody_has() -> None:
    async with Trial(dialling(number='"999"')) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["d.unreachable"]


@virtual_time
async def test_dial_of_a_user_whom_nobody_knows_is_an_error() -> None:
    async with Trial(dialling(who="nobody")) as trial:
        trial.call()
        await trial.ended()
    assert trial.path[0] == "d.error"
    assert "there is no user 'nobody'" in trial.steps[0].error


@virtual_time
async def test_dial_tries_the_next_line_when_one_cannot_be_reached() -> None:
    ends = {CITY: FarEnd.unreachable(), GSM: FarEnd.answers(2, hangs_up_after=5)}
    async with Trial(dialling(number='"(067) 123-45-67"'), far_ends=ends) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["d.answered"]
    assert [call.target for call in trial.exchange.called] == [CITY, GSM]
    assert trial.exchange.called[0].leg.record.caller.number == "+380322327757"
    assert len({call.leg.chain for call in trial.exchange.called}) == 1


@virtual_time
async def test_dial_does_not_try_another_line_for_who_is_busy() -> None:
    ends = {CITY: FarEnd.busy(), GSM: FarEnd.answers(2)}
    async with Trial(dialling(number='"0671234567"'), far_ends=ends) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["d.busy"]
    assert [call.target for call in trial.exchange.called] == [CITY]


@virtual_time
async def test_dial_over_one_line() -> None:
    ends = {GSM: FarEnd.answers(2, hangs_up_after=5)}
    async with Trial(dialling(number='"0671234567"', line="gsm"), far_ends=ends) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["d.answered"]


@pytest.mark.parametrize(
    ("login", "exit_"),
    [("anna", "answered"), ("boris", "forbidden"), ("nobody", "forbidden"), ('"{login}"', "forbidden")],
)
def test_dial_by_the_rights_of_a_user(login: str, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        text = dialling(number='"0671234567"', dialled_by=login)
        async with Trial(text, far_ends={CITY: FarEnd.answers(1, hangs_up_after=1)}) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"d.{exit_}"]

    body()


@virtual_time
async def test_dial_of_an_internal_number_that_a_scenario_answers() -> None:
    inner = voice("i: {component: play, text: The menu}", name="menu")
    async with Trial(dialling(number='"700"'), inner) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["The menu"]
    assert trial.path == ["i.done", "d.answered"]


@virtual_time
async def test_the_scenario_goes_on_with_the_caller_after_the_talk() -> None:
    text = voice("d: {component: dial, who: boris, exits: {answered: p}}\np: {component: play, text: How was it}")
    async with Trial(text, far_ends={BORIS: FarEnd.answers(1, hangs_up_after=9)}) as trial:
        phone = trial.call()
        await trial.ended()
    assert trial.path == ["d.answered", "p.done"]
    assert phone.texts == ["How was it"]


@virtual_time
async def test_a_caller_who_gives_up_ends_the_ringing() -> None:
    async with Trial(dialling(who="boris"), far_ends={BORIS: FarEnd.no_answer()}) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.RINGING)
        await trial.wait(5)
        phone.hang_up()
        await trial.ended()
        assert trial.exchange.called[0].told is EndReason.CANCELLED
        assert list(trial.exchange.legs()) == []
    assert trial.seconds == pytest.approx(5)


@virtual_time
async def test_a_caller_who_hangs_up_in_the_talk_ends_it_for_both_and_the_branch_after_runs() -> None:
    steps = """
        d: {component: dial, who: boris, exits: {answered: never}}
        never: {component: play, text: Never}
        after: {component: assign, assignments: [{variable: login, value: after}]}
    """
    text = voice(steps, variables="- {name: login}", after_hangup="after")
    async with Trial(text, far_ends={BORIS: FarEnd.answers(1)}) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(10)
        phone.hang_up()
        await trial.ended()
        assert trial.exchange.called[0].told is EndReason.HUNG_UP
        assert list(trial.exchange.legs()) == []
    assert trial.path[-1] == "after.done"
    assert "never" not in " ".join(trial.path)
    assert trial.variables["login"] == "after"


@virtual_time
async def test_an_answered_caller_hears_ringing_while_dialling() -> None:
    text = voice("p: {component: play, text: Please wait, exits: {done: d}}\nd: {component: dial, who: boris}")
    async with Trial(text, far_ends={BORIS: FarEnd.answers(6, hangs_up_after=1)}) as trial:
        phone = trial.call()
        await trial.ended()
    tones = [heard for heard in phone.heard if not heard.text]
    assert len(tones) == 2
    assert tones[0].until == pytest.approx(tones[0].at + 5)


# --- originate ----------------------------------------------------------------------------------------------------

TALK = voice('t: {component: play, text: "You owe {sum}", exits: {done: s}}\ns: {component: stop, value: listened}',
             name="talk", variables="- {name: sum, parameter: true}")  # fmt: skip
CALL = service(
    """
    o:
      component: originate
      number: "0671234567"
      line: gsm
      scenario: talk
      values: {sum: "12"}
      ring_time: 20s
      result: got
      exits: {answered: z, busy: z, no_answer: z, rejected: z, unreachable: z, interrupted: z}
    z: {component: assign, assignments: []}
    """,
    name="inform",
    variables="- {name: got}",
)


@virtual_time
async def test_originate_hands_the_answered_call_to_a_voice_scenario() -> None:
    async with Trial(CALL, TALK, far_ends={GSM: FarEnd.answers(3)}) as trial:
        await trial.start("inform")
        await trial.ended()
        called = trial.exchange.called[0]
    assert called.texts == ["You owe 12"]
    assert called.told is EndReason.HUNG_UP
    assert trial.path == ["t.done", "s.", "o.answered", "z.done"]
    assert trial.variables_of("inform")["got"] == "listened"
    assert {step.chain for step in trial.steps} == {called.leg.chain}
    assert called.leg.record.caller.number == "gsm-user"


@pytest.mark.parametrize(
    ("end", "exit_"),
    [
        (FarEnd.busy(), "busy"),
        (FarEnd.rejects(), "rejected"),
        (FarEnd.no_answer(), "no_answer"),
        (FarEnd.unreachable(), "unreachable"),
    ],
)
def test_originate_says_why_nobody_answered(end: FarEnd, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(CALL, TALK, far_ends={GSM: end}) as trial:
            await trial.start("inform")
            await trial.ended()
        assert trial.path == [f"o.{exit_}", "z.done"]

    body()


@virtual_time
async def test_originate_of_a_number_that_nobody_has() -> None:
    async with Trial(CALL.replace('"0671234567"', '"abc"'), TALK) as trial:
        await trial.start("inform")
        await trial.ended()
    assert trial.path == ["o.unreachable", "z.done"]


@virtual_time
async def test_the_called_one_may_hang_up_in_the_middle() -> None:
    async with Trial(CALL, TALK, far_ends={GSM: FarEnd.answers(3, hangs_up_after=0.2)}) as trial:
        await trial.start("inform")
        await trial.ended()
    assert trial.path == ["t.", "o.answered", "z.done"]
    assert trial.variables_of("inform")["got"] == ""


@virtual_time
async def test_the_attempt_is_written_before_the_call_leaves() -> None:
    async with Trial(CALL, TALK, far_ends={GSM: FarEnd.no_answer()}) as trial:
        await trial.start("inform")
        await trial.wait(5)
        assert len(trial.exchange.called) == 1
        await trial.stop_services()
        assert trial.exchange.called[0].told is EndReason.CANCELLED
    async with Trial(CALL, TALK, store=trial.store) as after:
        await after.ended()
    assert after.path == ["o.interrupted", "z.done"]
    assert after.exchange.called == []


# --- before the answer --------------------------------------------------------------------------------------------


@virtual_time
async def test_a_caller_who_heard_us_before_the_answer_hears_ringing() -> None:
    steps = """
        a: {component: play, text: We connect you, answer: no, exits: {done: d}}
        d: {component: dial, who: boris}
    """
    async with Trial(voice(steps), far_ends={BORIS: FarEnd.answers(10, hangs_up_after=1)}) as trial:
        phone = trial.call()
        await phone.wait_heard("We connect you")
        await trial.wait(5)
        assert phone.hearing == Tone((425.0,), on=1.0, off=4.0)
        assert LegState.ANSWERED not in phone.states
        await trial.ended()
    assert trial.path == ["a.done", "d.answered"]
    assert LegState.ANSWERED in phone.states
