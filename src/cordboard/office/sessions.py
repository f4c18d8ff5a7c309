"""Signing in: a name and a password are exchanged for a session, which stands for a token as long as it lasts."""

import asyncio
import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from cordboard.office.accounts import Account, matches, step_of
from cordboard.office.tokens import ApiToken, hashed
from cordboard.telephony import Clock

PREFIX = "cs_"
"""With which a session begins, so that it is told from a token."""
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
"""After so long without a request, or after so long at all, he signs in again."""
SEEN = timedelta(minutes=5)
"""How exactly the last request is known."""
WRONG_WINDOW = timedelta(minutes=15)
"""In which wrong passwords are counted: by address, by name, and by both, so that few from afar lock nobody out."""
_GUESSERS = 10_000

_log = structlog.get_logger("office")


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in, as it is kept. Times are aware, in UTC."""

    hash: str = field(repr=False)
    login: str
    created: datetime
    seen: datetime
    address: str
    """Where he has signed in from."""
    agent: str
    """The browser, as it calls itself."""
    proof: str = field(repr=False)
    """Of the account as it was: a new password ends all sessions of the old one."""

    @property
    def id(self) -> str:
        """Names it to its owner; nobody can use it."""
        return self.hash[:12]


class SessionRepository(Protocol):
    """Keeps sessions. What writes is durable when it returns."""

    async def add(self, session: Session) -> None:
        """Keep it."""

    async def by_hash(self, digest: str) -> Session | None:
        """The session with that hash."""

    async def of(self, login: str) -> Sequence[Session]:
        """Those of one, the youngest first."""

    async def seen(self, digest: str, at: datetime) -> None:
        """Note that it was used."""

    async def remove(self, *digests: str) -> None:
        """Forget them."""

    async def forget(self, created_before: datetime, seen_before: datetime) -> None:
        """Forget those that are over."""


class WrongError(Exception):
    """Name and password do not belong together; which of them is wrong is not told."""


class CodeNeededError(Exception):
    """The password is right, and the second step is asked for, or its code was wrong."""


class TooManyError(Exception):
    """Too many wrong ones; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class SignIn:
    """Signs in, keeps sessions, and tells what each may do. `accounts` gives those there are now, by name."""

    def __init__(
        self, accounts: Callable[[], Mapping[str, Account]], sessions: SessionRepository, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._room = asyncio.Semaphore(2)
        """Passwords that are checked at a time: more, and voices would stutter."""
        self._wrong: MutableMapping[str, deque[datetime]] = {}
        self._steps: MutableMapping[str, int] = {}
        """The last step of time whose code each has used: none counts twice (RFC 6238 §5.2)."""

    async def sign_in(self, login: str, password: str, *, code: str = "", address: str = "", agent: str = "") -> str:
        """The session as the browser keeps it. Raises WrongError, CodeNeededError, TooManyError."""
        account = await self._checked(login, password, address)
        if account.second_step:
            step = step_of(account.second_step, code, self._clock.now()) if code else None
            if step is None or step <= self._steps.get(login, -1):
                if not code:  # A wrong code counts as a wrong password does.
                    self._forgive(login, address)
                raise CodeNeededError
            self._steps[login] = step
        self._forgive(login, address)
        return await self._begin(account, address, agent)

    def account(self, login: str) -> Account | None:
        """Who signs in by that name."""
        return self._accounts().get(login)

    def proves(self, secret: str, code: str) -> bool:
        """Whether the code is one of this moment."""
        return step_of(secret, code, self._clock.now()) is not None

    async def token(self, plain: str) -> ApiToken | None:
        """What a session may do; None if it is over, or there is no such account any more."""
        session = await self._sessions.by_hash(hashed(plain))
        if session is None:
            return None
        now = self._clock.now()
        account = self.account(session.login)
        if (
            account is None
            or session.proof != _proof(account)
            or now - session.seen > IDLE
            or now - session.created > LONGEST
        ):
            await self._sessions.remove(session.hash)
            return None
        if now - session.seen > SEEN:
            await self._sessions.seen(session.hash, now)
        return ApiToken(
            account.name, session.hash, (), session.created, now, login=account.name, role=account.role.value
        )

    async def of(self, login: str) -> Sequence[Session]:
        """His sessions that are not over, the youngest first."""
        now = self._clock.now()
        await self._sessions.forget(now - LONGEST, now - IDLE)
        return await self._sessions.of(login)

    async def end(self, login: str, *, id_: str = "", but: str = "") -> bool:
        """End a session of his, or all but the one with the hash `but`. False if there is none."""
        found = [each for each in await self._sessions.of(login) if each.hash != but and id_ in {"", each.id}]
        await self._sessions.remove(*(each.hash for each in found))
        return bool(found)

    async def confirmed(self, login: str, password: str, *, address: str = "") -> None:
        """Make sure that it is he who asks. Raises WrongError and TooManyError."""
        await self._checked(login, password, address)
        self._forgive(login, address)

    async def _checked(self, login: str, password: str, address: str) -> Account:
        guessers = _guessers(login, address)
        for guesser, most in guessers.items():
            self._refuse_guessing(guesser, most)
        # Counted before it is looked at: guesses that are made at once are counted one by one.
        for guesser, most in guessers.items():
            self._count(guesser, most)
        account = self.account(login)
        async with self._room:
            right = await asyncio.to_thread(matches, password, account.password if account else "")
        if account is None or not right:
            _log.warning("a wrong name or password", login=login[:100], address=address)
            raise WrongError
        return account

    async def renew(self, login: str, *, address: str = "", agent: str = "") -> str:
        """A session in place of those that the change of a password has ended. Raises WrongError if he is gone."""
        account = self.account(login)
        if account is None:
            raise WrongError
        return await self._begin(account, address, agent)

    async def _begin(self, account: Account, address: str, agent: str) -> str:
        plain, now = PREFIX + secrets.token_urlsafe(32), self._clock.now()
        await self._sessions.forget(now - LONGEST, now - IDLE)
        _log.info("signed in", login=account.name, address=address)
        await self._sessions.add(
            Session(hashed(plain), account.name, now, now, address[:100], agent[:200], _proof(account))
        )
        return plain

    def _refuse_guessing(self, guesser: str, most: int) -> None:
        wrong, now = self._wrong.get(guesser), self._clock.now()
        while wrong and now - wrong[0] > WRONG_WINDOW:
            wrong.popleft()
        if wrong and len(wrong) >= most:
            raise TooManyError(int((wrong[0] + WRONG_WINDOW - now).total_seconds()) + 1)

    def _count(self, guesser: str, most: int) -> None:
        if guesser not in self._wrong and len(self._wrong) >= _GUESSERS:
            self._wrong.pop(next(iter(self._wrong)))
        self._wrong.setdefault(guesser, deque(maxlen=most)).append(self._clock.now())

    def _forgive(self, login: str, address: str) -> None:
        for guesser in _guessers(login, address):
            if wrong := self._wrong.get(guesser):
                wrong.pop()  # this one: others may guess beside him
        self._wrong.pop(f"{login} from {address}", None)


def _guessers(login: str, address: str) -> Mapping[str, int]:
    """What wrong passwords are counted by, and how many are too many."""
    return {f"{login} from {address}": 10, f"from {address}": 30, login: 100}


def _proof(account: Account) -> str:
    return hashlib.sha256(account.password.encode()).hexdigest()


class HeldSessions:
    """Implements `SessionRepository` in memory."""

    def __init__(self) -> None:
        self.held: dict[str, Session] = {}

    async def add(self, session: Session) -> None:
        """See SessionRepository."""
        self.held[session.hash] = session

    async def by_hash(self, digest: str) -> Session | None:
        """See SessionRepository."""
        return self.held.get(digest)

    async def of(self, login: str) -> Sequence[Session]:
        """See SessionRepository."""
        return sorted((each for each in self.held.values() if each.login == login), key=_youngest_first)

    async def seen(self, digest: str, at: datetime) -> None:
        """See SessionRepository."""
        if digest in self.held:
            self.held[digest] = replace(self.held[digest], seen=at)

    async def remove(self, *digests: str) -> None:
        """See SessionRepository."""
        for digest in digests:
            self.held.pop(digest, None)

    async def forget(self, created_before: datetime, seen_before: datetime) -> None:
        """See SessionRepository."""
        self.held = {
            digest: each
            for digest, each in self.held.items()
            if each.created >= created_before and each.seen >= seen_before
        }


def _youngest_first(session: Session) -> tuple[float, str]:
    return -session.created.timestamp(), session.hash
