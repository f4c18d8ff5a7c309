"""What the web server shows, asked of whoever wires the exchange together."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cordboard.telephony import LegRecord


class Insight(Protocol):
    """A look at the running exchange. All answers come from memory."""

    def health(self) -> Mapping[str, Any]:
        """State by part; `ok` is false if any part is not as it should be."""

    def live_legs(self) -> Sequence[LegRecord]:
        """The legs that have not ended."""

    def live_runs(self) -> Sequence[Mapping[str, Any]]:
        """The scenarios that run: id, scenario, chain, the step where each stands, since when."""

    def counters(self) -> Mapping[str, float]:
        """Figures that only grow, by name."""

    def gauges(self) -> Mapping[str, float]:
        """Figures of this moment, by name."""
