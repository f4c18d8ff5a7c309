"""What surrounds a simulated scenario: time, calendar, messages, screens, recordings, rooms, languages."""

import time
from collections.abc import Sequence

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.simulation.replay import recording_of, replay
from cordboard.simulation.report import Report
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import MOST_STEPS, simulate

OFFICE = """
language: uk
users:
  - {login: olena, number: 101}
  - {login: ivan, number: 102}
lines: [{name: city, number: "+380322327757"}]
numbers: {700: main}
calendar: |
  [week]
  mon-fri = "09:00-18:00"
  [days]
  2026-12-31 = "closed; New Year's Eve"
"""


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    read = read_office(OFFICE)
    assert [str(fault) for fault in read.faults] == []
    return OfficeInMemory(read.office, calendar=read.calendar)


def play(script: str, office: OfficeInMemory, *scenarios: str) -> Report:
    read = read_scripts(script, zone=office.zone, country=office.country)
    assert list(read.faults) == []
    texts = {text.split("scenario: ", 1)[1].split("\n", 1)[0]: text for text in scenarios}
    report = simulate(read.scripts[0], texts, office)
    # Whatever happens here can be replayed as well.
    if report.run_id and not any(deed.event or deed.start for deed in report.script.when):
        assert list(replay(recording_of(report), texts, office).differences) == []
    return report


def path(report: Report) -> Sequence[str]:
    return [f"{step.step}.{step.exit}" for step in report.steps]


HOURS = """
scenario: main
kind: voice
start: open
steps:
  open: {component: time_window, exits: {inside: day, outside: night, holiday: feast}}
  day: {component: play, texts: {en: We are here., uk: Ми на місці.}}
  night: {component: play, texts: {en: It is night., uk: Ніч.}}
  feast: {component: play, texts: {en: Happy New Year., uk: З Новим роком.}}
"""


@pytest.mark.parametrize(
    ("moment", "language", "heard"),
    [
        ("2026-11-23 12:00", "", "Ми на місці."),
        ("2026-11-23 22:15", "en", "It is night."),
        ("2026-11-22 12:00", "", "Ніч."),
        ("2026-12-31 12:00", "en", "Happy New Year."),
        ("2026-11-23T20:30:00+05:00", "en", "We are here."),
    ],
)
def test_the_moment_decides_and_the_office_speaks_its_language(
    office: OfficeInMemory, moment: str, language: str, heard: str
) -> None:
    report = play(f"scenario: main\ngiven: {{moment: '{moment}', language: '{language}'}}", office, HOURS)
    assert report.caller is not None
    assert [said.text for said in report.caller.heard] == [heard]


def test_a_call_goes_where_the_office_sends_it(office: OfficeInMemory) -> None:
    outside = play("call: '+380322327757'\ngiven: {language: en}", office, HOURS)
    inside = play("call: '700'\ngiven: {account: '102', caller: '102', language: en}", office, HOURS)
    nobody = play("call: '999'\ngiven: {account: '102', caller: '102'}", office, HOURS)
    colleague = play(
        "call: '101'\ngiven: {account: '102', caller: '102', people: {olena: {answers: 2s, hangs_up: 9s}}}",
        office,
        HOURS,
    )
    assert (outside.scenario, inside.scenario) == ("main", "main")
    assert inside.caller is not None
    assert inside.caller.line == ""
    assert nobody.caller is not None
    assert (nobody.scenario, nobody.caller.told) == ("", "not_found")
    assert (colleague.scenario, colleague.seconds) == ("", 11)
    assert [(party.name, party.outcome, party.shown) for party in colleague.placed] == [("olena", "answered", "102")]


WAITER = """
scenario: waiter
kind: service
variables: [{name: words}, {name: phone, type: phone, parameter: true}]
start: wait
steps:
  wait:
    component: wait_for_event
    event: sms.received
    about: "{phone}"
    longest: 2d
    into: {text: words}
    exits: {arrived: end, time_is_up: late}
  late: {component: stop, value: too late}
  end: {component: stop, value: "=words"}
"""


def test_things_happen_outside_while_a_scenario_sleeps(office: OfficeInMemory) -> None:
    given = "given: {variables: {phone: '0671234567'}}"
    event = "event: {name: sms.received, key: '+380671234567', data: {text: Так}}"
    report = play(f"scenario: waiter\n{given}\nwhen: [{{after: 1d, {event}}}]", office, WAITER)
    assert (report.value, report.seconds) == ("Так", 86400)
    assert [(each.name, each.key) for each in report.messages] == [("sms.received", "+380671234567")]
    late = play(f"scenario: waiter\n{given}", office, WAITER)
    assert (late.value, late.seconds) == ("too late", 2 * 86400)
    given_instead = "given: {answers: {wait: {exit: arrived, set: {words: Ні}, after: 3h}}}"
    answered = play(f"scenario: waiter\n{given_instead}", office, WAITER)
    assert (answered.value, answered.seconds) == ("Ні", 3 * 3600)


def test_another_scenario_is_started_meanwhile(office: OfficeInMemory) -> None:
    sender = """
scenario: sender
kind: service
variables: [{name: about, parameter: true}]
start: tell
steps:
  tell: {component: send_message, event: sms.received, about: "{about}", values: {text: hello}}
"""
    script = """
scenario: waiter
given: {variables: {phone: "0671234567"}}
when:
  - {at: waiter.wait, after: 10m, start: {scenario: sender, variables: {about: "380671234567"}, key: k}}
"""
    report = play(script, office, WAITER, sender)
    assert (report.value, report.seconds) == ("hello", 600)
    assert [(info.scenario, info.key) for info in report.started] == [("sender", "k")]


def test_a_message_is_recorded_or_it_is_silent(office: OfficeInMemory) -> None:
    text = """
scenario: main
kind: voice
variables: [{name: file}, {name: seconds, type: number}]
start: message
after_hangup: kept
steps:
  message: {component: record, file: file, seconds: seconds, exits: {recorded: kept, silence: nothing}}
  kept: {component: assign, assignments: [{variable: file, value: '=if(file = ""; "lost"; "kept")'}]}
  nothing: {component: stop}
"""
    silent = play("scenario: main", office, text)
    assert (path(silent), silent.seconds) == (["message.silence", "nothing."], 5)
    spoken = play("scenario: main\ngiven: {speaks: yes}\nwhen: [{after: 8s, press: '#'}]", office, text)
    assert (path(spoken), spoken.variables["seconds"]) == (["message.recorded", "kept.done"], "8")
    left = play("scenario: main\ngiven: {speaks: yes}\nwhen: [{after: 8s, hang_up: true}]", office, text)
    assert (left.outcome, left.variables["file"]) == ("hung_up", "kept")


def test_two_meet_in_a_room(office: OfficeInMemory) -> None:
    text = """
scenario: main
kind: voice
start: make
steps:
  make: {component: conference_create, name: r1, exits: {created: call, taken: call}}
  call: {component: start_service, scenario: invite, exits: {done: meet}}
  meet: {component: conference_join, name: r1, longest_alone: 1m, exits: {ended: bye, alone: bye}}
  bye: {component: hang_up}
"""
    invite = """
scenario: invite
kind: service
start: call
steps:
  call: {component: originate, who: olena, scenario: guest}
"""
    guest = """
scenario: guest
kind: voice
start: meet
steps:
  meet: {component: conference_join, name: r1}
"""
    script = """
scenario: main
given: {people: {olena: {answers: 3s, hangs_up: 30s}}}
"""
    read = read_scripts(script, zone=office.zone, country=office.country)
    report = simulate(read.scripts[0], {"main": text, "invite": invite, "guest": guest}, office)
    assert [party.outcome for party in report.placed] == ["answered"]
    assert "meet.alone" in path(report)
    assert report.seconds == 3 + 30 + 60


def test_a_dialog_is_answered_by_its_script(office: OfficeInMemory) -> None:
    card = """
scenario: card
kind: dialog
variables: [{name: note}]
start: ask
steps:
  ask:
    component: ask_form
    heading: What came of it?
    fields: [{variable: note, label: Note}]
    exits: {submitted: end, closed: nothing}
  end: {component: stop, value: "=note"}
  nothing: {component: stop, value: nothing}
"""
    given = "given: {user: olena, answers: {ask: {exit: submitted, set: {note: sold}, after: 40s}}}"
    report = play(f"scenario: card\n{given}", office, card)
    assert (report.kind, report.outcome, report.value, report.seconds) == ("dialog", "finished", "sold", 40)
    assert play("scenario: card\ngiven: {user: olena}", office, card).value == "nothing"


def test_an_answer_where_nothing_is_asked_is_noted(office: OfficeInMemory) -> None:
    report = play("scenario: main\ngiven: {answers: {day: done}}", office, HOURS)
    assert list(report.notes) == ["step 'day' asks nothing of the world outside: its answer under 'day' is not used"]


def test_an_answer_by_an_exit_that_is_none_is_a_fault(office: OfficeInMemory) -> None:
    text = "scenario: main\nkind: voice\nstart: d\nsteps:\n  d: {component: dial, number: 101}\n"
    report = play("scenario: main\ngiven: {answers: {dial: engaged}}", office, text)
    assert report.outcome == "faulted"
    assert "left by 'engaged', which is none of its exits" in report.error


@pytest.mark.slow
def test_a_scenario_that_never_ends_is_ended(office: OfficeInMemory) -> None:
    text = "scenario: main\nkind: service\nstart: p\nsteps:\n  p: {component: pause, duration: 1s, exits: {done: p}}\n"
    read = read_scripts("scenario: main", zone=office.zone, country=office.country)
    began = time.perf_counter()
    report = simulate(read.scripts[0], {"main": text}, office)
    assert time.perf_counter() - began < 30
    assert report.outcome == "running"
    assert list(report.notes) == [f"the simulation was ended after {MOST_STEPS} steps"]


def test_a_part_of_the_call_before_the_answer_hears_keys(office: OfficeInMemory) -> None:
    text = """
scenario: main
kind: voice
start: early
steps:
  early: {component: early_media, exits: {done: ask}}
  ask: {component: menu, text: Press one, answer: no, keys: [{id: one, key: 1, to: no}], exits: {nothing_pressed: no}}
  no: {component: reject, reason: busy}
"""
    report = play("scenario: main\nwhen: [{hears: Press one, press: 1}]", office, text)
    assert path(report)[:2] == ["early.done", "ask.one"]
    assert report.caller is not None
    assert [state.value for _, state in report.caller.states] == ["calling", "ringing", "ended"]
