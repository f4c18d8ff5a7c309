"""The line over a provider's HTTP interface, which a file describes (see docs/sms.md)."""

import asyncio
import base64
import hmac
import json
from collections.abc import Awaitable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable
from urllib.parse import quote, urlencode, urlsplit

import structlog

from cordboard.outbox.sms.line_settings import LineSetting, ReadSettings
from cordboard.outbox.sms.ports import (
    IncomingSms,
    OutgoingSms,
    PermanentError,
    SmsInbox,
    SmsReport,
    TemporaryError,
    UncertainError,
)
from cordboard.outbox.sms.provider_answers import fate_in, judged, word
from cordboard.outbox.sms.provider_file import (
    Means,
    Poll,
    Provider,
    ProviderFileError,
    Request,
    at,
    filled,
    filled_json,
    read_provider,
)
from cordboard.telephony import Clock, SystemClock

PATIENCE = 30.0
"""Seconds for the whole of a request."""
LARGEST = 65_536
"""Bytes of an answer."""
REST = 30.0
"""Seconds for which a provider that could not be reached counts as down."""
_ROUND = 100
"""Messages whose fate is asked for in one round."""

COMMON: Sequence[LineSetting] = (
    LineSetting("provider", "A description that comes along (see docs/sms.md), or a file of your own.", None),
    LineSetting("sender", "A number or a name, if the message has none of its own."),
    LineSetting("callback_secret", "The last part of the address that the provider calls; empty: none.", secret=True),
)
"""What every line of this kind has, whatever its provider."""

_log = structlog.get_logger("sms.http")


class Answer(Protocol):
    """What a provider has answered."""

    @property
    def status(self) -> int:
        """Of HTTP."""

    @property
    def body(self) -> bytes:
        """As it came, unpacked."""


class Ask(Protocol):
    """Calls by HTTP, to addresses that may be called."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
    ) -> Awaitable[Answer]:
        """Call once. Raises ConnectionError or PermissionError if nothing has left, and else another OSError."""


@runtime_checkable
class Awaiting(Protocol):
    """An inbox that knows of which messages no fate is known: see `SmsArchive`."""

    async def awaited(self, line: str, limit: int = 100) -> Sequence[str]:
        """References, the youngest first."""


class HttpProviderLine:
    """Implements `outbox.sms.ports.SmsLine` over HTTP. It is up unless its provider could not be reached just now."""

    SETTINGS = COMMON
    """Beside these each provider has those of its description: see `settings_of`."""

    def __init__(
        self, name: str, provider: Provider, settings: Mapping[str, str], ask: Ask, clock: Clock | None = None
    ) -> None:
        """`settings` has a value for each setting of the provider, and `sender` and `callback_secret`."""
        self._name = name
        self._provider = provider
        self._settings = settings
        self._ask = ask
        self._clock = clock or SystemClock()
        self._inbox: SmsInbox | None = None
        self._down_until = float("-inf")
        self._note = ""

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, str], ask: Ask) -> Self:
        """Make it of the administrator's settings. Raises ValueError, a sentence."""
        provider = find_provider(settings.get("provider", ""))
        declared = [*COMMON, *provider.settings]
        read = ReadSettings(name, declared, settings)
        return cls(name, provider, {each.name: read.text(each.name) for each in declared}, ask)

    @property
    def name(self) -> str:
        """See SmsLine."""
        return self._name

    @property
    def up(self) -> bool:
        """See SmsLine."""
        return self._inbox is not None and asyncio.get_running_loop().time() >= self._down_until

    @property
    def note(self) -> str:
        """See SmsLine."""
        return self._note if self._inbox is not None else "it does not run"

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLine. The provider cuts the text itself; parts are counted here."""
        if not self.up:
            raise TemporaryError(f"{self._name} is down: {self.note}")
        values = {
            "to": sms.to,
            "digits": sms.to.removeprefix("+"),
            "text": "".join(part.text for part in sms.parts),
            "sender": sms.sender or self._settings.get("sender", ""),
            "key": sms.key,
            "parts": str(len(sms.parts)),
        }
        answer = await self._called(self._provider.send, values)
        verdict = judged(answer.status, answer.body, self._provider.answers)
        words = f"{self._name} {verdict.words}"
        if verdict.means is Means.TAKEN:
            self._note = ""
            return verdict.references
        if verdict.means is Means.TEMPORARY:
            self._note = verdict.words
            raise TemporaryError(words)
        raise PermanentError(words) if verdict.means is Means.PERMANENT else UncertainError(words, verdict.references)

    async def serve(self, inbox: SmsInbox) -> None:
        """See SmsLine: there is no connection; it asks for the fate of messages, where the provider can be asked."""
        self._inbox = inbox
        try:
            if self._provider.poll is None or not isinstance(inbox, Awaiting):
                await asyncio.Event().wait()
            else:
                await self._ask_for_fates(self._provider.poll, inbox)
        finally:
            self._inbox = None

    async def called_back(self, secret: str, told: Any) -> bool:
        """The provider tells something: fields of a form, or JSON. False if nobody may, or it says nothing known.

        Durable when it returns True: only then may the provider be told that it was taken.
        """
        wanted = self._settings.get("callback_secret", "")
        if self._inbox is None or not wanted or not hmac.compare_digest(secret.encode(), wanted.encode()):
            return False
        if (sms := self._incoming(told)) is not None:
            await self._inbox.received(self._name, sms)
            return True
        if (report := self._report(told)) is not None:
            await self._inbox.reported(self._name, report)
            return True
        return False

    async def _ask_for_fates(self, poll: Poll, inbox: SmsInbox) -> None:
        while True:
            await asyncio.sleep(poll.every)
            try:
                assert isinstance(inbox, Awaiting)
                for reference in await inbox.awaited(self._name, _ROUND):
                    await self._ask_for_fate(poll, reference, inbox)
            except TemporaryError as fault:
                _log.info("the fate of SMS cannot be asked for", line=self._name, error=str(fault))
            except UncertainError as fault:
                _log.info("no answer about the fate of SMS", line=self._name, error=str(fault))

    async def _ask_for_fate(self, poll: Poll, reference: str, inbox: SmsInbox) -> None:
        answer = await self._called(poll.request, {"reference": reference})
        told = _read(answer.body)
        fate = fate_in(told, poll.fate) if answer.status < 300 else None
        if fate is not None:
            words = word(_at_or_nothing(told, poll.fate.words))
            await inbox.reported(self._name, SmsReport(reference, fate, words, self._clock.now()))

    async def _called(self, request: Request, values: Mapping[str, str]) -> Answer:
        """Make a request. Raises TemporaryError if nothing has left, UncertainError if no answer came."""
        url, headers, body = made(request, self._settings, values)
        try:
            return await self._ask(request.method, url, headers, body, timeout=PATIENCE, at_most=LARGEST)
        except (ConnectionError, PermissionError) as fault:
            self._down_until = asyncio.get_running_loop().time() + REST
            self._note = str(fault)
            raise TemporaryError(f"{self._name}: {fault}") from fault
        except (OSError, ValueError) as fault:
            raise UncertainError(f"{self._name}: {fault}") from fault

    def _incoming(self, told: Any) -> IncomingSms | None:
        fields = self._provider.incoming
        sender, text = (_at_or_nothing(told, each) for each in (fields.sender, fields.text)) if fields else (None, None)
        if fields is None or sender is None or text is None:
            return None
        to, key = word(_at_or_nothing(told, fields.to)), word(_at_or_nothing(told, fields.key))
        return IncomingSms(word(sender), to, word(text), self._clock.now(), key)

    def _report(self, told: Any) -> SmsReport | None:
        fields = self._provider.report
        fate = fate_in(told, fields) if fields else None
        if fields is None or fate is None:
            return None
        named = (fields.reference, fields.words, fields.key, fields.to)
        reference, words, key, to = (word(_at_or_nothing(told, path)) for path in named)
        if not reference and not key and not to:
            return None
        return SmsReport(reference, fate, words, self._clock.now(), key, to)


def made(
    request: Request, settings: Mapping[str, str], message: Mapping[str, str]
) -> tuple[str, Mapping[str, str], bytes]:
    """Address, head and body of a request with its inserts. Fields that come out empty are left away."""
    values = {**settings, **message}
    # What comes from a message is one part of the address, whatever stands in it.
    url = filled(request.url, {**settings} | {name: quote(text, safe="") for name, text in message.items()})
    query = {name: text for name, each in request.query.items() if (text := filled(each, values))}
    if query:
        url += ("&" if urlsplit(url).query else "?") + urlencode(query)
    headers = {name: _one_line(filled(each, values)) for name, each in request.headers.items()}
    if request.basic:
        pair = ":".join(filled(each, values) for each in request.basic)
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        return url, headers, json.dumps(filled_json(request.json, values), ensure_ascii=False).encode()
    if request.form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        form = {name: text for name, each in request.form.items() if (text := filled(each, values))}
        return url, headers, urlencode(form).encode()
    return url, headers, b""


def find_provider(name: str) -> Provider:
    """The description that comes along under that name, or that of a file. Raises ValueError, a sentence."""
    if name in shipped():
        return read_provider(shipped()[name])
    path = Path(name)
    if not name or path.suffix != ".toml":
        known = ", ".join(shipped())
        raise ValueError(f"there is no provider {name!r}: name {known}, or a file that ends in .toml")
    try:
        return read_provider(path.read_text(encoding="utf-8"))
    except ProviderFileError as fault:
        raise ProviderFileError(f"{name}: {fault}") from fault
    except (OSError, UnicodeError) as fault:
        raise ValueError(f"the description {name} cannot be read: {fault}") from fault


def shipped() -> Mapping[str, str]:
    """The descriptions that come along, by name."""
    folder = resources.files("cordboard.outbox.sms") / "providers"
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return {each.name.removesuffix(".toml"): each.read_text("utf-8") for each in files if each.name.endswith(".toml")}


def settings_of(settings: Mapping[str, str]) -> Sequence[LineSetting]:
    """All that a line of the provider that is named there may be set up with. Raises ValueError, a sentence."""
    return [*COMMON, *find_provider(settings.get("provider", "")).settings]


def _at_or_nothing(told: Any, path: str) -> Any:
    return at(told, path) if path else None


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _one_line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
