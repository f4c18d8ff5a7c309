# ruff: noqa: T201  (a program that prints what it measured)
"""What an expression costs: `.venv/bin/python bench/expressions.py [--quick]`.

Each expression is compiled once and computed many times, over names in a dict; the median of some rounds is printed in
microseconds, and beside it what compiling costs. Figures differ from machine to machine: the empty call of a Python
function beside them says how fast this one is. The exit status never depends on a time.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cordboard.scenario.expressions import Scope, compile_expression, compile_template
from cordboard.scenario.values import ValueType
from cordboard.telephony import PhoneNumber

SCOPE = Scope(
    ZoneInfo("Europe/Kyiv"),
    "UA",
    {"attempts": ValueType.NUMBER, "status": ValueType.TEXT, "rows": ValueType.LIST, "customer": ValueType.RECORD},
)
NAMES: dict[str, Any] = {
    "attempts": Decimal(3),
    "status": "busy",
    "rows": [{"tel": f"06712345{number:02}", "debt": Decimal(number)} for number in range(100)],
    "customer": {"name": "Ганна", "debt": Decimal("120.50")},
    "caller": PhoneNumber.parse("+380671234567", country="UA"),
    "now": datetime(2026, 11, 23, 10, 30, tzinfo=ZoneInfo("Europe/Kyiv")),
    "waiting": timedelta(seconds=42),
}
EXPRESSIONS = (
    'attempts >= 3 and status = "busy"',
    'caller = phone("0671234567") and hour(now) >= 9 and hour(now) < 18',
    'in_time_window(now; "09:00"; "18:00") and not is_weekend(now)',
    'customer["debt"] > 100',
    'waiting > "30s" or attempts = 0',
    "upper(left(status; 1)) & mid(status; 2)",
    r'matches(status; "b[a-z]+")',
    'find_by(rows; "tel"; caller)["debt"]',
)
TEMPLATES = ('{customer["name"]}, {attempts + 1}',)


def microseconds(call: Callable[[], Any], rounds: int, times: int) -> float:
    """The median of some rounds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(times):
            call()
        found.append((time.perf_counter() - began) / times * 1e6)
    return statistics.median(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds, to see that it runs")
    quick = parser.parse_args().quick
    rounds, times = (3, 200) if quick else (7, 5000)
    print(f"{'compute µs':>11} {'compile µs':>11}")
    print(f"{microseconds(lambda: None, rounds, times):11.2f} {'':11} an empty call, for comparison")
    for make, texts in ((compile_expression, EXPRESSIONS), (compile_template, TEMPLATES)):
        for text in texts:
            compiled = make(text, SCOPE)
            cost = microseconds(lambda run=compiled.evaluate: run(NAMES), rounds, times)  # type: ignore[misc]
            compiling = microseconds(lambda make=make, text=text: make(text, SCOPE), rounds, times // 50)  # type: ignore[misc]
            print(f"{cost:11.2f} {compiling:11.0f} {text}")


if __name__ == "__main__":
    main()
