"""What an administrator may write about a group, and what is wrong with it."""

import pytest
from pydantic import ValidationError

from cordboard.office.callback_rules import CallbackRules
from cordboard.office.checks import faults
from cordboard.office.model import OfficeData, User
from cordboard.office.queue.model import Group, Member, Overflow, OverflowWhen


def test_a_group_is_written_with_its_name_alone_and_read_back_as_it_was() -> None:
    written = Group(
        name="sales",
        number="600",
        members=(Member(login="anna", skills={"english": 3}), Member(login="boris", level=2)),
        overflow=(Overflow(when=OverflowWhen.WAITED, after=60, number="0671234567"),),
    )
    assert Group.model_validate_json(written.model_dump_json()) == written
    assert written.numbers() == ("600",)
    assert Group(name="plain").numbers() == ()


def test_somebody_stands_in_a_group_once() -> None:
    with pytest.raises(ValidationError, match="anna stands in the group twice"):
        Group(name="sales", members=(Member(login="anna"), Member(login="anna")))


@pytest.mark.parametrize("targets", [{}, {"number": "1", "group": "help"}])
def test_who_overflows_goes_to_exactly_one_place(targets: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="say where the caller goes"):
        Overflow.model_validate({"when": "length", "after": 5, **targets})


def test_what_a_group_names_must_be_there() -> None:
    sales = Group(
        name="sales",
        number="101",
        members=(Member(login="gone"),),
        overflow=(
            Overflow(when=OverflowWhen.WAITED, after=60, group="help"),
            Overflow(when=OverflowWhen.WAITED, after=90, group="sales"),
            Overflow(when=OverflowWhen.NO_OPERATORS, voicemail="gone"),
            Overflow(when=OverflowWhen.NO_OPERATORS, voicemail="empty"),
        ),
    )
    night = CallbackRules(name="night")
    office = OfficeData(users=(User("anna", "Anna", "101"),), documents=(sales, Group(name="empty"), night))
    assert faults(office) == [
        "group sales: there is no user gone",
        "group sales: there is no group help to which callers could go",
        "group sales: its callers cannot go to itself",
        "group sales: gone is no user and no group that could have a voicemail",
        "group empty: nobody is in it",
        "the callback rules night are never used: only those named default are",
        "the number 101 leads to the user anna and to groups/sales: give one of them another",
    ]
