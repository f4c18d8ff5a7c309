"""Whom the called side outside sees."""

from cordboard.office.lines.numbers import InboundNumber
from cordboard.office.lines.rewriting import rewritten
from cordboard.office.lines.rules import CallerId, LineRules
from cordboard.office.model import OfficeData, User
from cordboard.telephony import Line, Party


class CallerIds:
    """The rules of one office that does not change."""

    def __init__(self, office: OfficeData) -> None:
        self._rules = office.of(LineRules)
        self._own = {each.user: each.number for each in reversed(list(office.of(InboundNumber).values())) if each.user}

    def shown(self, line: Line, user: User | None, original: Party) -> Party:
        """Whom a call over `line` shows: `user` calls, or leads the call of `original` on.

        A line that has no number of its own shows the name it signs in with.
        """
        rules = self._rules.get(line.name)
        own = Party((rules.number if rules else "") or line.number or line.username)
        if rules is None:
            return own
        match rules.caller_id:
            case CallerId.USER if user is not None and (number := self._own.get(user.login)):
                return Party(number, user.name)
            case CallerId.CALLER if user is None and original.number:
                return original
            case CallerId.FIXED:
                return Party(rules.shown)
            case CallerId.ANONYMOUS:
                return Party("")
            case CallerId.TRANSFORMED if user is not None:
                return Party(rewritten(rules.shown_match, rules.shown_replace, user.number), user.name)
        return own
