"""Several who are told of each change of a call."""

import structlog

from cordboard.telephony import CallListener, ConnectionRecord, LegRecord

_log = structlog.get_logger("app")


class Listeners:
    """Implements `telephony.CallListener` for all who are added, in that order. One that fails silences no other."""

    def __init__(self, *first: CallListener) -> None:
        self._all = list(first)

    def add(self, *listeners: CallListener) -> None:
        """From now on they are told too."""
        self._all += listeners

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        for each in self._all:
            try:
                each.leg_changed(record)
            except Exception:  # noqa: BLE001 - a fault of one desk must not end the call
                _log.exception("a listener failed", listener=type(each).__name__, leg=record.id)

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        for each in self._all:
            try:
                each.connection_changed(record)
            except Exception:  # noqa: BLE001 - the same
                _log.exception("a listener failed", listener=type(each).__name__, connection=record.id)
