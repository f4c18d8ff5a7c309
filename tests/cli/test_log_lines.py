from cordboard.cli.log_lines import line


def test_a_line_begins_with_what_it_is_about() -> None:
    event = {"event": "leg ended", "level": "info", "timestamp": "T", "reason": "hung_up", "leg": "l1", "chain": "c1"}
    assert line(None, "", event) == "T INFO    chain c1 leg l1: leg ended reason=hung_up"


def test_a_line_about_nothing_in_particular_is_plain() -> None:
    assert line(None, "", {"event": "read anew", "level": "warning", "timestamp": "T"}) == "T WARNING read anew"


def test_what_a_stranger_sends_makes_no_line_of_its_own() -> None:
    event = {"event": "odd", "level": "info", "timestamp": "T", "host": "x\n2026-01-01 ERROR  all is lost"}
    assert line(None, "", event) == r"T INFO    odd host='x\n2026-01-01 ERROR  all is lost'"


def test_a_traceback_follows_its_line() -> None:
    event = {"event": "failed", "level": "error", "timestamp": "T", "leg": "l1", "exception": "Traceback …"}
    assert line(None, "", event) == "T ERROR   leg l1: failed\nTraceback …"
