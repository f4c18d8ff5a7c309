"""Who may do what over HTTP: bearer tokens with scopes (RFC 6750) or the session of a page, and a bound on guessing."""

from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, HTTPException
from fastapi.params import Depends as Dependency
from starlette.requests import HTTPConnection, Request

from cordboard.office.roles import for_others, may
from cordboard.office.sessions import PREFIX
from cordboard.office.tokens import ApiToken, Tokens, hashed
from cordboard.telephony import Clock

_NOTED = timedelta(minutes=5)
"""How exactly the last use of a token is known: not every request is worth a write."""
WRONG_LIMIT = 20
"""Wrong tokens from one address within `WRONG_WINDOW`; then unknown ones are not looked at."""
WRONG_WINDOW = timedelta(minutes=1)
_ADDRESSES = 1000
COOKIE = "cordboard_session"
"""What a browser sends by itself."""
PAGE = "x-cordboard"
"""A head that only a page of ours sends: with it, what a cookie allows may be changed."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PERSONAL = ("user", "login")
"""Parameters of a path or a query that say whose things are meant."""


Sessions = Callable[[str], Awaitable[ApiToken | None]]
"""What a session may do; None if there is none."""


async def _no_sessions(_plain: str) -> None:
    """Nobody can sign in."""


class Access:
    """Makes the checks that routes depend on."""

    def __init__(self, tokens: Tokens, clock: Clock, sessions: Sessions = _no_sessions) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._clock = clock
        self._wrong: MutableMapping[str, deque[datetime]] = {}
        self._known: set[str] = set()
        """Hashes of tokens that were right: their holders do not suffer for who guesses beside them."""

    def to(self, scope: str) -> Dependency:
        """A dependency that gives the token if it has `scope`, and else answers 401, 403 or 429.

        A user's own token, unless he leads, is refused where the path or the query names somebody else as `user` or
        `login`.
        """

        async def check(request: Request, authorization: Annotated[str, Header()] = "") -> ApiToken:
            kind, _, plain = authorization.partition(" ")
            plain = plain.strip() if kind.lower() == "bearer" else ""
            if (
                not plain
                and (plain := session_of(request))
                and request.method not in _SAFE
                and not request.headers.get(PAGE)
            ):
                raise HTTPException(403, "send the head X-Cordboard: what a page elsewhere sends is not taken")
            token = await self.holder(plain, scope, address=address_of(request))
            for name in _PERSONAL:
                if whose := request.path_params.get(name) or request.query_params.get(name):
                    own_only(token, whose)
            return token

        check.scope = scope  # type: ignore[attr-defined]  # tells the tests, and the document, what a route asks for
        found: Dependency = Depends(check)
        return found

    async def holder(self, plain: str, scope: str, *, address: str = "") -> ApiToken:
        """The token, if it has `scope`; none is needed if that is empty. Raises HTTPException with 401, 403 or 429.

        `address` is where the request comes from: wrong ones are counted by it.
        """
        digest = hashed(plain) if plain else ""
        if digest not in self._known:
            self._refuse_guessing(address)
        if plain.startswith(PREFIX):
            token = await self._sessions(plain)
        else:
            token = await self._tokens.by_hash(digest) if digest else None
        if token is None:
            self._known.discard(digest)
            if digest:
                self._count_wrong(address)
            detail = (
                "the session is over: sign in again"
                if plain.startswith(PREFIX)
                else "give a token: make one with `cordboard token add`, and send it as `Authorization: Bearer …`"
            )
            raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
        self._known.add(digest)
        if scope and not may(token, scope):
            raise HTTPException(403, f"the token {token.name!r} has no right to {scope!r}: give it that scope")
        now = self._clock.now()
        if not plain.startswith(PREFIX) and (token.used is None or now - token.used > _NOTED):
            await self._tokens.used(token.name, now)
        return token

    def _refuse_guessing(self, address: str) -> None:
        wrong = self._wrong.get(address)
        if not wrong:
            return
        now = self._clock.now()
        while wrong and now - wrong[0] > WRONG_WINDOW:
            wrong.popleft()
        if len(wrong) >= WRONG_LIMIT:
            wait = int((wrong[0] + WRONG_WINDOW - now).total_seconds()) + 1
            raise HTTPException(
                429, f"too many wrong tokens came from here: try again in {wait} s", {"Retry-After": str(wait)}
            )

    def _count_wrong(self, address: str) -> None:
        if address not in self._wrong and len(self._wrong) >= _ADDRESSES:
            self._wrong.pop(next(iter(self._wrong)))
        self._wrong.setdefault(address, deque(maxlen=WRONG_LIMIT)).append(self._clock.now())


def address_of(connection: HTTPConnection) -> str:
    """The address at the far end of a request or a WebSocket."""
    return connection.client.host if connection.client else ""


def session_of(connection: HTTPConnection) -> str:
    """The session that a browser sends along; empty if none."""
    plain = connection.cookies.get(COOKIE, "")
    return plain if plain.startswith(PREFIX) else ""


def session_of_page(socket: HTTPConnection) -> str:
    """The session of a WebSocket, if a page of ours has opened it: browsers let pages of others open them as well."""
    origin = urlsplit(socket.headers.get("origin", "")).netloc
    return session_of(socket) if origin and origin == socket.headers.get("host") else ""


def own_only(token: ApiToken, login: str) -> None:
    """Raises HTTPException with 403 if the token is a user's own and `login` is somebody else."""
    if login != token.login and not for_others(token):
        raise HTTPException(403, f"the token {token.name!r} is of the user {token.login!r}, for himself alone")
