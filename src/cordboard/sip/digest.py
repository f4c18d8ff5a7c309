"""Digest authentication, both sides (RFC 7616, RFC 8760, RFC 3261 §22)."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import AuthChallenge, AuthCredentials, parse_auth, stringify_auth

from cordboard.sip.api import Admission, Credentials
from cordboard.sip.message import Request, Response
from cordboard.sip.uri import quoted

NONCE_LIFE = 300.0
"""Seconds."""
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Verdict(Enum):
    """What the check of a request came to."""

    PASSED = auto()
    CHALLENGE = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome: an account, a challenge to send (401), or a refusal (403)."""

    verdict: Verdict
    account: str = ""
    challenge: str = ""


class Throttle:
    """Counts failures by source; a source that has too many is not heard for a while. Bounded."""

    def __init__(self, limit: int = 20, window: float = 60.0, block: float = 60.0, size: int = 4096) -> None:
        self._limit, self._window, self._block, self._size = limit, window, block, size
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._blocked: OrderedDict[str, float] = OrderedDict()

    def blocked(self, host: str, now: float) -> bool:
        """Whether a source has to wait."""
        until = self._blocked.get(host)
        if until is None:
            return False
        if until > now:
            return True
        del self._blocked[host]
        return False

    def failed(self, host: str, now: float) -> None:
        """Count a failure."""
        since, count = self._failures.pop(host, (now, 0))
        if now - since > self._window:
            since, count = now, 0
        count += 1
        if count >= self._limit:
            self._blocked[host] = now + self._block
            self._trim(self._blocked)
            return
        self._failures[host] = (since, count)
        self._trim(self._failures)

    def _trim(self, table: OrderedDict[str, float] | OrderedDict[str, tuple[float, int]]) -> None:
        if len(table) > self._size:
            table.popitem(last=False)


@dataclass(slots=True)
class Nonces:
    """Nonces that prove themselves: time, random part, and an HMAC over both and the source's host.

    The host is in it so that a forged source address can neither use a nonce nor bring its owner into the throttle.
    """

    key: bytes
    random: Random
    life: float = NONCE_LIFE
    size: int = 10_000
    _counts: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _forgotten: float = -1.0
    """Nonces up to this time may have been used and are no longer known: they are stale."""

    def make(self, host: str, now: float) -> str:
        """A new nonce."""
        head = f"{int(now * 1000):012x}{self.random.getrandbits(64):016x}"
        return head + self._proof(head, host)

    def _proof(self, head: str, host: str) -> str:
        return hmac.new(self.key, f"{head}|{host}".encode(), hashlib.sha256).hexdigest()[:32]

    def genuine(self, nonce: str, host: str) -> bool:
        """Whether we made it, for that host."""
        return len(nonce) == 60 and hmac.compare_digest(
            self._proof(nonce[:28], host).encode(), nonce[28:].encode(errors="replace")
        )

    def fresh(self, nonce: str, count: int, now: float) -> bool:
        """Whether a genuine nonce is young enough and this count of it is new; takes the count if so."""
        made = int(nonce[:12], 16) / 1000
        if not 0 <= now - made <= self.life:
            return False
        known = self._counts.get(nonce)
        if known is None and made <= self._forgotten:
            return False
        if known is not None and count <= known[1]:
            return False
        self._counts[nonce] = (made, count)
        while self._counts and (
            len(self._counts) > self.size or next(iter(self._counts.values()))[0] < now - self.life
        ):
            _, (forgotten, _) = self._counts.popitem(last=False)
            self._forgotten = max(self._forgotten, forgotten)
        return True


class Authenticator:
    """Challenges and checks. Exactly one algorithm in a challenge: that of the user (some phones give up at two)."""

    def __init__(
        self, admission: Admission, *, clock: Callable[[], float], random: Random, throttle: Throttle | None = None
    ) -> None:
        self._admission = admission
        self._clock = clock
        self._nonces = Nonces(random.getrandbits(256).to_bytes(32, "big"), random)
        self._throttle = throttle or Throttle()
        self._nobody = f"{random.getrandbits(256):064x}"

    def check(self, request: Request, claimed: str) -> Check:
        """Judge a request. `claimed` is the user it speaks of (From; To of a REGISTER): he chooses the algorithm."""
        now = self._clock()
        host = request.source.host
        if self._throttle.blocked(host, now):
            return Check(Verdict.FORBIDDEN)
        given = self._given(request)
        if given is None:
            return self._challenge(claimed, host, now)
        username = given.get("username", "")
        secret = self._admission.secret(username)
        algorithm, ha1 = secret or ("MD5", self._nobody)
        nonce, count = given.get("nonce", ""), given.get("nc", "")
        if (
            not self._nonces.genuine(nonce, host)
            or given.get("qop", "").lower() != "auth"
            or given.get("algorithm", "MD5").upper() != algorithm
        ):
            return self._challenge(username, host, now)
        expected = response_of(
            algorithm,
            ha1,
            nonce=nonce,
            count=count,
            cnonce=given.get("cnonce", ""),
            method=request.method,
            uri=given.get("uri", ""),
        )
        right = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode(errors="replace"))
        if not right or secret is None:
            self._throttle.failed(host, now)
            return Check(Verdict.FORBIDDEN)
        if not _is_count(count) or not self._nonces.fresh(nonce, int(count, 16), now):
            return self._challenge(username, host, now, stale=True)
        return Check(Verdict.PASSED, username)

    def _given(self, request: Request) -> dict[str, str] | None:
        for value in request.headers("authorization"):
            credentials = parse_auth(value, credentials=True)
            params = {name.lower(): text for name, text in credentials.params.items()}
            if credentials.scheme.lower() == "digest" and params.get("realm") == self._admission.realm:
                return params
        return None

    def _challenge(self, username: str, host: str, now: float, *, stale: bool = False) -> Check:
        secret = self._admission.secret(username)
        algorithm = secret[0] if secret else "MD5"
        text = (
            f'Digest realm={quoted(self._admission.realm)}, nonce="{self._nonces.make(host, now)}", '
            f'algorithm={algorithm}, qop="auth"' + (", stale=true" if stale else "")
        )
        return Check(Verdict.CHALLENGE, challenge=text)


def _is_count(text: str) -> bool:
    return len(text) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def response_of(algorithm: str, ha1: str, *, nonce: str, count: str, cnonce: str, method: str, uri: str) -> str:
    """The response of qop=auth in hexadecimal (RFC 7616 §3.4.1)."""
    kind = _HASHES[algorithm]

    def digest(text: str) -> str:
        return hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()

    return digest(f"{ha1}:{nonce}:{count}:{cnonce}:auth:{digest(f'{method}:{uri}')}")


def ha1_of(algorithm: str, username: str, realm: str, password: str) -> str:
    """The HA1 that Admission.secret returns, in hexadecimal."""
    return hashlib.new(_HASHES[algorithm], f"{username}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Responder:
    """Our side of a challenge: answers one, and one more if it only says that the nonce was stale."""

    credentials: Credentials | None
    random: Random
    _answered: int = 0

    def answer(self, response: Response, method: str, uri: str) -> tuple[str, str] | None:
        """The header to send the request again with; None if the challenge stands."""
        if self.credentials is None or response.status not in {401, 407}:
            return None
        asked, name = (
            ("www-authenticate", "Authorization")
            if response.status == 401
            else ("proxy-authenticate", "Proxy-Authorization")
        )
        for value in response.headers(asked):
            challenge = self._usable(value)
            if challenge is None:
                continue
            if self._answered and (self._answered > 1 or challenge.params.get("stale", "").lower() != "true"):
                return None
            made = self._credentials(challenge, method, uri)
            if made is not None:
                self._answered += 1
                return name, stringify_auth(made)
        return None

    @staticmethod
    def _usable(value: str) -> AuthChallenge | None:
        challenge = parse_auth(value)
        challenge.params = {name.lower(): text for name, text in challenge.params.items()}
        return challenge if challenge.scheme.lower() == "digest" else None

    def _credentials(self, challenge: AuthChallenge, method: str, uri: str) -> AuthCredentials | None:
        assert self.credentials is not None
        return build_credentials(
            SipDigestAuth(self.credentials.username, self.credentials.password),
            challenge,
            method,
            uri,
            cnonce=f"{self.random.getrandbits(64):016x}",
        )
