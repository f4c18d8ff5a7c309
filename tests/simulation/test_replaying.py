"""Replay: what a simulation has done is done again by the script that is made of its traces."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.scenario.rehearsal import StepAnswer
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.replay import recording_of, replay, scripts_of
from cordboard.simulation.script import Beginning, Behaviour, Deed, Given, Posting, Script
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.script_writer import write_script
from cordboard.simulation.simulator import simulate
from cordboard.telephony import PhoneNumber

DEMO = Path(__file__).parents[2] / "examples" / "s01-employee-callback"
SCENARIOS = {file.stem: file.read_text(encoding="utf-8") for file in DEMO.glob("*.yaml")}
NOBODY = "+380441112233"
OLENA = "+380671234567"


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    read = read_office((DEMO / "tests" / "office.yaml").read_text(encoding="utf-8"))
    return OfficeInMemory(read.office, pins=read.pins)


def any_script(random_: random.Random) -> Script:
    """Somebody who presses, waits and hangs up as it comes, in an office whose people do likewise."""

    def seconds(most: float) -> float:
        return round(random_.uniform(0.1, most), 2) + 0.0037

    def deeds(count: int) -> list[Deed]:
        some: list[Deed] = []
        for _ in range(count):
            keys = random_.choice(
                ["1", "2", "3", "9", "101", "102", "999", "4821#", "1111#", "#", "0501112233#", "112#"]
            )
            some.append(Deed(hears=random_.choice(["", "", "*"]), after=seconds(9), press=keys))
        if random_.random() < 0.6:
            some.insert(random_.randrange(len(some) + 1), Deed(after=seconds(20), hang_up=True))
        return some

    def far_end() -> FarEnd:
        return random_.choice(
            [
                FarEnd.answers(seconds(8), hangs_up_after=seconds(40)),
                FarEnd.busy(),
                FarEnd.no_answer(),
                FarEnd.rejects(seconds(5)),
                FarEnd.unreachable(),
            ]
        )

    def behaviours() -> list[Behaviour]:
        return [Behaviour(far_end(), deeds(random_.randrange(5))) for _ in range(random_.randrange(1, 4))]

    people = {name: behaviours() for name in ("101", "102", OLENA, "0501112233")}
    if random_.random() < 0.3:
        return Script(
            scenario="callback",
            given=Given(variables={"login": "olena", "phone": OLENA}, people=people),
        )
    name = random_.choice(["main", "main", "menu", "entry"])
    values = {"login": "olena"} if name == "entry" else {}
    given = Given(caller=random_.choice([OLENA, NOBODY, ""]), variables=values, people=people)
    return Script(scenario=name, given=given, when=deeds(random_.randrange(6)))


def once_more(script: Script, office: OfficeInMemory) -> Script:
    """The script by way of its text."""
    read = read_scripts(write_script(script, office.zone), zone=office.zone, country=office.country)
    assert list(read.faults) == []
    return replace(read.scripts[0], name=script.name, line=0)


@pytest.mark.parametrize("seed", range(100))
def test_any_run_of_the_demo_takes_the_same_way_again(seed: int, office: OfficeInMemory) -> None:
    report = simulate(any_script(random.Random(seed)), SCENARIOS, office)
    recorded = recording_of(report)
    replayed = replay(recorded, SCENARIOS, office)
    assert list(replayed.differences) == []
    assert (replayed.report.outcome, replayed.report.value) == (report.outcome, report.value)
    assert [deed.told for _, deed in replayed.report.undone] == []
    kept = replay(recorded, SCENARIOS, office, script=once_more(replayed.script, office))
    assert list(kept.differences) == []


OUTER = """
scenario: outer
kind: voice
variables:
  - {name: n, type: number}
  - {name: words, type: list}
  - {name: who, type: record}
  - {name: code, type: text, secret: true}
start: ask
after_hangup: late
fault: sorry
steps:
  ask: {component: ask_digits, text: Your code, variable: code, longest: 8, exits: {done: inner, nothing_pressed: wait}}
  inner: {component: call_scenario, scenario: inner, exits: {done: wait}}
  wait: {component: pause, duration: 20s, exits: {done: ring}}
  ring: {component: dial, number: 102, exits: {answered: start, busy: start, no_answer: start}}
  start: {component: start_service, scenario: nightly, key: "{caller}", exits: {done: boom}}
  boom: {component: assign, assignments: [{variable: n, value: "=1 / (n - n)"}], exits: {done: end}}
  sorry: {component: play, text: Sorry, exits: {done: end}}
  end: {component: stop, value: "=n"}
  late: {component: call_scenario, scenario: inner, exits: {done: mark}}
  mark: {component: assign, assignments: [{variable: n, value: "=n + 1"}], exits: {done: end}}
"""
INNER = """
scenario: inner
kind: voice
variables:
  - {name: n, type: number}
start: choose
steps:
  choose:
    component: menu
    text: One or two
    attempts: 1
    keys: [{id: one, key: 1, to: add}, {id: two, key: 2, to: choose}]
    exits: {nothing_pressed: add}
  add: {component: assign, assignments: [{variable: n, value: "=n + 5"}]}
"""
NIGHTLY = """
scenario: nightly
kind: service
variables:
  - {name: tries, type: number}
start: sleep
steps:
  sleep: {component: pause, duration: 2d, exits: {done: call}}
  call:
    component: originate
    number: 101
    scenario: inner
    exits: {answered: end, busy: count, no_answer: count, rejected: count}
  count: {component: assign, assignments: [{variable: tries, value: "=tries + 1"}], exits: {done: sleep}}
  end: {component: stop}
"""
NESTED = {"outer": OUTER, "inner": INNER, "nightly": NIGHTLY}


@pytest.mark.parametrize("seed", range(60))
def test_nested_scenarios_hang_ups_faults_and_services_are_replayed(seed: int, office: OfficeInMemory) -> None:
    random_ = random.Random(seed)

    def deeds() -> list[Deed]:
        keys = ["1", "2", "12", "1234#", "#", "2", "2"]
        some = [Deed(after=round(random_.uniform(0.2, 8), 2) + 0.0037, press=random_.choice(keys)) for _ in range(4)]
        if random_.random() < 0.5:
            some.insert(random_.randrange(5), Deed(after=round(random_.uniform(0.1, 30), 2), hang_up=True))
        return some

    people = {
        "101": [
            Behaviour(random_.choice([FarEnd.busy(), FarEnd.no_answer(), FarEnd.rejects(1.5)])),
            Behaviour(FarEnd.answers(3.25, hangs_up_after=random_.choice([None, 4.5])), deeds()),
        ],
        "102": [Behaviour(random_.choice([FarEnd.busy(), FarEnd.answers(2.5, hangs_up_after=9)]))],
    }
    report = simulate(Script(scenario="outer", given=Given(people=people), when=deeds()), NESTED, office)
    replayed = replay(recording_of(report), NESTED, office)
    assert list(replayed.differences) == []
    assert (replayed.report.outcome, replayed.report.value) == (report.outcome, report.value)


def test_a_draft_parts_where_it_was_changed(office: OfficeInMemory) -> None:
    script = Script(
        scenario="menu",
        given=Given(people={"101": [Behaviour(FarEnd.busy())]}),
        when=[Deed(hears="Welcome", after=1.5, press="1")],
    )
    recorded = recording_of(simulate(script, SCENARIOS, office))
    draft = {**SCENARIOS, "menu": SCENARIOS["menu"].replace("busy: say_busy", "busy: say_nobody", 1)}
    assert draft["menu"] != SCENARIOS["menu"]
    assert list(replay(recorded, draft, office).differences) == [
        "the ways part at step 3: it was menu.say_busy/done, it is menu.say_nobody/done",
        "  menu.greet/secretary",
        "  menu.secretary/busy",
        "- menu.say_busy/done",
        "+ menu.say_nobody/done",
        "  menu.hang_up/done",
    ]


def test_what_failed_fails_again_if_it_would_not_by_itself(office: OfficeInMemory) -> None:
    when = [Deed(hears="Welcome", after=1, hang_up=True)]
    given = Given(caller=OLENA, answers={"order_callback": [StepAnswer(error="OSError: the database is full")]})
    report = simulate(Script(scenario="main", given=given, when=when), SCENARIOS, office)
    replayed = replay(recording_of(report), SCENARIOS, office)
    assert list(replayed.differences) == []
    assert replayed.script.given.answers["main.order_callback"] == [StepAnswer(error="OSError: the database is full")]


def test_a_mistake_of_the_scenario_is_not_made_again_in_a_draft(office: OfficeInMemory) -> None:
    text = "scenario: main\nkind: voice\nvariables: [{name: n, type: number}]\nstart: a\nsteps:\n"
    step = "  a: {component: assign, assignments: [{variable: n, value: '=1 / (n - n)'}], exits: {error: b}}\n"
    end = "  b: {component: stop}\n"
    recorded = recording_of(simulate(Script(scenario="main"), {"main": text + step + end}, office))
    kept = replay(recorded, {"main": text + step + end}, office)
    assert list(kept.differences) == []
    mended = {"main": text + step.replace("n - n", "n + 1") + end}
    assert list(replay(recorded, mended, office, script=kept.script).differences) == [
        "the ways part at step 1: it was main.a/error, it is main.a/done",
        "- main.a/error",
        "- main.b",
        "+ main.a/done",
    ]


def test_what_secret_keys_were_is_not_in_the_script(office: OfficeInMemory) -> None:
    when = [Deed(hears="PIN", after=1, press="4821#"), Deed(hears="number", after=1, hang_up=True)]
    # A moment of its own: the digits of this one could be those of the PIN.
    given = Given(variables={"login": "olena"}, moment=datetime(2026, 11, 23, tzinfo=UTC))
    report = simulate(Script(scenario="entry", given=given, when=when), SCENARIOS, office)
    (script,) = scripts_of(recording_of(report), office.catalogue)
    assert script.when[0] == Deed(at="entry.ask_pin", visit=1, after=1, press="0000#")
    assert script.given.answers == {"entry.check_pin": [StepAnswer("right")]}
    assert "4821" not in write_script(script, office.zone)


def test_every_value_survives_being_written(office: OfficeInMemory) -> None:
    values = {
        "text": 'a, b: {c} # d\n"é"',
        "number": Decimal("120.50"),
        "phone": PhoneNumber("067 123", "+38067123"),
        "yes": True,
        "none": None,
        "long": timedelta(days=2, seconds=1),
        "moment": datetime(2026, 11, 23, 22, 15, tzinfo=UTC),
        "words": ["1", "two"],
        "mixed": [Decimal(1), "x"],
        "record": {"exact": "1", "n": Decimal("1.5")},
    }
    given = Given(
        caller="",
        name='O\'Hara: "x"',
        moment=datetime(2026, 11, 23, 22, 15, 7, 250000, tzinfo=UTC),
        limit=timedelta(hours=5),
        variables=values,
        people={
            "101": [Behaviour(FarEnd.busy()), Behaviour(FarEnd.answers(1.5, hangs_up_after=20), (Deed(press="1#"),))],
            "others": [Behaviour(FarEnd.no_answer()), Behaviour(FarEnd.unreachable()), Behaviour(FarEnd.silent())],
        },
        answers={"dial": [StepAnswer("busy", values, 0.25), None, StepAnswer(), StepAnswer(error="no: {x}")]},
        pins={"olena": "0042"},
    )
    when = (
        Deed(hears="Press, 1: [x]", press="*#"),
        Deed(at="a.b", visit=3, after=61.5, hold=2),
        Deed(event=Posting("call.missed", "+380", {"n": Decimal(1)})),
        Deed(after=1, start=Beginning("other", {"n": "1"}, "k")),
        Deed(hang_up=True),
    )
    script = Script(name="all", scenario="main", given=given, when=when)
    read = once_more(script, office)
    exact = {**values, "number": "120.5"}
    assert read.given.variables == exact
    assert [replace(deed, line=0) for deed in read.when] == [
        replace(deed, event=Posting("call.missed", "+380", {"n": "1"})) if deed.event else deed for deed in when
    ]
    (first, *rest) = read.given.answers["dial"]
    assert first == StepAnswer("busy", exact, 0.25)
    assert rest == [None, StepAnswer(), StepAnswer(error="no: {x}")]
    people = {
        name: [replace(one, when=tuple(replace(deed, line=0) for deed in one.when)) for one in found]
        for name, found in read.given.people.items()
    }
    assert people == given.people
    assert replace(read.given, variables={}, answers={}, people={}) == replace(
        given, variables={}, answers={}, people={}
    )
