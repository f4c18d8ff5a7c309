"""From the office's words to the wire's and back: where a target is to be called, and who it is that calls us."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordboard.sip.api import Identity, IncomingSession
from cordboard.sip.registrar import Registrar
from cordboard.switch.lines import Lines
from cordboard.switch.outbound import Way
from cordboard.telephony import Directory, LineTarget, Party, PhoneTarget, Target

_HIDDEN = ("anonymous", "unknown")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who calls us, what he dialled, and by what we know him."""

    caller: Party
    dialled: str
    account: str = ""
    line: str = ""
    latch: bool = False
    inband_keys: bool = False


class Ways:
    """Knows phones by the registrar and lines by their keepers."""

    def __init__(self, directory: Directory, registrar: Registrar, lines: Lines) -> None:
        self._directory = directory
        self._registrar = registrar
        self._lines = lines

    def to(self, target: Target) -> Sequence[Way]:
        """All that can be tried; none if no phone is registered or the line is not there."""
        match target:
            case PhoneTarget(account):
                return self._to_phones(account)
            case LineTarget(line, number):
                return self._over_line(line, number)

    def _to_phones(self, account: str) -> Sequence[Way]:
        known = self._directory.account(account)
        if known is None:
            return ()
        return [
            Way(
                uri=binding.contact,
                called=Identity(account),
                via=binding.source,
                account=account,
                latch=known.behind_nat,
            )
            for binding in self._registrar.bindings(account)
        ]

    def _over_line(self, name: str, number: str) -> Sequence[Way]:
        keeper = self._lines.get(name)
        if keeper is None or keeper.via is None:
            return ()
        return [
            Way(
                uri=keeper.uri(number),
                called=Identity(number, keeper.line.host),
                via=keeper.via,
                credentials=keeper.credentials,
                latch=keeper.line.behind_nat,
                inband_keys=keeper.line.inband_keys,
            )
        ]

    def dialled(self, target: Target) -> str:
        """What stands as dialled in the record of a leg to the target."""
        match target:
            case LineTarget(number=number):
                return number
            case PhoneTarget(account):
                known = self._directory.account(account)
                return known.number if known else account

    def visitor(self, session: IncomingSession) -> Visitor:
        """Who is behind an INVITE that was let in: an account that proved itself, or the far end of a line."""
        dialled = session.uri.user
        account = self._directory.account(session.account) if session.account else None
        if account is not None:
            # What a phone says of itself is not believed: it has proved its account.
            caller = Party(account.number, account.display_name)
            return Visitor(caller, dialled, account=account.name, latch=account.behind_nat)
        hidden = session.caller.user.lower() in _HIDDEN
        caller = Party("" if hidden else session.caller.user, session.caller.name)
        line = self._lines.owner(session.source, dialled)
        if line is None:
            return Visitor(caller, dialled)
        if dialled == line.name:
            # The provider calls our contact; what the caller dialled stands in To, unless that is only our name there.
            called = session.called.user
            dialled = line.number or called if called in ("", line.name, line.username) else called
        elif line.called and dialled == line.called:
            dialled = line.number or dialled
        return Visitor(caller, dialled, line=line.name, latch=line.behind_nat, inband_keys=line.inband_keys)
