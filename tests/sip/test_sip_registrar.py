"""REGISTER (RFC 3261 §10.3)."""

import asyncio
from dataclasses import dataclass, field

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.api import Address
from cordboard.sip.message import Answer, Request
from cordboard.sip.parsing import parse
from cordboard.sip.registrar import Binding, Registrar

SOURCE = Address("udp", "192.0.2.1", 40_000)


@dataclass
class Store:
    """A LocationService that takes its time."""

    kept: dict[str, Binding] = field(default_factory=dict)
    broken: bool = False

    async def save(self, binding: Binding) -> None:
        await asyncio.sleep(0.1)
        if self.broken:
            raise OSError("disk full")
        self.kept[binding.contact] = binding

    async def remove(self, binding: Binding) -> None:
        await asyncio.sleep(0.1)
        del self.kept[binding.contact]


class Office:
    def __init__(self) -> None:
        self.now = 1000.0
        self.store = Store()
        self.registrar = Registrar(self.store, clock=lambda: self.now)

    async def register(
        self,
        *contacts: str,
        cseq: int = 1,
        call_id: str = "a",
        expires: str = "",
        account: str = "101",
        to: str = "101",
    ) -> Answer:
        lines = "".join(f"Contact: {one}\r\n" for one in contacts) + (f"Expires: {expires}\r\n" if expires else "")
        request = parse(
            f"REGISTER sip:office SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:{to}@office>;tag=1\r\n"
            f"To: <sip:{to}@office>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\nUser-Agent: Desk 1\r\n"
            f"{lines}\r\n".encode()
        )
        assert isinstance(request, Request)
        request.source = SOURCE
        return await self.registrar.register(request, account)

    def contacts(self) -> list[str]:
        return [one.contact for one in self.registrar.bindings("101")]


def shown(answer: Answer) -> list[str]:
    return [value for name, value in answer.headers if name == "Contact"]


@virtual_time
async def test_several_phones_of_one_account() -> None:
    office = Office()
    assert (await office.register("<sip:101@192.0.2.1:5060>;expires=120")).status == 200
    answer = await office.register('"Desk" <sip:101@192.0.2.2:5062;transport=tcp>', expires="600", call_id="b")
    assert shown(answer) == [
        "<sip:101@192.0.2.2:5062;transport=tcp>;expires=600",
        "<sip:101@192.0.2.1:5060>;expires=120",
    ]
    assert office.registrar.bindings("101")[1] == Binding(
        "101", "sip:101@192.0.2.1:5060", SOURCE, 1120.0, "Desk 1", "a", 1
    )
    office.now += 121
    assert office.contacts() == ["sip:101@192.0.2.2:5062;transport=tcp"]
    office.now += 600
    assert office.contacts() == []


@virtual_time
async def test_the_answer_comes_after_the_store_has_it() -> None:
    office = Office()
    task = asyncio.create_task(office.register("<sip:101@192.0.2.1>"))
    await asyncio.sleep(0.05)
    assert not task.done()
    assert office.contacts() == []
    assert (await task).status == 200
    assert list(office.store.kept) == ["sip:101@192.0.2.1"]


@virtual_time
async def test_what_the_store_has_not_is_not_there() -> None:
    office = Office()
    office.store.broken = True
    with pytest.raises(OSError, match="disk full"):
        await office.register("<sip:101@192.0.2.1>")
    assert office.contacts() == []


@virtual_time
async def test_without_expiry_an_hour_and_never_more() -> None:
    office = Office()
    assert shown(await office.register("<sip:a@h>")) == ["<sip:a@h>;expires=3600"]
    assert shown(await office.register("<sip:a@h>;expires=99999", cseq=2)) == ["<sip:a@h>;expires=3600"]
    assert shown(await office.register("<sip:a@h>;expires=soon", cseq=3)) == ["<sip:a@h>;expires=3600"]


@virtual_time
async def test_too_brief() -> None:
    office = Office()
    answer = await office.register("<sip:a@h>;expires=59")
    assert (answer.status, list(answer.headers)) == (423, [("Min-Expires", "60")])
    assert office.contacts() == []


@virtual_time
async def test_a_phone_signs_off_alone_or_all_at_once() -> None:
    office = Office()
    await office.register("<sip:a@h1>, <sip:a@h2>, <sip:a@h3>")
    assert shown(await office.register("<sip:a@h2>;expires=0", cseq=2)) == [
        "<sip:a@h1>;expires=3600",
        "<sip:a@h3>;expires=3600",
    ]
    assert (await office.register("*", cseq=3, expires="30")).status == 400
    assert len(office.contacts()) == 2
    assert shown(await office.register("*", cseq=3, expires="0")) == []
    assert (office.contacts(), office.store.kept) == ([], {})


@virtual_time
async def test_a_query_changes_nothing() -> None:
    office = Office()
    await office.register("<sip:a@h1>")
    assert shown(await office.register(cseq=2)) == ["<sip:a@h1>;expires=3600"]


@virtual_time
async def test_a_late_copy_is_out_of_order_but_a_restarted_phone_is_not() -> None:
    office = Office()
    await office.register("<sip:a@h>", cseq=5)
    assert (await office.register("<sip:a@h>;expires=0", cseq=5)).status == 500
    assert (await office.register("*", expires="0", cseq=4)).status == 500
    assert office.contacts() == ["sip:a@h"]
    assert (await office.register("<sip:a@h>", cseq=1, call_id="after restart")).status == 200


@virtual_time
async def test_registers_that_meet_are_served_one_after_the_other() -> None:
    office = Office()
    answers = await asyncio.gather(office.register("<sip:a@h>", cseq=1), office.register("<sip:a@h>;expires=0", cseq=2))
    assert [one.status for one in answers] == [200, 200]
    assert (office.contacts(), office.store.kept) == ([], {})


@virtual_time
async def test_ten_contacts_are_enough() -> None:
    office = Office()
    for number in range(10):
        assert (await office.register(f"<sip:a@h{number}>", call_id=str(number))).status == 200
    assert (await office.register("<sip:a@h10>", call_id="x")).status == 403
    assert (await office.register("<sip:a@h9>", call_id="y")).status == 200
    assert len(office.contacts()) == 10


@virtual_time
async def test_nobody_registers_for_another() -> None:
    office = Office()
    assert (await office.register("<sip:a@h>", account="102", to="101")).status == 403


@pytest.mark.parametrize("contact", ["nonsense", "<mailto:a@h>", "<sip:a@h>;;;=", "<tel:+380>"])
@virtual_time
async def test_a_contact_that_cannot_be_called(contact: str) -> None:
    assert (await Office().register(contact)).status == 400


def test_what_was_kept_is_there_after_a_restart() -> None:
    registrar = Registrar(clock=lambda: 1000.0)
    registrar.restore(
        [
            Binding("101", "sip:a@h", SOURCE, 1001.0, "", "a", 1),
            Binding("101", "sip:b@h", SOURCE, 999.0, "", "a", 1),
        ]
    )
    assert [one.contact for one in registrar.bindings("101")] == ["sip:a@h"]


@virtual_time
async def test_accounts_that_are_gone_leave_nothing_behind() -> None:
    office = Office()
    for number in range(50):
        await office.register("<sip:a@h>", account=str(number), to=str(number))
    office.now += 4000
    for number in range(50):
        office.registrar.bindings(str(number))
    assert office.registrar._accounts == {}
