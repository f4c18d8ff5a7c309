"""PINs: hashed with Argon2, checked beside the loop, and locked when somebody guesses."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from cordboard.office.ports import PinCheck
from cordboard.office.repositories import PinFailureRepository, PinFailures
from cordboard.telephony import Clock

WRONG_LIMIT = 5
LOCK = timedelta(minutes=15)

_hashes = PasswordHash((Argon2Hasher(),))


def hash_pin(pin: str) -> str:
    """Argon2 hash of a PIN. Takes about 0.1 s of a core."""
    return _hashes.hash(pin)


def _matches(pin: str, pin_hash: str) -> bool:
    try:
        return _hashes.verify(pin, pin_hash)
    except PwdlibError:  # not a hash at all: somebody wrote into the database
        return False


@dataclass(slots=True)
class _Turn:
    """Checks of one login take turns: guesses made at once are counted one by one."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class PinGuard:
    """Checks PINs and counts wrong ones. At most two checks run at a time, or voices would stutter."""

    def __init__(self, failures: PinFailureRepository, clock: Clock) -> None:
        self._failures = failures
        self._clock = clock
        self._room = asyncio.Semaphore(2)
        self._turns: dict[str, _Turn] = {}

    async def check(self, login: str, pin: str, pin_hash: str) -> PinCheck:
        """Whether `pin` is the one behind `pin_hash`. The fifth wrong one in a row answers LOCKED at once."""
        # Shielded: whoever hangs up in the middle is counted all the same.
        return await asyncio.shield(self._in_turn(login, pin, pin_hash))

    async def _in_turn(self, login: str, pin: str, pin_hash: str) -> PinCheck:
        turn = self._turns.setdefault(login, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                return await self._check(login, pin, pin_hash)
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(login, None)

    async def _check(self, login: str, pin: str, pin_hash: str) -> PinCheck:
        before = await self._failures.get(login)
        if before.locked_until is not None:
            if before.locked_until > self._clock.now():
                return PinCheck.LOCKED
            before = PinFailures()
        async with self._room:
            right = await asyncio.to_thread(_matches, pin, pin_hash)
        if right:
            if before.wrong:
                await self._failures.put(login, PinFailures())
            return PinCheck.RIGHT
        wrong = before.wrong + 1
        locked = wrong >= WRONG_LIMIT
        await self._failures.put(login, PinFailures(wrong, self._clock.now() + LOCK if locked else None))
        return PinCheck.LOCKED if locked else PinCheck.WRONG
