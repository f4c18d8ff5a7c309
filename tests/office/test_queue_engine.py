"""The rules of the queues, in virtual time and without a telephone."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.office.ports import MAX_PRIORITY
from cordboard.office.queue.engine import QueueEngine, Ring, Standing, Standings, Waiting
from cordboard.office.queue.model import Group, Member, Strategy
from cordboard.testing.queue import Coming, Drill


def group(*members: str | Member, name: str = "sales", **more: Any) -> Group:
    seats = [each if isinstance(each, Member) else Member(login=each) for each in members]
    return Group.model_validate({"name": name, "members": seats, **more})


def engine() -> QueueEngine:
    return QueueEngine(random.Random(7))


def everybody(_login: str) -> Standing:
    return Standing.FREE


def only(*free: str, busy: tuple[str, ...] = ()) -> Standings:
    def standing(login: str) -> Standing:
        return Standing.FREE if login in free else Standing.BUSY if login in busy else Standing.ABSENT

    return standing


def served(strategy: Strategy, calls: int, *members: str | Member, **more: Any) -> list[str]:
    """Who is rung for one caller after the other, each of whom talks for a minute before the next comes."""
    queue, sales, order = engine(), group(*members, strategy=strategy, **more), []
    for number in range(calls):
        queue.join(Waiting(str(number), "sales", number * 100.0))
        (ring,) = queue.decide(number * 100.0, {"sales": sales}, everybody)
        queue.answered(ring.caller, ring.logins[0])
        queue.over(ring.caller, ring.logins[0], number * 100.0 + 60)
        order.append(ring.logins[0])
    return order


def test_the_list_is_asked_from_its_beginning() -> None:
    assert served(Strategy.LIST, 3, "anna", "boris") == ["anna", "anna", "anna"]


def test_round_robin_and_longest_idle_and_fewest_calls_take_turns() -> None:
    for strategy in (Strategy.ROUND_ROBIN, Strategy.LONGEST_IDLE, Strategy.FEWEST_CALLS):
        assert served(strategy, 4, "anna", "boris", "vera") == ["anna", "boris", "vera", "anna"]


def test_round_robin_goes_on_behind_who_was_only_rung_and_fewest_calls_does_not_count_that() -> None:
    for strategy, second in ((Strategy.ROUND_ROBIN, "vera"), (Strategy.FEWEST_CALLS, "vera"), (Strategy.LIST, "boris")):
        queue, sales = engine(), {"sales": group("anna", "boris", "vera", strategy=strategy, pass_over_seconds=5)}
        queue.join(Waiting("1", "sales", 0.0))
        assert queue.decide(0, sales, everybody) == [Ring("1", ("anna",))]
        queue.missed("1", "anna", 3)
        assert queue.decide(3, sales, everybody) == [Ring("1", ("boris",))]
        queue.answered("1", "boris")
        queue.over("1", "boris", 4)
        queue.join(Waiting("2", "sales", 4.0))
        assert queue.decide(4, sales, everybody) == [Ring("2", (second,))]


def test_by_chance_everybody_has_his_turn() -> None:
    assert set(served(Strategy.RANDOM, 40, "anna", "boris", "vera")) == {"anna", "boris", "vera"}


def test_skills_choose_the_best_of_those_who_can_it_and_nobody_who_cannot() -> None:
    able = (
        Member(login="anna", skills={"english": 3}),
        Member(login="boris", skills={"english": 9, "law": 1}),
        Member(login="vera"),
    )
    queue, sales = engine(), {"sales": group(*able, strategy="skills")}
    queue.join(Waiting("1", "sales", 0.0, skills=("english",)))
    queue.join(Waiting("2", "sales", 1.0, skills=("english",)))
    queue.join(Waiting("3", "sales", 2.0, skills=("english",)))
    assert queue.decide(2, sales, everybody) == [Ring("1", ("boris",)), Ring("2", ("anna",))]
    queue.join(Waiting("4", "sales", 3.0, skills=("law", "chinese")))
    assert not queue.can_be_served("4", everybody)
    assert queue.can_be_served("3", everybody)


def test_a_higher_level_is_asked_while_nobody_of_the_lower_one_is_free() -> None:
    levels = (Member(login="chief", level=2), Member(login="anna"), Member(login="boris"))
    queue, sales = engine(), {"sales": group(*levels, strategy="ring_all")}
    for number in "123":
        queue.join(Waiting(number, "sales", float(number)))
    assert queue.decide(3, sales, everybody) == [Ring("1", ("anna", "boris")), Ring("2", ("chief",))]


def test_of_all_who_ring_the_first_to_answer_has_the_call_and_the_rest_are_free() -> None:
    queue, sales = engine(), {"sales": group("anna", "boris", strategy="ring_all")}
    queue.join(Waiting("1", "sales", 0.0))
    queue.join(Waiting("2", "sales", 0.0))
    assert queue.decide(0, sales, everybody) == [Ring("1", ("anna", "boris"))]
    queue.answered("1", "boris")
    assert queue.decide(1, sales, everybody) == [Ring("2", ("anna",))]


def test_the_order_is_priority_aged_by_waiting() -> None:
    queue, sales = engine(), {"sales": group("anna", ageing_seconds=60)}
    queue.decide(0, sales, everybody)
    for name, since, priority in (("plain", 0, 0), ("vip", 50, 1), ("late vip", 70, 1), ("minister", 500, 10)):
        queue.join(Waiting(name, "sales", since, priority))
    assert [each.id for each in queue.waiting("sales")] == ["minister", "vip", "plain", "late vip"]
    assert [queue.place(name) for name in ("minister", "vip", "plain", "late vip", "nobody")] == [1, 2, 3, 4, 0]


def test_who_lost_his_operator_stands_before_all() -> None:
    queue, sales = engine(), {"sales": group("anna")}
    queue.join(Waiting("vip", "sales", 0.0, 10))
    queue.join(Waiting("cut off", "sales", 100.0, head=True))
    assert queue.decide(100, sales, everybody) == [Ring("cut off", ("anna",))]


def test_an_operator_who_misses_is_passed_over_then_asked_again_and_at_last_away() -> None:
    queue, sales = engine(), {"sales": group("anna", pass_over_seconds=30, misses_until_away=2)}
    queue.join(Waiting("1", "sales", 0.0))
    assert queue.decide(0, sales, everybody) == [Ring("1", ("anna",))]
    assert not queue.missed("1", "anna", 5)
    assert queue.decide(34, sales, everybody) == []
    assert queue.next_moment(34) == 35
    assert queue.decide(35, sales, everybody) == [Ring("1", ("anna",))]
    assert queue.missed("1", "anna", 40)


def test_an_answer_forgives_what_was_missed_before() -> None:
    queue, sales = engine(), {"sales": group("anna", pass_over_seconds=1, misses_until_away=2)}
    for number, answered in (("1", False), ("2", True), ("3", False)):
        queue.join(Waiting(number, "sales", 0.0))
        assert queue.decide(int(number) * 10, sales, everybody) == [Ring(number, ("anna",))]
        if answered:
            queue.answered(number, "anna")
            queue.over(number, "anna", 25)
        else:
            assert not queue.missed(number, "anna", int(number) * 10)
            queue.leave(number)


def test_the_own_manager_is_waited_for_also_if_he_is_of_no_group_but_not_for_ever() -> None:
    queue, sales = engine(), {"sales": group("anna")}
    queue.join(Waiting("his", "sales", 0.0, first="olena", first_until=20.0))
    queue.join(Waiting("other", "sales", 1.0))
    busy = only("anna", busy=("olena",))
    assert queue.decide(1, sales, busy) == [Ring("other", ("anna",))]  # the operator does not wait with him
    queue.over("other", "anna", 2)
    queue.leave("other")
    assert queue.decide(2, sales, busy) == []
    assert queue.next_moment(2) == 20
    assert queue.decide(3, sales, only("anna", "olena")) == [Ring("his", ("olena",))]
    queue.missed("his", "olena", 10)
    assert queue.decide(10, sales, only("anna", "olena")) == [Ring("his", ("anna",))]


def test_an_own_manager_who_is_not_there_is_not_waited_for() -> None:
    queue, sales = engine(), {"sales": group("anna")}
    queue.join(Waiting("his", "sales", 0.0, first="olena", first_until=20.0))
    assert queue.decide(0, sales, only("anna")) == [Ring("his", ("anna",))]


def test_an_operator_of_two_groups_is_rung_for_one_caller() -> None:
    queue = engine()
    groups = {"sales": group("anna", ageing_seconds=60), "help": group("anna", name="help", ageing_seconds=60)}
    queue.join(Waiting("1", "sales", 5.0))
    queue.join(Waiting("2", "help", 4.0))
    assert queue.decide(5, groups, everybody) == [Ring("2", ("anna",))]


def test_for_who_is_to_be_called_back_one_operator_is_kept_also_where_all_ring() -> None:
    queue, sales = engine(), {"sales": group("anna", "boris", strategy="ring_all")}
    queue.join(Waiting("1", "sales", 0.0, virtual=True))
    assert queue.decide(0, sales, everybody) == [Ring("1", ("anna",))]
    queue.join(Waiting("2", "sales", 0.0, priority=10))
    queue.arrived("1")
    assert queue.missed("1", "anna", 1) is False
    assert queue.decide(1, sales, everybody) == [Ring("1", ("boris",))]


def test_what_is_expected_follows_the_talks_and_who_is_there() -> None:
    queue, sales = engine(), {"sales": group("anna", "boris")}
    queue.decide(0, sales, everybody)
    queue.join(Waiting("1", "sales", 0.0))
    queue.join(Waiting("2", "sales", 1.0))
    assert queue.expected_wait("2", everybody) == 180.0
    assert queue.expected_wait("2", only("anna")) == 360.0
    queue.over("0", "anna", 60, group="sales", seconds=80.0)
    assert queue.expected_wait("2", everybody) == 160.0


# --- what must hold whatever happens ------------------------------------------------------------------------------

SALES: Mapping[Strategy, Mapping[str, Group]] = {
    strategy: {"sales": group("a", "b", "c", "d", strategy=strategy, ageing_seconds=30, pass_over_seconds=15)}
    for strategy in Strategy
}
CALLERS = st.lists(
    st.tuples(st.integers(0, 600), st.integers(0, MAX_PRIORITY), st.none() | st.integers(1, 300)), max_size=25
).map(
    lambda rows: [
        Coming(str(number), float(at), priority, gives_up=gives_up)
        for number, (at, priority, gives_up) in enumerate(rows)
    ]
)


def unreliable(chance: random.Random) -> tuple[str, float]:
    return ("answers", chance.uniform(1, 10)) if chance.random() < 0.6 else ("misses", chance.uniform(1, 20))


@pytest.mark.slow
@settings(deadline=None)
@given(CALLERS, st.sampled_from(Strategy), st.integers(0, 1000))
def test_nobody_is_lost_rung_twice_or_passed_beyond_the_bound(
    callers: list[Coming], strategy: Strategy, seed: int
) -> None:
    drill = Drill(engine(), SALES[strategy], unreliable, random.Random(seed))
    drill.run(callers)
    assert drill.faults == []
    assert sorted(drill.served + drill.gone) == sorted(caller.id for caller in callers)
    assert drill.engine.waiting() == []


@pytest.mark.slow
@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32), st.sampled_from(Strategy))
def test_two_hundred_callers_and_twenty_operators(seed: int, strategy: Strategy) -> None:
    chance = random.Random(seed)
    callers = [Coming(str(n), chance.uniform(0, 300), chance.choice((0, 0, 0, 5, 10))) for n in range(200)]
    sales = group(*(f"op{number}" for number in range(20)), strategy=strategy, ageing_seconds=10, pass_over_seconds=5)
    drill = Drill(engine(), {"sales": sales}, unreliable, chance)
    drill.run(callers)
    assert drill.faults == []
    assert sorted(drill.served) == sorted(caller.id for caller in callers)


def test_a_stream_of_important_callers_starves_nobody() -> None:
    """One operator, a minute a talk, a minister every 30 s: the plain caller of the first second is served."""
    sales = group("a", ageing_seconds=30)
    callers = [Coming("plain", 1.0), *(Coming(f"m{n}", n * 30.0, MAX_PRIORITY) for n in range(60))]
    drill = Drill(engine(), {"sales": sales}, lambda _: ("answers", 1.0), random.Random(1))
    drill.run(callers)
    # Ministers of the first 300 s may pass him: eleven of them, at 0, 30 … 300.
    assert drill.served.index("plain") == 11


@pytest.mark.parametrize("strategy", list(Strategy))
def test_equals_are_served_as_they_came(strategy: Strategy) -> None:
    callers = [Coming(str(n), float(n)) for n in range(9)]
    drill = Drill(engine(), {"sales": group("a", strategy=strategy)}, lambda _: ("answers", 1.0), random.Random(1))
    drill.run(callers)
    assert drill.served == [caller.id for caller in callers]
