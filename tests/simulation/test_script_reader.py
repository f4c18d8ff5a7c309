"""Scripts as text: what is read, and how each mistake is told."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.rehearsal import StepAnswer
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.script import Behaviour, Deed, Script
from cordboard.simulation.script_reader import Scripts, read_scripts
from cordboard.telephony import PhoneNumber

KYIV = ZoneInfo("Europe/Kyiv")


def read(text: str) -> Scripts:
    return read_scripts(text, zone=KYIV, country="UA")


def one(text: str) -> Script:
    scripts = read(text)
    assert list(scripts.faults) == []
    (script,) = scripts.scripts
    return script


def test_all_that_can_be_given() -> None:
    given = one(
        """
        scenario: main
        given:
          caller: "0671234567"
          moment: 2026-11-23 22:15
          limit: 10d
          variables: {debt: 120.50, codes: ["1", "02"], who: {exact: '{"phone": ["0671", "+380671"]}'}}
          people:
            101: {answers: 3s, hangs_up: 20s}
            102: [busy, {rejects: 5s}]
            others: no_answer
          answers:
            lookup: {exit: found, set: {n: 007}, after: 0.2s}
            dial: [busy, {never: true}, {error: broken}]
          pins: {olena: 0042}
        """
    ).given
    assert given.moment is not None
    assert given.moment.astimezone(UTC) == datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
    assert (given.caller, given.limit, given.pins) == ("0671234567", timedelta(days=10), {"olena": "0042"})
    assert given.variables == {"debt": "120.50", "codes": ["1", "02"], "who": PhoneNumber("0671", "+380671")}
    assert given.people == {
        "101": [Behaviour(FarEnd.answers(3, hangs_up_after=20))],
        "102": [Behaviour(FarEnd.busy()), Behaviour(FarEnd.rejects(5))],
        "others": [Behaviour(FarEnd.no_answer())],
    }
    assert given.answers == {
        "lookup": [StepAnswer("found", {"n": "007"}, 0.2)],
        "dial": [StepAnswer("busy"), StepAnswer(), StepAnswer(error="broken")],
    }


def test_deeds_keep_their_order_and_their_line() -> None:
    script = one(
        """
        scenario: main
        when:
          - {hears: Press, press: "1#"}
          - {at: menu.greet, after: 1m, hold: 5s}
          - {after: 1s, start: {scenario: other, variables: {n: 1}, key: k}}
          - hang_up: true
        """
    )
    assert script.when[0] == Deed(hears="Press", press="1#", line=4)
    assert script.when[1] == Deed(at="menu.greet", after=60, hold=5, line=5)
    assert script.when[2].start is not None
    assert (script.when[2].start.values, script.when[2].start.key) == ({"n": "1"}, "k")
    assert script.when[3] == Deed(hang_up=True, line=7)


def test_tests_share_what_stands_above_them() -> None:
    scripts = read(
        """
        scenario: main
        given: {caller: "1", people: {101: busy}}
        tests:
          first: {when: [{hang_up: true}]}
          second:
            call: 700
            given: {name: Olena, people: {102: busy}}
        """
    ).scripts
    first, second = scripts
    assert (first.name, first.scenario, first.line, len(first.when)) == ("first", "main", 5, 1)
    assert (second.name, second.scenario, second.call, second.given.caller) == ("second", "", "700", "1")
    assert set(second.given.people) == {"101", "102"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: error: a script is a map of names (begin with `scenario: its-name`)"),
        ("scenario: [", "error: this is no YAML"),
        ("given: {}", "1:1: error: it is not said what is tried (add `scenario: its-name` or `call: number`)"),
        ("scenario: a\ncall: 1", "1:1: error: a script tries a scenario or a call"),
        ("scenario: a\nwhn: []", "2:6: error: a script has no 'whn' (did you mean 'when'?)"),
        ("scenario: a\ngiven: {callr: 1}", "2:16: error: given has no 'callr' (did you mean 'caller'?)"),
        ("scenario: a\ngiven: {moment: soon}", "2:17: error: 'soon'"),
        ("scenario: a\ngiven: {people: {1: sleeping}}", "2:21: error: nobody behaves as 'sleeping' (write answers, "),
        ("scenario: a\ngiven: {people: {1: {answers: 1s, rejects: 1s}}}", "one cannot both answer and reject"),
        ("scenario: a\ngiven: {answers: {x: {after: 1s}}}", "2:22: error: the answer says no exit"),
        ("scenario: a\ngiven: {variables: {x: {exact: '{\"no\": 1}'}}}", "2:32: error: this is no exact value"),
        ("scenario: a\nwhen:\n  - {press: x}", "3:13: error: 'x' is no key of a telephone"),
        ("scenario: a\nwhen:\n  - {after: 1 week, press: 1}", "3:13: error: '1 week' is no duration"),
        ("scenario: a\nwhen:\n  - {press: 1, hang_up: true}", "3:5: error: these are several deeds: press, hang_up"),
        ("scenario: a\nwhen:\n  - {hears: a, at: b}", "3:5: error: a deed waits for words or for a step"),
        ("scenario: a\nwhen: [{at: b, visit: 0}]", "2:23: error: '0' is no count (write 1 for the first time)"),
        ("scenario: a\nwhen: 5", "2:7: error: a deed is a map"),
        ("scenario: a\nexpect: {herd: x}", "2:16: error: expect has no 'herd' (did you mean 'heard'?)"),
        ("scenario: a\nexpect: {outcome: fine}", "error: a run does not end as 'fine' (possible are finished, "),
        ("scenario: a\nexpect: {lasts: ..}", "'..' has no bound: write 2d..3d, ..10s or 1m.."),
        ("scenario: a\nexpect: {calls_placed: [101]}", "error: a row of 'calls_placed' is a map"),
        ("scenario: a\nexpect: {people: {1: {path: x}}}", "error: a person has no 'path'"),
        ("scenario: a\ntests: {}", "2:8: error: there are no tests"),
        ("expect: {}\ntests: {a: {scenario: b}}", "error: what is expected stands in each test"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    assert any(said in str(fault) for fault in read(text).faults), [str(fault) for fault in read(text).faults]


def test_numbers_stay_as_they_are_written() -> None:
    wanted = one("scenario: a\nexpect:\n  variables: {n: 007}\n  value: 1.50\n  lasts: 2d..3d").expect
    assert [(each.name, each.line) for each in wanted] == [("variables", 3), ("value", 4), ("lasts", 5)]
    assert wanted[0].value["n"].value == "007"
    assert wanted[1].value[""].value == "1.50"
    assert wanted[2].value == (2 * 86400, 3 * 86400)
    assert Decimal("1.50") == Decimal(wanted[1].value[""].value)


WHOLE = """
scenario: a
given:
  moment: 2026-11-23 22:15
  limit: 10d
  speaks: true
  variables: {debt: 120.50, codes: ["1", "02"], who: {exact: '{"phone": ["0671", "+380671"]}'}}
  people: {101: {answers: 3s, hangs_up: 20s, when: [{press: "1"}]}, 102: [busy, {rejects: 5s}]}
  answers: {lookup: {exit: found, set: {n: 007}, after: 0.2s}, dial: [busy, {never: true}, {runs: true}]}
tests:
  one:
    when:
      - {hears: Press, press: "1#"}
      - {at: a.b, visit: 2, after: 1m, hold: 5s}
      - {event: {name: x, key: k, data: {n: 1}}}
      - {start: {scenario: other, variables: {n: 1}, key: k}}
    expect:
      heard: [a, b]
      exits: {greet: [x, y]}
      variables: {n: 1}
      calls_placed: [{to: 101, outcome: busy}]
      people: {101: {told: busy}}
      lasts: 1s..2s
"""


@pytest.mark.slow
def test_no_text_makes_the_reader_fall() -> None:
    random_ = random.Random(7)
    broken = 0
    for _ in range(600):
        text = WHOLE
        for _ in range(random_.randrange(1, 5)):
            at, length = random_.randrange(len(text)), random_.randrange(8)
            put = random_.choice(
                ["", "-", "{", "}", "[", ":", "\n", " ", "0", "x", '"', "\x00", "é", "&", "!!", "..", "1e9"]
            )
            text = text[:at] + put + text[at + length :]
        scripts = read(text)
        broken += bool(scripts.faults)
        assert all(str(fault) for fault in scripts.faults)
    assert 300 < broken < 600
