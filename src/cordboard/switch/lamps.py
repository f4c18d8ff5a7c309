"""What lamps show, as phones subscribe to it: who talks (RFC 4235) and whose voicemail has something new (RFC 3842)."""

from collections.abc import Callable, Sequence
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from cordboard.sip.api import Identity
from cordboard.sip.uri import UriError, write_uri
from cordboard.telephony import Directory, Lamp

DIALOG = "dialog"
MESSAGES = "message-summary"
_TYPES = {DIALOG: "application/dialog-info+xml", MESSAGES: "application/simple-message-summary"}
_STATES = {Lamp.FREE: "terminated", Lamp.RINGING: "early", Lamp.BUSY: "confirmed"}
_FORBIDDEN = 403


class SipLamps:
    """Implements `telephony.Lamps`, and `sip.subscriptions.EventSource`. `changed` is told of each change."""

    def __init__(self, directory: Directory, changed: Callable[[str, str], None]) -> None:
        self.may_watch: Callable[[str, str], bool] = lambda _account, _number: True
        """Whether the phone of an account may see the lamp of a number."""
        self._directory = directory
        self._changed = changed
        self._shown: dict[str, Lamp] = {}
        self._messages: dict[str, tuple[int, int]] = {}

    # --- telephony.Lamps --------------------------------------------------------------------------------------

    def show(self, number: str, lamp: Lamp) -> None:
        """See Lamps."""
        if self._shown.get(number, Lamp.FREE) is lamp:
            return
        if lamp is Lamp.FREE:
            del self._shown[number]
        else:
            self._shown[number] = lamp
        self._changed(DIALOG, number)

    def show_messages(self, account: str, new: int, old: int) -> None:
        """See Lamps."""
        if self._messages.get(account, (0, 0)) != (new, old):
            self._messages[account] = new, old
            for user in self._own(account):
                self._changed(MESSAGES, user)

    # --- sip.subscriptions.EventSource ------------------------------------------------------------------------

    @property
    def events(self) -> Sequence[str]:
        """See EventSource."""
        return tuple(_TYPES)

    def refusal(self, account: str, event: str, whom: Identity) -> int:
        """See EventSource. Nobody is told of the messages of others."""
        if event == MESSAGES:
            return 0 if whom.user in self._own(account) else _FORBIDDEN
        return 0 if self.may_watch(account, whom.user) else _FORBIDDEN

    def content_type(self, event: str) -> str:
        """See EventSource."""
        return _TYPES[event]

    def news(self, event: str, whom: Identity, version: int) -> bytes:
        """See EventSource."""
        text = self._summary(whom) if event == MESSAGES else self._dialogs(whom, version)
        return text.encode()

    def _own(self, account: str) -> set[str]:
        known = self._directory.account(account)
        return {account, known.number} if known is not None else {account}

    def _summary(self, whom: Identity) -> str:
        found = (counts for account, counts in self._messages.items() if whom.user in self._own(account))
        new, old = next(found, (0, 0))
        waiting = "yes" if new else "no"
        return f"Messages-Waiting: {waiting}\r\nMessage-Account: {_uri(whom)}\r\nVoice-Message: {new}/{old} (0/0)\r\n"

    def _dialogs(self, whom: Identity, version: int) -> str:
        """The full state (RFC 4235 §4.1): one dialog stands for all that the number does."""
        state = _STATES[self._shown.get(whom.user, Lamp.FREE)]
        # Some phones light a lamp for a call that comes in only if they are told its direction.
        direction = ' direction="recipient"' if state == "early" else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"'
            f' version="{version}" state="full" entity={quoteattr(_uri(whom))}>\n'
            f"  <dialog id={quoteattr(quote(whom.user))}{direction}><state>{escape(state)}</state></dialog>\n"
            "</dialog-info>\n"
        )


def _uri(whom: Identity) -> str:
    try:
        return write_uri(whom.user, whom.host or "exchange")
    except UriError:
        return write_uri(whom.user, "exchange")
