"""Who may do what over HTTP: bearer tokens with scopes (RFC 6750)."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from fastapi.params import Depends as Dependency

from cordboard.office.tokens import ApiToken, Tokens, hashed
from cordboard.telephony import Clock

_NOTED = timedelta(minutes=5)
"""How exactly the last use of a token is known: not every request is worth a write."""


class Access:
    """Makes the checks that routes depend on."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def to(self, scope: str) -> Dependency:
        """A dependency that gives the token if it has `scope`, and else answers 401 or 403."""

        async def check(authorization: Annotated[str, Header()] = "") -> ApiToken:
            kind, _, plain = authorization.partition(" ")
            return await self.holder(plain.strip() if kind.lower() == "bearer" else "", scope)

        found: Dependency = Depends(check)
        return found

    async def holder(self, plain: str, scope: str) -> ApiToken:
        """The token, if it has `scope`. Raises HTTPException with 401 or 403."""
        token = await self._tokens.by_hash(hashed(plain)) if plain else None
        if token is None:
            detail = "give a token: make one with `cordboard token add`, and send it as `Authorization: Bearer …`"
            raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
        if scope not in token.scopes:
            raise HTTPException(403, f"the token {token.name!r} has no right to {scope!r}: give it that scope")
        now = self._clock.now()
        if token.used is None or now - token.used > _NOTED:
            await self._tokens.used(token.name, now)
        return token
