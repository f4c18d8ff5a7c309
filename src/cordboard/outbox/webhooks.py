"""Calls programs by HTTP: a JSON body, posted once, or again with the same Idempotency-Key."""

import asyncio
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2

from cordboard.outbox.ports import (
    Delivery,
    OutboxSettings,
    PermanentError,
    Receipt,
    TemporaryError,
    UncertainError,
    WebhookRules,
    web_address,
)

PATIENCE = 20.0
"""Seconds for the connection and for the answer."""
LONGEST_RETRY_AFTER = 86_400.0
_LATER = frozenset({408, 409, 423, 425, 429})
"""Refusals that are not for good (RFC 9110 §15.5, RFC 8470, RFC 6585); so is any 5xx."""


class WebhookGateway:
    """Implements `outbox.ports.Gateway` for WEBHOOK.

    2xx: taken. A refusal that may pass is tried again, and not before `Retry-After`; another 4xx and a redirect are
    for good. The body is signed, if that was ordered: `X-Cordboard-Signature: sha256=` and the HMAC of the body in hex.
    Hosts whose address is not one of the internet are called only if the administrator allows them. The address that
    was checked is the one that is called, whatever the name says a moment later.
    """

    places = 4
    repeats = True

    def __init__(self, settings: OutboxSettings) -> None:
        self._settings = settings

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
        if delivery.payload.get("signed"):
            if not rules.secret:
                raise TemporaryError(
                    "it must be signed, and there is no secret: make one with `cordboard webhook secret`"
                )
            headers["X-Cordboard-Signature"] = signature(rules.secret, body)
        answer = await _post(url, await _checked_address(url, rules), headers, body)
        return _judged(answer)


def idempotency_key(delivery: Delivery) -> str:
    """The same in all attempts, and of no other delivery."""
    return hashlib.blake2b(f"{delivery.kind}\n{delivery.key}".encode(), digest_size=16).hexdigest()


def signature(secret: str, body: bytes) -> str:
    """What the receiver computes from the body and the secret, and compares."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def allowed(address: str, local: Sequence[str]) -> bool:
    """Whether an IP address may be called: one of the internet, or one that the administrator allows."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    public = ip.is_global and not ip.is_multicast
    return public or any(ip in ipaddress.ip_network(each) for each in local)


async def _checked_address(url: str, rules: WebhookRules) -> str:
    host = urlsplit(url).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise TemporaryError(f"the name {host} cannot be resolved: {fault}") from fault
    for *_, address in found:
        if allowed(str(address[0]), rules.local):
            return str(address[0])
    raise TemporaryError(f"{host} is in a local network: allow it with `cordboard webhook allow {found[0][4][0]}`")


async def _post(url: str, address: str, headers: dict[str, str], body: bytes) -> httpx2.Response:
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    there = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host, fragment="").geturl()
    named = {"Host": parts.netloc, **headers}
    on_its_way = (httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.ReadError, httpx2.WriteError)
    try:
        # No proxy and no certificates from the environment: whom it calls was checked here.
        async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
            options = {"sni_hostname": parts.hostname or ""}
            # The head of the answer says it all; its body may be endless.
            async with client.stream("POST", there, content=body, headers=named, extensions=options) as answer:
                return answer
    except (*on_its_way, httpx2.RemoteProtocolError) as fault:
        raise UncertainError(f"{parts.netloc} was lost before it answered: {fault!r}") from fault
    except httpx2.HTTPError as fault:
        raise TemporaryError(f"{parts.netloc} cannot be reached: {fault}") from fault


def _judged(answer: httpx2.Response) -> Receipt:
    words = f"answered {answer.status_code} {answer.reason_phrase}"
    if answer.is_success:
        return Receipt(words)
    if answer.status_code in _LATER or answer.is_server_error:
        raise TemporaryError(words, _retry_after(answer.headers.get("Retry-After", "")))
    if answer.is_redirect:
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
