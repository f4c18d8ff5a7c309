import asyncio
from pathlib import Path

import pytest

from cordboard.office.model import User
from cordboard.office.pins import PinGuard, hash_pin
from cordboard.office.ports import PinCheck
from cordboard.office.repositories import PinFailures
from cordboard.testing.office import HandClock, HeldOffice, loaded_directory
from cordboard.testing.store import sqlite_store

RIGHT, WRONG, LOCKED = PinCheck.RIGHT, PinCheck.WRONG, PinCheck.LOCKED


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guess thousands of times without waiting: the hash has a test of its own."""
    monkeypatch.setattr("cordboard.office.pins._matches", lambda pin, pin_hash: pin_hash == f"hash of {pin}")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def held() -> HeldOffice:
    return HeldOffice()


@pytest.fixture
def pins(held: HeldOffice, clock: HandClock) -> PinGuard:
    return PinGuard(held, clock)


async def _guess(guard: PinGuard, *pins: str) -> list[PinCheck]:
    return [await guard.check("anna", pin, "hash of 4821") for pin in pins]


async def test_the_fifth_wrong_one_in_a_row_locks_for_a_quarter_of_an_hour(pins: PinGuard, clock: HandClock) -> None:
    assert await _guess(pins, "1", "2", "3", "4", "5") == [WRONG, WRONG, WRONG, WRONG, LOCKED]
    assert await _guess(pins, "4821") == [LOCKED]
    clock.advance(minutes=14, seconds=59)
    assert await _guess(pins, "4821") == [LOCKED]
    clock.advance(seconds=1)
    assert await _guess(pins, "1", "4821") == [WRONG, RIGHT]


async def test_a_right_one_forgives_the_wrong_ones_before_it(pins: PinGuard) -> None:
    assert await _guess(pins, *"1234", "4821", *"1234") == [WRONG] * 4 + [RIGHT] + [WRONG] * 4


async def test_guesses_made_at_once_are_counted_one_by_one(pins: PinGuard) -> None:
    results = await asyncio.gather(*(pins.check("anna", str(n), "hash of 4821") for n in range(20)))
    assert results.count(WRONG) == 4
    assert results.count(LOCKED) == 16


async def test_whoever_hangs_up_in_the_middle_is_counted(pins: PinGuard) -> None:
    for _ in range(5):
        guess = asyncio.create_task(pins.check("anna", "1", "hash of 4821"))
        await asyncio.sleep(0)
        guess.cancel()
    assert await _guess(pins, "4821") == [LOCKED]


async def test_the_lock_survives_a_restart(tmp_path: Path, clock: HandClock) -> None:
    async with sqlite_store(tmp_path) as store:
        assert (await _guess(PinGuard(store.pin_failures, clock), "1", "2", "3"))[-1] is WRONG
    async with sqlite_store(tmp_path) as store:
        assert (await _guess(PinGuard(store.pin_failures, clock), "4", "5"))[-1] is LOCKED
    async with sqlite_store(tmp_path) as store:
        assert await _guess(PinGuard(store.pin_failures, clock), "4821") == [LOCKED]


async def test_who_has_no_pin_or_does_not_exist_is_wrong(held: HeldOffice) -> None:
    office = await loaded_directory(held)
    assert [await office.check_pin(login, "") for login in ("boris", "gone", "nobody")] == [WRONG] * 3
    assert held.failures == {}


@pytest.mark.slow
async def test_real_hashes(pins: PinGuard, held: HeldOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    hashed = hash_pin("4821")
    assert hashed.startswith("$argon2id$")
    assert await pins.check("anna", "4821", hashed) is RIGHT
    assert await pins.check("anna", "4822", hashed) is WRONG
    assert await pins.check("anna", "4821", "rubbish") is WRONG
    assert held.failures["anna"] == PinFailures(2)
    assert "4821" not in repr(User("a", "A", "1", pin_hash=hashed))
