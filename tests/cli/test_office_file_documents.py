"""An office as a file of the simulator has groups and all else, by the words of the office's text."""

from cordboard.cli.office_file import read_office
from cordboard.office.parking import ParkingLot
from cordboard.office.queue.model import Group

TEXT = """
users: [{login: olena, number: 101}]
groups:
  sales:
    number: 600
    members: [{login: olena}]
parking_lots:
  yard: {number: 710, places: [711, 712]}
"""


def test_groups_and_parking_are_read() -> None:
    read = read_office(TEXT)
    assert list(read.faults) == []
    group, lot = read.office.documents
    assert isinstance(group, Group)
    assert (group.name, group.number, group.members[0].login) == ("sales", "600", "olena")
    assert isinstance(lot, ParkingLot)
    assert lot.places == ("711", "712")


def test_what_is_wrong_with_one_has_its_place_and_the_others_stay() -> None:
    read = read_office(TEXT.replace("number: 600", "ring_seconds: 1") + "nonsense: 1\n")
    assert [document.name for document in read.office.documents] == ["yard"]
    assert [(fault.line, fault.message.partition(":")[0]) for fault in read.faults] == [
        (9, "an office has no 'nonsense'"),
        (5, "ring_seconds"),
    ]
