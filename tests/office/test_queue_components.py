"""The components of queues and callbacks, in scenarios."""

from datetime import datetime

import pytest

from cordboard.office.callbacks import Callback, CallbackOrder, Callbacks, OrderResult, Origin
from cordboard.office.queue.ports import QueueExit, Queues, Wish
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg
from cordboard.testing.components import Trial, voice


class Asked:
    """Implements Queues and Callbacks: notes what it is asked, and answers as told."""

    def __init__(self, *, result: QueueExit = QueueExit.ANSWERED, ordered: OrderResult = OrderResult.NEW) -> None:
        self.result = result
        self.ordered = ordered
        self.wishes: list[tuple[str, Wish | None]] = []
        self.orders: list[CallbackOrder] = []
        self.cancelled: list[tuple[str, str]] = []

    def knows(self, group: str) -> bool:
        return group == "sales"

    async def enter(self, leg: Leg, group: str, wish: Wish | None = None) -> QueueExit:
        assert leg.record.caller.number == "0671234567"
        self.wishes.append((group, wish))
        return self.result

    async def order(self, order: CallbackOrder) -> tuple[OrderResult, Callback | None]:
        self.orders.append(order)
        return self.ordered, None

    async def cancel(self, id_: str, why: str) -> bool:
        raise NotImplementedError

    async def cancel_number(self, number: str, why: str) -> bool:
        self.cancelled.append((number, why))
        return self.ordered is OrderResult.NEW

    @property
    def ports(self) -> dict[type, object]:
        return {Queues: self, Callbacks: self}


async def path(asked: Asked, step: str) -> list[str]:
    async with Trial(voice(step), ports=asked.ports) as trial:
        trial.call("0671234567")
        await trial.ended()
        return trial.path


@pytest.mark.parametrize("result", [each for each in QueueExit if each is not QueueExit.GONE])
def test_each_end_of_waiting_is_an_exit(result: QueueExit) -> None:
    @virtual_time
    async def body() -> None:
        asked = Asked(result=result)
        assert await path(asked, "a: {component: queue, name: sales}") == [f"a.{result.value}"]
        assert asked.wishes == [("sales", Wish())]

    body()


@virtual_time
async def test_what_is_wished_reaches_the_queue() -> None:
    asked = Asked()
    step = "a: {component: queue, name: sales, priority: =2+3, own: olena, skills: 'english, law,', language: uk}"
    await path(asked, step)
    assert asked.wishes == [("sales", Wish(5, "olena", ("english", "law"), "uk"))]


@virtual_time
async def test_a_group_that_is_not_there_is_a_fault() -> None:
    async with Trial(
        voice("a: {component: queue, name: nobody, exits: {error: b}}\nb: {component: stop}"), ports=Asked().ports
    ) as trial:
        trial.call("0671234567")
        await trial.ended()
        assert trial.path[0] == "a.error"
        assert "there is no group 'nobody': correct step 'a'" in trial.steps[0].error


@pytest.mark.parametrize(
    ("result", "left"),
    [
        (OrderResult.NEW, "ordered"),
        (OrderResult.STANDS, "already"),
        (OrderResult.TOO_OFTEN, "refused"),
        (OrderResult.NO_NUMBER, "refused"),
        (OrderResult.LOOP, "refused"),
    ],
)
def test_each_answer_to_an_order_is_an_exit(result: OrderResult, left: str) -> None:
    @virtual_time
    async def body() -> None:
        asked = Asked(ordered=result)
        step = "a: {component: order_callback, phone: =caller, queue: sales, priority: 3, after: 30s, remark: Анна}"
        assert await path(asked, step) == [f"a.{left}"]
        (order,) = asked.orders
        assert (order.number, order.group, order.priority, order.origin) == ("0671234567", "sales", 3, Origin.MISSED)
        assert (order.note, order.chain) == ("Анна", "chain-2")
        assert order.after == datetime.fromisoformat("2026-11-23T12:00:30+02:00")

    body()


@pytest.mark.parametrize("targets", ["", ", queue: sales, scenario: main"])
def test_an_order_names_one_whom_he_is_joined_with(targets: str) -> None:
    @virtual_time
    async def body() -> None:
        asked = Asked()
        async with Trial(
            voice(f"a: {{component: order_callback, phone: =caller{targets}}}"), ports=asked.ports
        ) as trial:
            trial.call("0671234567")
            await trial.ended()
            assert "say whom he is joined with" in trial.steps[0].error
        assert asked.orders == []

    body()


@pytest.mark.parametrize(("there", "left"), [(OrderResult.NEW, "cancelled"), (OrderResult.STANDS, "none")])
def test_a_callback_is_called_off(there: OrderResult, left: str) -> None:
    @virtual_time
    async def body() -> None:
        asked = Asked(ordered=there)
        assert await path(asked, "a: {component: cancel_callback, phone: =caller, reason: helped}") == [f"a.{left}"]
        assert asked.cancelled == [("0671234567", "helped")]

    body()
