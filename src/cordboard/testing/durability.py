"""Errands: service runs that do everything that must outlive a crash, and the look at what came of them.

An errand waits until few are under way, so that these are at different steps, and starts another run. Then, round after
round, it computes, sleeps, sends an SMS, calls somebody, sends words to its neighbour and waits for his, and goes two
ways at once. At last it listens whether words come a second time. What it has seen is in the value with which it ends.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from cordboard.components import all_components
from cordboard.office.ports import Destination, Numbering
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import SERVICE, Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.values import AnyValue
from cordboard.simulation.far_end import FarEnd
from cordboard.store.database import Store
from cordboard.store.scenario_tables import effects, messages, runs
from cordboard.telephony import LineTarget, Party, Target

ERRAND = """\
scenario: errand
kind: service
mode: at_most
at_most: 60
variables:
  - {name: me, type: number}
  - {name: rounds, type: number}
  - {name: neighbour}
  - {name: round, type: number}
  - {name: sum, type: number, value: 0}
  - {name: got}
  - {name: heard}
  - {name: calls}
  - {name: left}
  - {name: right}
  - {name: ways}
start: begin
steps:
  begin: {component: start_service, scenario: note, values: {about: "{me}"}, exits: {done: rounds}}
  rounds: {component: repeat, times: =rounds, number: round, exits: {again: count, done: listen}}
  count: {component: assign, assignments: [{variable: sum, value: =sum + round}], exits: {done: rest}}
  rest: {component: pause, duration: '=duration("1s") / 50', exits: {done: tell}}
  tell: {component: secret_sms, text: "{me} {round} main", exits: {done: call}}
  call:
    component: originate
    number: "{1000 + me * 10 + round}"
    ring_time: '=duration("1s") / 20'
    scenario: talk
    exits:
      {answered: reached, busy: refused, no_answer: refused, rejected: refused, unreachable: refused, interrupted: cut}
  reached: {component: assign, assignments: [{variable: calls, value: "{calls}+"}], exits: {done: send}}
  refused: {component: assign, assignments: [{variable: calls, value: "{calls}-"}], exits: {done: send}}
  cut: {component: assign, assignments: [{variable: calls, value: "{calls}?"}], exits: {done: send}}
  send:
    {component: send_message, event: ping, run_id: "{neighbour}", values: {round: =round}, exits: {done: hear}}
  hear: {component: wait_for_event, event: ping, into: {round: got}, exits: {arrived: note}}
  note: {component: assign, assignments: [{variable: heard, value: "{heard}{got}"}], exits: {done: both}}
  both:
    component: parallel
    branches: [{id: left, to: left_sms}, {id: right, to: right_rest}]
    exits: {done: seen}
  left_sms: {component: secret_sms, text: "{me} {round} left", exits: {done: left_rest}}
  left_rest: {component: pause, duration: '=duration("1s") / 100', exits: {done: left_set}}
  left_set: {component: assign, assignments: [{variable: left, value: "L{round}"}], exits: {done: joined}}
  right_rest: {component: pause, duration: '=duration("1s") / 50', exits: {done: right_set}}
  right_set: {component: assign, assignments: [{variable: right, value: "R{round}"}], exits: {done: joined}}
  joined: {component: join}
  seen: {component: assign, assignments: [{variable: ways, value: "{ways}{left}{right}"}], exits: {done: rounds}}
  listen:
    component: wait_for_event
    event: ping
    longest: '=duration("1s") / 100'
    exits: {arrived: doubled, time_is_up: end}
  doubled: {component: assign, assignments: [{variable: heard, value: "{heard}!"}], exits: {done: end}}
  end: {component: end_with_value, value: "{sum} {heard} {calls} {ways}"}
"""
NOTE = """\
scenario: note
kind: service
variables:
  - {name: about}
start: tell
steps:
  tell: {component: secret_sms, text: "{about} note"}
"""
TALK = """\
scenario: talk
kind: voice
start: end
steps:
  end: {component: end_with_value, value: talked}
"""
SCENARIOS: Mapping[str, str] = {"errand": ERRAND, "note": NOTE, "talk": TALK}
SAVES_A_ROUND = 22
"""Commits of one errand in one round, about."""


class SecretSms(Component):
    """Sends an SMS under a key that no second time would give: only the one transaction keeps it from doubling."""

    kind = "secret_sms"
    title = "Send an SMS"
    group = "test"
    kinds = SERVICE

    text: Text
    """Its words."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Ask for it."""
        ctx.emit("sms", uuid.uuid4().hex, {"text": self.text})
        return self.Exit.DONE


CATALOGUE = Catalogue([*all_components(), SecretSms])


class City:
    """Implements Numbering: every number is over the one line."""

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:  # noqa: ARG002 - whoever dials
        """See Numbering."""
        return self.over_line("city", number)

    def over_line(self, line: str, number: str) -> Destination:
        """See Numbering."""
        return Destination(number, ((LineTarget(line, number),),))

    def shown_party(self, *, dialled_by: str, targets: Sequence[Target], original: Party) -> Party:  # noqa: ARG002 - all alike
        """See Numbering."""
        return original


CITY: Numbering = City()


@dataclass(frozen=True, slots=True)
class Errands:
    """How many, and how long."""

    number: int = 500
    rounds: int = 2

    def ids(self) -> Sequence[str]:
        """Of their runs."""
        return [f"errand-{me}" for me in range(self.number)]

    def values(self, me: int) -> Mapping[str, AnyValue]:
        """With which one starts. Neighbours are two and two."""
        return {"me": me, "rounds": self.rounds, "neighbour": f"errand-{me ^ 1}"}

    def numbers(self) -> Sequence[str]:
        """That they call."""
        return [str(1000 + me * 10 + round_) for me in range(self.number) for round_ in range(1, self.rounds + 1)]

    def far_ends(self) -> Mapping[Target, FarEnd]:
        """Who takes these calls: some answer, some are busy, some do neither."""
        kinds = (FarEnd.answers(0.01), FarEnd.busy(), FarEnd.answers(0.02), FarEnd.no_answer(), FarEnd.answers(0.0))
        return {LineTarget("city", number): kinds[int(number) // 10 % len(kinds)] for number in self.numbers()}

    def sms(self) -> Sequence[str]:
        """The words of all."""
        return [
            text
            for me in range(self.number)
            for text in (f"{me} note", *(f"{me} {n} {way}" for n in self._rounds() for way in ("main", "left")))
        ]

    def _rounds(self) -> range:
        return range(1, self.rounds + 1)

    def ending(self) -> "re.Pattern[str]":
        """What the value of an errand must be; the group is how its calls ended."""
        heard = "".join(str(n) for n in self._rounds())
        ways = "".join(f"L{n}R{n}" for n in self._rounds())
        return re.compile(rf"{sum(self._rounds())} {heard} ([-+?]{{{self.rounds}}}) {ways}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found after all."""

    ended: int
    """Errands that ended as they must."""
    notes: int
    sms: int
    messages: int
    dialled: int
    interrupted: int
    """Calls of which nobody knows how far they came."""
    faults: Sequence[str]
    suspects: Sequence[str]
    """Ids of errands with a fault."""


async def look(store: Store, errands: Errands, dialled: Sequence[str]) -> Seen:
    """Hold what is in the database, and the numbers that were dialled, against what must be."""

    def read(connection: Connection) -> tuple[list[tuple[str, str, str, object, str]], list[str], int]:
        rows = connection.execute(select(runs.c.id, runs.c.scenario, runs.c.outcome, runs.c.value, runs.c.error))
        sms = [payload["text"] for (payload,) in connection.execute(select(effects.c.payload))]
        posted = connection.execute(select(func.count()).select_from(messages)).scalar_one()
        return [tuple(row) for row in rows], sms, posted

    rows, sms, posted = await store.reader.read(read)
    found = {row[0]: row for row in rows}
    faults: list[str] = []
    suspects: list[str] = []
    counts = Counter[str]()
    calls = Counter(dialled)
    for me, run_id in enumerate(errands.ids()):
        words = list(_faults_of(errands, me, found.get(run_id), calls, counts))
        faults += [f"{run_id}: {fault}" for fault in words]
        suspects += [run_id] if words else []
    sent = Counter(sms)
    for text in errands.sms():
        if sent[text] != 1:
            faults.append(f"SMS {text!r}: {sent[text]} times")
            suspects.append(f"errand-{text.split()[0]}")
    faults += [f"SMS {text!r}: nobody asked for it" for text in sent.keys() - set(errands.sms())]
    notes = [row for row in rows if row[1] == "note"]
    faults += [f"run {row[0]} of {row[1]}: {row[2]} {row[4]}" for row in rows if row[2] != "finished"]
    if len(notes) != errands.number:
        faults.append(f"{len(notes)} runs of note instead of {errands.number}")
    if posted != errands.number * errands.rounds:
        faults.append(f"{posted} messages instead of {errands.number * errands.rounds}")
    return Seen(
        ended=counts["ended"],
        notes=len(notes),
        sms=len(sms),
        messages=posted,
        dialled=len(dialled),
        interrupted=counts["?"],
        faults=faults,
        suspects=list(dict.fromkeys(suspects)),
    )


def _faults_of(
    errands: Errands,
    me: int,
    row: "tuple[str, str, str, object, str] | None",
    calls: Counter[str],
    counts: Counter[str],
) -> Iterator[str]:
    """What is wrong with one errand; counts what is not."""
    if row is None:
        yield "is lost"
        return
    *_, outcome, value, error = row
    ending = errands.ending().fullmatch(str(value))
    if outcome != "finished" or ending is None:
        yield f"{outcome} with {value!r} {error}"
        return
    counts["ended"] += 1
    for round_, how in enumerate(ending.group(1), start=1):
        counts[how] += 1
        number = str(1000 + me * 10 + round_)
        if calls[number] > 1:
            yield f"{number} was dialled {calls[number]} times"
        if how != "?" and calls[number] != 1:
            yield f"the call to {number} ended, and was dialled {calls[number]} times"


async def history(store: Store, run_id: str, dialled: Sequence[str]) -> str:
    """What is known of a run, for whoever must find out why it went wrong."""
    traced = await store.traces.load(run_id)
    steps = traced.steps if traced else ()
    lines = [f"--- {run_id}", f"    {await store.runs.get(run_id)}"]
    for step in steps:
        changed = ", ".join(f"{name}={value}" for name, value in step.changed.items())
        lines.append(f"    {step.entered:%H:%M:%S.%f} {step.branch} {step.step}.{step.exit} {changed} {step.error}")
    me = int(run_id.split("-")[1])
    mine = [number for number in dialled if (int(number) - 1000) // 10 == me]
    return "\n".join([*lines, f"    dialled: {mine}"])
