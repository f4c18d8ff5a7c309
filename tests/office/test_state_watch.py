from cordboard.office.state_watch import StateChange, StateWatch


def test_how_things_stand_at_first_is_no_change() -> None:
    watch = StateWatch()
    assert watch.look({"city": (False, "not yet")}, {"ann"}) == []
    assert watch.look({"city": (False, "not yet")}, {"ann"}) == []


def test_what_goes_down_or_comes_up_is_told_once() -> None:
    watch = StateWatch()
    watch.look({"city": (True, ""), "gsm": (False, "")}, set())
    assert watch.look({"city": (False, "no answer"), "gsm": (True, "")}, set()) == [
        StateChange("line.down", "city", {"line": "city", "note": "no answer"}),
        StateChange("line.up", "gsm", {"line": "gsm", "note": ""}),
    ]
    assert watch.look({"city": (False, "still"), "gsm": (True, "")}, set()) == []


def test_a_line_that_is_added_or_taken_away_is_no_change_of_a_line() -> None:
    watch = StateWatch()
    watch.look({"city": (True, "")}, set())
    assert watch.look({"gsm": (False, "")}, set()) == []


def test_users_come_and_go() -> None:
    watch = StateWatch()
    watch.look({}, {"ann", "bob"})
    assert watch.look({}, {"bob", "olha"}) == [
        StateChange("user.state", "ann", {"login": "ann", "state": "offline"}),
        StateChange("user.state", "olha", {"login": "olha", "state": "online"}),
    ]
