import asyncio

from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Collected, CollectEnd, KeyBuffer, KeyRule


@virtual_time
async def test_keys_pressed_before_somebody_asks_are_not_lost() -> None:
    keys = KeyBuffer()
    for key in "105#":
        keys.press(key)
    assert await keys.collect(KeyRule(max_digits=10)) == Collected("105", CollectEnd.COMPLETE, "#")


@virtual_time
async def test_the_first_key_and_the_next_have_their_own_patience() -> None:
    keys = KeyBuffer()
    loop = asyncio.get_running_loop()
    assert await keys.collect(KeyRule(max_digits=3, first_timeout=5, between_timeout=2)) == Collected(
        "", CollectEnd.TIMEOUT
    )
    assert loop.time() == 5
    loop.call_later(4, keys.press, "1")
    assert await keys.collect(KeyRule(max_digits=3, first_timeout=5, between_timeout=2)) == Collected(
        "1", CollectEnd.TIMEOUT
    )
    assert loop.time() == 11


@virtual_time
async def test_the_end_of_the_leg_ends_collecting_at_once() -> None:
    keys = KeyBuffer()
    asyncio.get_running_loop().call_later(1, keys.close)
    keys.press("7")
    assert await keys.collect(KeyRule(max_digits=3)) == Collected("7", CollectEnd.ENDED)
    assert asyncio.get_running_loop().time() == 1


@virtual_time
async def test_what_is_beyond_the_rule_waits_for_the_next_one() -> None:
    keys = KeyBuffer()
    for key in "12*3":
        keys.press(key)
    assert (await keys.collect(KeyRule(max_digits=1, terminator=""))).digits == "1"
    assert keys.first_of("*#") == "*"
    assert (await keys.collect(KeyRule(max_digits=5, terminator="*"))).digits == "2"
    keys.clear()
    assert keys.first_of("3") == ""
