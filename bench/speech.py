# ruff: noqa: T201  (a program that prints what it measured)
"""How soon a text is heard: `.venv/bin/python bench/speech.py [--quick]`.

Each text is new (a number in it makes it so), is asked for as a step asks for it, and the time runs until the first
clip is there to be played: medians of several, and the worst. Then the same texts come from the cache. The engine has
been warmed up, as the exchange does when it starts; what that takes is printed, too. The exit status never depends on a
time.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cordboard.speech.service import SpeechService, find_engines

SPEECH = Path(__file__).parents[1] / ".speech"
SHORT: Mapping[str, str] = MappingProxyType(
    {
        "en": "Your order number {} is ready, you can pick it up today.",
        "ru": "Ваш заказ номер {} готов, его можно забрать сегодня.",
        "uk": "Ваше замовлення номер {} готове, його можна забрати сьогодні.",
    }
)
LONG: Mapping[str, str] = MappingProxyType(
    {
        "en": "Good day, you are number {}. Our office is open from nine to six. "
        + "We shall call you back soon. " * 16,
        "ru": "Добрый день, вы номер {}. Мы работаем с девяти до шести. " + "Мы скоро вам перезвоним. " * 18,
        "uk": "Добрий день, ви номер {}. Ми працюємо з дев'ятої до шостої. " + "Ми скоро вам передзвонимо. " * 17,
    }
)
"""Half a minute of speech."""


async def first_audio(service: SpeechService, text: str, language: str) -> float:
    """Milliseconds until the first clip is there. The rest of the text is made as well."""
    began = time.perf_counter()
    clips = service.say_in_turn(text, language)
    await anext(clips)
    took = (time.perf_counter() - began) * 1e3
    async for _ in clips:
        pass
    return took


def line(label: str, found: Sequence[float], goal: float) -> None:
    """Print a row."""
    print(f"{statistics.median(found):9.1f} {max(found):9.1f} {goal:9.0f}   {label}")


async def measure(rounds: int) -> None:
    """Measure with the best engine that is here, then with the fallback alone."""
    for engine in find_engines(SPEECH):
        if not engine.voices():
            continue
        with tempfile.TemporaryDirectory() as folder:
            service = SpeechService([engine], Path(folder))
            try:
                began = time.perf_counter()
                await service.warm_up()
                print(f"\n{engine.name}: warmed up in {(time.perf_counter() - began) * 1e3:.0f} ms, in the background")
                print(f"{'median ms':>9} {'worst ms':>9} {'goal ms':>9}")
                for label, texts in (("a sentence", SHORT), ("half a minute", LONG)):
                    for language, text in texts.items():
                        written = [text.format(1000 + number) for number in range(rounds)]
                        fresh = [await first_audio(service, each, language) for each in written]
                        line(f"{label}, {language}, not in the cache", fresh, 150)
                        cached = [await first_audio(service, each, language) for each in written]
                        line(f"{label}, {language}, from the cache", cached, 5)
            finally:
                await service.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, to see that it runs")
    asyncio.run(measure(3 if parser.parse_args().quick else 15))


if __name__ == "__main__":
    main()
