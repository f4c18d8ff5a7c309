"""Who is let in: the office's directory as the wire asks for it."""

from cordboard.sip.api import Address, Identity
from cordboard.switch.lines import Lines
from cordboard.telephony import Directory


class Doors:
    """Implements sip.api.Admission."""

    def __init__(self, directory: Directory, lines: Lines) -> None:
        self._directory = directory
        self._lines = lines

    @property
    def realm(self) -> str:
        """For challenges."""
        return self._directory.realm

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:  # noqa: ARG002  (From proves nothing)
        """Whether the request comes from the far end of a line."""
        return self._lines.owner(source, uri.user) is not None

    def secret(self, username: str) -> tuple[str, str] | None:
        """(algorithm, HA1) of an account."""
        account = self._directory.account(username)
        return (account.algorithm.value, account.secret) if account else None
