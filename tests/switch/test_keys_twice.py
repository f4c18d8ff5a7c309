"""A key that comes with the voice and with the signalling is one press."""

import asyncio

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.switch.keys import KeyWay, Presses, key_in_info

VOICE, SIGNALLING = KeyWay.VOICE, KeyWay.SIGNALLING


async def counted(*presses: tuple[float, str, KeyWay]) -> str:
    """Which keys count, of those that come at such times (seconds)."""
    known, loop = Presses(), asyncio.get_running_loop()
    began, keys = loop.time(), ""
    for at, key, way in presses:
        await asyncio.sleep(began + at - loop.time())
        press = known.take(key, way)
        keys += press.key if press is not None else ""
    return keys


@pytest.mark.parametrize(
    ("presses", "keys"),
    [
        ([(0.0, "5", VOICE), (0.02, "5", SIGNALLING)], "5"),
        ([(0.0, "5", SIGNALLING), (0.25, "5", VOICE)], "5"),
        ([(0.0, "5", VOICE), (0.31, "5", SIGNALLING)], "55"),
        ([(0.0, "5", VOICE), (0.16, "5", VOICE)], "55"),
        ([(0.0, "5", SIGNALLING), (0.01, "5", SIGNALLING)], "55"),
        ([(0.0, "5", VOICE), (0.02, "6", SIGNALLING)], "56"),
        # Pressed twice and quickly by a phone that sends both ways, however the two streams mix.
        ([(0.0, "5", VOICE), (0.02, "5", SIGNALLING), (0.16, "5", VOICE), (0.18, "5", SIGNALLING)], "55"),
        ([(0.0, "5", VOICE), (0.16, "5", VOICE), (0.17, "5", SIGNALLING), (0.19, "5", SIGNALLING)], "55"),
        ([(0.0, "1", VOICE), (0.1, "2", VOICE), (0.15, "1", SIGNALLING), (0.25, "2", SIGNALLING)], "12"),
    ],
)
def test_a_press_counts_once(presses: list[tuple[float, str, KeyWay]], keys: str) -> None:
    assert virtual_time(counted)(*presses) == keys


@virtual_time
async def test_the_twin_of_a_key_by_signalling_is_awaited() -> None:
    known = Presses()
    known.take("1", SIGNALLING)
    known.take("2", VOICE)
    assert known.awaited() == {"1"}
    again = known.take("1", SIGNALLING)
    assert again is not None
    known.take("1", VOICE)
    assert known.awaited() == {"1"}
    assert not again.twice
    await asyncio.sleep(0.31)
    assert known.awaited() == set()


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf", b"a", "A"),
        ("application/dtmf", b"55", ""),
        ("text/plain", b"5", ""),
    ],
)
def test_an_info_tells_a_key(kind: str, body: bytes, key: str) -> None:
    assert key_in_info(kind, body) == key
