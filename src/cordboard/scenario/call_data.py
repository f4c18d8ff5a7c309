"""What expressions see beside the variables: data of the call, of the run, and the moment."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cordboard.scenario.values import AnyValue
from cordboard.telephony import PhoneNumber

if TYPE_CHECKING:
    from cordboard.scenario.execution import Run
    from cordboard.scenario.frames import Frame


class NamesInScope:
    """The names that an expression sees: the variables, then the call data."""

    __slots__ = ("_frame", "_run")

    def __init__(self, run: "Run", frame: "Frame") -> None:
        self._run = run
        self._frame = frame

    def __getitem__(self, name: str) -> AnyValue:
        values = self._frame.values
        return values[name] if name in values else SUPPLIERS[name](self._run, self._frame)


def _phone(run: "Run", read: Callable[[Any], str]) -> PhoneNumber:
    text = read(run.leg.record) if run.leg is not None else ""
    return PhoneNumber.parse(text, country=run.world.country)


def _waiting(run: "Run") -> timedelta:
    return run.world.clock.now() - run.leg.record.started if run.leg is not None else timedelta()


SUPPLIERS: Mapping[str, "Callable[[Run, Frame], AnyValue]"] = {
    "caller": lambda run, _: _phone(run, lambda record: record.caller.number),
    "caller_name": lambda run, _: run.leg.record.caller.name if run.leg is not None else "",
    "dialled": lambda run, _: _phone(run, lambda record: record.dialled),
    "line": lambda run, _: run.leg.record.line if run.leg is not None else "",
    "transferred_by": lambda run, _: run.leg.record.led_by if run.leg is not None else "",
    "chain": lambda run, _: run.chain,
    "now": lambda run, _: run.world.now(),
    "today": lambda run, _: run.world.now().date(),
    "error": lambda _, frame: frame.error,
    "waiting": lambda run, _: _waiting(run),
    "run": lambda run, _: run.id,
    "user": lambda run, _: run.user,
    "scenario": lambda _, frame: frame.scenario,
    "language": lambda run, _: run.session.language or "en",
    "release": lambda run, _: Decimal(run.programs.number),
}
"""For each name of `expressions.BUILTINS` what gives its value."""
