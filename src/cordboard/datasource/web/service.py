"""Asks web services: secrets, redirects, attempts, and the answers that are kept."""

import asyncio
import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import structlog

from cordboard.datasource.web.addresses import checked_url
from cordboard.datasource.web.guarded import Answered, LostError, NotReachedError, OutOfTimeError, TooLargeError
from cordboard.datasource.web.paths import BadPathError, values_at
from cordboard.datasource.web.ports import (
    NoAnswerError,
    SecretKind,
    WebAnswer,
    WebError,
    WebMemory,
    WebRequest,
    WebRules,
    WebSecret,
    WebSettings,
    WebTimeoutError,
)
from cordboard.datasource.web.reading import BadAnswerError, exact, read_answer
from cordboard.telephony import Clock

MOST_BYTES = 1_000_000
"""Of one answer, unpacked."""
_REDIRECTS = 5
_ATTEMPTS = 3
_PAUSE = 0.2
"""Seconds before the second attempt; twice as many before the third."""
_IN_MEMORY = 200
"""Answers that are kept at hand, read already."""
_AT_HAND = 100_000
"""Bytes of the largest of them."""
_IN_A_THREAD = 50_000
"""Bytes of an answer from which on it is read beside the loop, which has voices to serve."""
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_ASKING = frozenset({"GET", "HEAD"})
_MAY_PASS = frozenset({408, 425, 429})
_MOVED = frozenset({301, 302, 303, 307, 308})

_log = structlog.get_logger("web")


class Client(Protocol):
    """`guarded.GuardedClient`."""

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        local: Any,
        timeout: float,
        at_most: int = 0,
        authority: str = "",
    ) -> Answered:
        """See GuardedClient."""


@dataclass(frozen=True, slots=True)
class _Good:
    """A good answer, read."""

    at: datetime
    status: int
    size: int
    value: Any = field(repr=False)


class WebService:
    """Implements `Web`. `close` it."""

    def __init__(self, client: Client, settings: WebSettings, memory: WebMemory, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._kept: OrderedDict[str, _Good] = OrderedDict()
        self._asked: dict[str, asyncio.Task[_Good]] = {}

    async def close(self) -> None:
        """Let go of what is being asked."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ask(self, request: WebRequest) -> WebAnswer:
        """See Web."""
        key = _key_of(request)
        if request.keep and (kept := await self._usable(key, request, request.keep)):
            return kept
        trouble = NoAnswerError(f"{_place(request)} did not say what is required")
        refusal: WebAnswer | None = None
        try:
            found = await self._together(key, request)
            answer = await _answer(found, request)
            if answer is not None and not _may_pass(found.status):
                return answer
            refusal = answer
        except NoAnswerError as fault:
            trouble = fault
        if request.stale and (kept := await self._usable(key, request, request.stale)):
            _log.warning("the last good answer is used", url=_place(request), age=kept.age)
            return replace(kept, stale=True)
        if refusal is not None:
            return refusal
        raise trouble

    async def _usable(self, key: str, request: WebRequest, oldest: float) -> WebAnswer | None:
        """The last good answer, if it is young enough and says what is sought."""
        known = await self._known(key, request)
        if known is None or (age := self._age(known)) > oldest:
            return None
        answer = await _answer(known, request)
        return replace(answer, age=age) if answer is not None else None

    def _age(self, known: _Good) -> float:
        return max(0.0, (self._clock.now() - known.at).total_seconds())

    async def _together(self, key: str, request: WebRequest) -> _Good:
        """What is answered, to all who ask the same at once; somebody who goes away takes nothing from the others."""
        if request.method not in _ASKING and not request.keep:
            return await self._once(key, request)
        shared = f"{key} {request.timeout}"
        task = self._asked.get(shared)
        if task is None:
            task = self._asked[shared] = asyncio.create_task(self._once(key, request), name="web-request")
            task.add_done_callback(lambda done: self._forget(shared, done))
        return await asyncio.shield(task)

    def _forget(self, shared: str, task: "asyncio.Task[_Good]") -> None:
        if self._asked.get(shared) is task:
            del self._asked[shared]
        if not task.cancelled():
            task.exception()  # whoever waited has it; if all went away, nobody needs it

    async def _once(self, key: str, request: WebRequest) -> _Good:
        """Ask, as often as it may be. Raises NoAnswerError and WebError; a refusal is given back."""
        rules = await self._settings.rules()
        headers = {"User-Agent": "Cordboard", **request.headers, **await self._signed_in(request)}
        until = asyncio.get_running_loop().time() + request.timeout
        again = request.repeatable or request.method in _REPEATABLE
        refused: _Good | None = None
        trouble = NoAnswerError(f"{_place(request)} did not answer")
        for attempt in range(_ATTEMPTS):
            left = until - asyncio.get_running_loop().time()
            pause = _PAUSE * attempt
            if attempt and left <= 2 * pause:
                break
            await asyncio.sleep(pause)
            try:
                answered = await self._followed(request, headers, rules, until)
                found = await self._read(key, request, answered)
                if not (again and _may_pass(found.status)):
                    return found
                refused = found
            except OutOfTimeError as fault:
                if refused is not None:
                    break
                raise WebTimeoutError(str(fault)) from fault
            except NotReachedError as fault:
                # Its host is not called again for some seconds: a further attempt would not leave either.
                raise _out_of_time(fault, until) from fault
            except LostError as fault:
                if not again:
                    raise NoAnswerError(f"{fault}; nobody knows whether it arrived") from fault
                trouble = NoAnswerError(str(fault))
            except (TooLargeError, BadAnswerError) as fault:
                raise NoAnswerError(f"{_place(request)}: {fault}") from fault
            except (PermissionError, ValueError) as fault:
                raise WebError(str(fault)) from fault
        if refused is not None:
            return refused
        raise trouble

    async def _followed(
        self, request: WebRequest, headers: Mapping[str, str], rules: WebRules, until: float
    ) -> Answered:
        """The answer at the end of the redirects. Each of them is checked as the first address was."""
        url = request.url
        for _ in range(_REDIRECTS + 1):
            answered = await self._client.ask(
                request.method,
                url,
                headers,
                request.body,
                local=rules.local,
                timeout=max(0.001, until - asyncio.get_running_loop().time()),
                at_most=MOST_BYTES,
                authority=rules.authority,
            )
            there = answered.headers.get("location", "")
            if answered.status not in _MOVED or not there or request.method not in _ASKING:
                return answered
            before, url = url, _led_to(url, there)
            if _origin(before) != _origin(url):
                headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        raise BadAnswerError(f"it leads on and on, more than {_REDIRECTS} times")

    async def _signed_in(self, request: WebRequest) -> Mapping[str, str]:
        """The header that proves who asks."""
        if not request.secret:
            return {}
        secret = await self._settings.secret(request.secret)
        if secret is None:
            raise WebError(f"there is no secret {request.secret!r}: tell it with `cordboard web secret set`")
        host = (urlsplit(request.url).hostname or "").lower()
        if host != secret.host.lower():
            raise WebError(f"the secret {request.secret!r} is for {secret.host} alone, and is not told to {host}")
        return _PROOFS[secret.kind](secret)

    async def _read(self, key: str, request: WebRequest, answered: Answered) -> _Good:
        """Read an answer, and keep it if it is good."""
        content_type = answered.headers.get("content-type", "")
        good = 200 <= answered.status < 300
        try:
            value = await _value(answered.body, content_type, request)
        except BadAnswerError:
            if good:
                raise
            value = None
        found = _Good(self._clock.now(), answered.status, len(answered.body), value)
        longest = max(request.keep, request.stale)
        if good and longest and await _answer(found, request) is not None:
            self._put(key, found)
            until = found.at + timedelta(seconds=longest)
            try:
                await self._memory.remember(
                    key, found.at, until, status=found.status, content_type=content_type, body=answered.body
                )
            except Exception:  # noqa: BLE001 - a store that is away must not take the answer from the caller
                _log.exception("an answer could not be kept", url=_place(request))
        return found

    async def _known(self, key: str, request: WebRequest) -> _Good | None:
        """The last good answer."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            kept = await self._memory.recall(key)
            if kept is None:
                return None
            found = _Good(kept.at, kept.status, len(kept.body), await _value(kept.body, kept.content_type, request))
        except Exception:  # noqa: BLE001 - as above: it is asked anew
            _log.exception("a kept answer could not be read", url=_place(request))
            return None
        self._put(key, found)
        return found

    def _put(self, key: str, found: _Good) -> None:
        if found.size > _AT_HAND:
            self._kept.pop(key, None)
            return
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > _IN_MEMORY:
            self._kept.popitem(last=False)


async def _value(body: bytes, content_type: str, request: WebRequest) -> Any:
    if len(body) < _IN_A_THREAD:
        return read_answer(body, content_type, request.read)
    return await asyncio.to_thread(read_answer, body, content_type, request.read)


def _taken(found: _Good, request: WebRequest) -> Mapping[str, Any] | None:
    """What was sought, by its names; None if something required is missing."""
    taken: dict[str, Any] = {}
    for name, sought in request.take.items():
        try:
            values = values_at(found.value, sought.path)
        except BadPathError as fault:
            raise WebError(str(fault)) from fault
        if sought.required and (not values or values[0] is None):
            return None
        taken[name] = exact(values if sought.every else next(iter(values), None))
    return taken


async def _answer(found: _Good, request: WebRequest) -> WebAnswer | None:
    """What is told of it; None if something required is missing."""
    if found.size < _IN_A_THREAD:
        return _told(found, request)
    return await asyncio.to_thread(_told, found, request)


def _told(found: _Good, request: WebRequest) -> WebAnswer | None:
    good = 200 <= found.status < 300
    taken = _taken(found, request) if good else {}
    if taken is None:
        return None
    return WebAnswer(found.status, exact(found.value) if request.whole else None, taken)


def _may_pass(status: int) -> bool:
    """Whether a refusal may be over soon (RFC 9110 §15.5, RFC 8470, RFC 6585)."""
    return status >= 500 or status in _MAY_PASS


def _out_of_time(fault: NotReachedError, until: float) -> NoAnswerError:
    late = asyncio.get_running_loop().time() >= until
    return (WebTimeoutError if late else NoAnswerError)(str(fault))


def _led_to(before: str, there: str) -> str:
    """Where a redirect leads; never from https to plain http. Raises BadAnswerError."""
    try:
        url = checked_url(urljoin(before, there))
    except ValueError as fault:
        raise BadAnswerError(f"it leads elsewhere, and {fault}") from fault
    if before.startswith("https:") and not url.startswith("https:"):
        raise BadAnswerError("it leads from https to http, where everybody can listen")
    return url


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _place(request: WebRequest) -> str:
    """The request in words: host and path, without the query, which may hold what nobody else shall see."""
    parts = urlsplit(request.url)
    return f"{parts.netloc}{parts.path}"


def _key_of(request: WebRequest) -> str:
    """What tells requests apart. A hash: queries hold phones of customers."""
    headers = sorted(pair for pair in request.headers.items() if pair[0].lower() != "idempotency-key")
    told = [request.method, request.url, headers, request.body.hex(), request.secret]
    return hashlib.sha256(json.dumps([*told, request.read.value]).encode()).hexdigest()


def _basic(secret: WebSecret) -> dict[str, str]:
    pair = base64.b64encode(f"{secret.label}:{secret.value}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


_PROOFS: Mapping[str, Callable[[WebSecret], Mapping[str, str]]] = {
    SecretKind.BEARER: lambda secret: {"Authorization": f"Bearer {secret.value}"},
    SecretKind.BASIC: _basic,
    SecretKind.HEADER: lambda secret: {secret.label: secret.value},
}
