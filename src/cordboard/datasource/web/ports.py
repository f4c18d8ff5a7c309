"""Web services. The docstrings are the contract.

`datasource.web.service` implements `Web`; `store.web` implements `WebMemory` and `WebSettings` over SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cordboard.datasource.web.addresses import BadUrlError, checked_url, inserted
from cordboard.datasource.web.bodies import form_body, xml_body
from cordboard.datasource.web.paths import BadPathError, checked_path, quoted
from cordboard.datasource.web.reading import ReadAs

__all__ = [
    "BadPathError",
    "BadUrlError",
    "KeptAnswer",
    "NoAnswerError",
    "ReadAs",
    "SecretKind",
    "Sought",
    "Web",
    "WebAnswer",
    "WebError",
    "WebMemory",
    "WebRequest",
    "WebRules",
    "WebSecret",
    "WebSettings",
    "WebTimeoutError",
    "checked_path",
    "checked_url",
    "form_body",
    "inserted",
    "quoted",
    "xml_body",
]


class WebError(Exception):
    """A request that cannot be made as it was asked; the text is a sentence that says what to do."""


class NoAnswerError(WebError):
    """The service is down, or what it answers is of no use."""


class WebTimeoutError(NoAnswerError):
    """No answer came in time."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is taken from an answer."""

    path: str
    """JSON path (RFC 9535); also into what XML became, see `reading`."""
    every: bool = False
    """A list of all values found; else the first, or None."""
    required: bool = False
    """An answer without it is of no use."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What is asked."""

    url: str
    """With its query, as `checked_url` gives it."""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    secret: str = ""
    """The name of the secret with which it signs in; empty: none."""
    timeout: float = 5.0
    """Seconds for everything: the name, the connection, all attempts, the whole answer."""
    read: ReadAs = ReadAs.AUTO
    take: Mapping[str, Sought] = field(default_factory=dict)
    """What is taken from the answer, by names of the asker's choice."""
    whole: bool = False
    """Whether all of it is wanted as well."""
    keep: float = 0.0
    """Seconds for which a good answer is given again without asking; 0: it is asked each time."""
    stale: float = 0.0
    """Seconds for which the last good answer is given while the service is down; 0: not at all."""
    repeatable: bool = False
    """Whether it may be sent again when nobody knows if it arrived. GET, HEAD, PUT and DELETE always may."""


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What was answered."""

    status: int
    """As HTTP has it; 2xx is good."""
    value: Any
    """The whole of it, if it was wanted: records, lists, texts, Decimals, booleans and None."""
    taken: Mapping[str, Any]
    """By the names of `take`. Of an answer that is not good, empty."""
    age: float = 0.0
    """Seconds since it was given; 0: just now."""
    stale: bool = False
    """Whether it is given because the service is down."""

    @property
    def good(self) -> bool:
        """Whether it is an answer to the question, not a refusal."""
        return 200 <= self.status < 300


class Web(Protocol):
    """Asks web services of the company and of the world."""

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Ask, or give what is kept. Those who ask the same at once are answered by one request.

        A service that is down, or refuses with 408, 429 or 5xx, or answers what cannot be read or lacks what is
        required, is asked again while there is time, if the request is one that may be sent again; then the last good
        answer is given, if it is young enough. Otherwise raises NoAnswerError (WebTimeoutError if the time is up);
        a refusal is an answer. Raises WebError if it may not be asked: no such secret, an address of the local
        network.
        """


# --- what the store keeps; as Protocols, so that it need not know this room ----------------------------------------


class KeptAnswer(Protocol):
    """A good answer as it came."""

    @property
    def at(self) -> datetime:
        """When it was given."""

    @property
    def status(self) -> int:
        """Its status."""

    @property
    def content_type(self) -> str:
        """What it is."""

    @property
    def body(self) -> bytes:
        """What it says."""


class WebMemory(Protocol):
    """Keeps good answers over restarts, by a key that tells requests apart."""

    async def recall(self, key: str) -> KeptAnswer | None:
        """The last one."""

    async def remember(
        self, key: str, at: datetime, until: datetime, *, status: int, content_type: str, body: bytes
    ) -> None:
        """Keep it in place of the last one. It may be forgotten after `until`."""

    async def forget(self, before: datetime) -> int:
        """Delete those whose `until` is before; how many."""


class SecretKind:
    """How a secret is proved."""

    BEARER = "bearer"
    """`Authorization: Bearer …`"""
    BASIC = "basic"
    """A name and a password."""
    HEADER = "header"
    """A header of its own, `X-Api-Key`."""


class WebSecret(Protocol):
    """A secret that scenarios know by its name."""

    @property
    def kind(self) -> str:
        """See SecretKind."""

    @property
    def host(self) -> str:
        """The only host that gets it."""

    @property
    def label(self) -> str:
        """Of a basic one the user's name, of a header its name."""

    @property
    def value(self) -> str:
        """The secret itself."""


class WebRules(Protocol):
    """What the administrator has decided."""

    @property
    def local(self) -> Sequence[str]:
        """Addresses and networks that may be called though they are not on the internet."""

    @property
    def authority(self) -> str:
        """A file with the certificates that are trusted beside those of the system (PEM); empty: none."""


class WebSettings(Protocol):
    """Keeps the rules and the secrets, encrypted. Read at each request: a change counts at once."""

    async def rules(self) -> WebRules:
        """The rules."""

    async def secret(self, name: str) -> WebSecret | None:
        """The secret of that name."""


@dataclass(frozen=True, slots=True)
class PlainRules:
    """Rules as plain data."""

    local: Sequence[str] = ()
    authority: str = ""


@dataclass(frozen=True, slots=True)
class PlainSecret:
    """A secret as plain data."""

    kind: str
    host: str
    value: str = field(repr=False)
    label: str = ""
