"""Calls programs by HTTP: a JSON body, posted once, or again with the same Idempotency-Key."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from cordboard.outbox.ports import (
    Delivery,
    OutboxSettings,
    PermanentError,
    Receipt,
    TemporaryError,
    UncertainError,
    web_address,
)

PATIENCE = 20.0
"""Seconds for the connection and the answer together."""
LONGEST_RETRY_AFTER = 86_400.0
_LATER = frozenset({408, 409, 423, 425, 429})
"""Refusals that are not for good (RFC 9110 §15.5, RFC 8470, RFC 6585); so is any 5xx."""


class Answer(Protocol):
    """What a program answers."""

    @property
    def status(self) -> int:
        """As HTTP has it."""

    @property
    def reason(self) -> str:
        """The words beside it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By names in small letters."""


class HttpClient(Protocol):
    """Calls by HTTP, with care: `datasource.web.guarded.GuardedClient` is one."""

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, local: Sequence[str], timeout: float
    ) -> Answer:
        """Call once within `timeout` seconds; of the answer the head counts.

        Addresses that are not of the internet are called only if they are `local`. Raises PermissionError if it may not
        be called and ConnectionError if it cannot be reached: nothing has left; TimeoutError if it was sent, and no
        answer came.
        """


class WebhookGateway:
    """Implements `outbox.ports.Gateway` for WEBHOOK.

    2xx: taken. A refusal that may pass is tried again, and not before `Retry-After`; another 4xx and a redirect are
    for good. The body is signed, if that was ordered: `X-Cordboard-Signature: sha256=` and the HMAC of the body in hex.
    Hosts whose address is not one of the internet are called only if the administrator allows them.
    """

    places = 4
    repeats = True

    def __init__(self, settings: OutboxSettings, client: HttpClient) -> None:
        self._settings = settings
        self._client = client

    async def deliver(self, delivery: Delivery) -> Receipt:
        """See Gateway."""
        try:
            rules = await self._settings.webhooks()
        except Exception as fault:  # whatever keeps the settings away, nothing has left yet
            raise TemporaryError(f"the settings of webhooks cannot be read: {fault}") from fault
        try:
            url = web_address(delivery.recipient)
        except ValueError as fault:
            raise PermanentError(str(fault)) from fault
        body = str(delivery.payload.get("body", "{}")).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Cordboard",
            "Idempotency-Key": idempotency_key(delivery),
        }
        if made := delivery.payload.get("signature"):  # with the secret of a subscription, when it was ordered
            headers["X-Cordboard-Signature"] = str(made)
        elif delivery.payload.get("signed"):
            if not rules.secret:
                raise TemporaryError(
                    "it must be signed, and there is no secret: make one with `cordboard webhook secret`"
                )
            headers["X-Cordboard-Signature"] = signature(rules.secret, body)
        try:
            answer = await self._client.ask("POST", url, headers, body, local=rules.local, timeout=PATIENCE)
        except (PermissionError, ConnectionError) as fault:
            raise TemporaryError(str(fault)) from fault
        except TimeoutError as fault:
            raise UncertainError(str(fault)) from fault
        return _judged(answer)


def idempotency_key(delivery: Delivery) -> str:
    """The same in all attempts, and of no other delivery."""
    return hashlib.blake2b(f"{delivery.kind}\n{delivery.key}".encode(), digest_size=16).hexdigest()


def signature(secret: str, body: bytes) -> str:
    """What the receiver computes from the body and the secret, and compares."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _judged(answer: Answer) -> Receipt:
    words = f"answered {answer.status} {answer.reason}"
    if 200 <= answer.status < 300:
        return Receipt(words)
    if answer.status in _LATER or answer.status >= 500:
        raise TemporaryError(words, _retry_after(answer.headers.get("retry-after", "")))
    if 300 <= answer.status < 400:
        raise PermanentError(f"{words}: give the address to which it leads")
    raise PermanentError(words)


def _retry_after(written: str) -> float:
    """Seconds (RFC 9110 §10.2.3: a number, or a date); 0 if there is none."""
    if written.isdigit():
        return min(float(written), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), LONGEST_RETRY_AFTER)
