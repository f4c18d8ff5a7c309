"""What voicemail says, and the port through which the office says anything: it knows no speech."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeAlias

from cordboard.telephony import Sound, Wording


@dataclass(frozen=True, slots=True)
class Digits:
    """A number that is said digit by digit."""

    text: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A prompt by its name, and what is said if there is none."""

    name: str
    instead: Wording = ""


Phrase: TypeAlias = Wording | int | datetime | Digits | Recorded
"""Something to say: a text, a number, a moment (aware), digits, a prompt."""


class Announcer(Protocol):
    """Makes sounds of phrases."""

    async def sounds(self, phrases: Sequence[Phrase], language: str = "") -> Sequence[Sound]:
        """What is heard of them, one after the other. `language` is en, ru or uk; empty: the office's.

        Never raises: what cannot be spoken is left out, and the log tells why. Moments are said in the office's zone.
        """


class PromptKeeper(Protocol):
    """Makes prompts of what was recorded with a phone."""

    async def keep(self, name: str, audio: Path, language: str = "") -> bool:
        """Make a prompt of a file, cut to what is said and as loud as all others, in place of the one of that name.

        False, and nothing has changed, if nothing is heard in it, the name will not do, or it cannot be written.
        """


def _said(en: str, ru: str, uk: str) -> Wording:
    return MappingProxyType({"en": en, "ru": ru, "uk": uk})


GREETING = _said(
    "Nobody can answer now. Leave a message after the tone.",
    "Сейчас никто не может ответить. Оставьте сообщение после сигнала.",
    "Зараз ніхто не може відповісти. Залиште повідомлення після сигналу.",
)
THANKS = _said(
    "Your message was taken. Goodbye.",
    "Ваше сообщение принято. До свидания.",
    "Ваше повідомлення прийнято. До побачення.",
)
NOTHING_HEARD = _said(
    "Nothing was heard. Goodbye.", "Ничего не было слышно. До свидания.", "Нічого не було чути. До побачення."
)
CANNOT_TAKE = _said(
    "Messages cannot be taken now. Please call later.",
    "Сейчас сообщения не принимаются. Пожалуйста, позвоните позже.",
    "Зараз повідомлення не приймаються. Будь ласка, зателефонуйте пізніше.",
)

ASK_NUMBER = _said(
    "Enter your number, then press the pound key.",
    "Введите свой номер и нажмите решётку.",
    "Введіть свій номер і натисніть решітку.",
)
ASK_PIN = _said(
    "Enter your PIN, then press the pound key.",
    "Введите пин-код и нажмите решётку.",
    "Введіть пін-код і натисніть решітку.",
)
WRONG = _said("That is wrong.", "Неверно.", "Неправильно.")
LOCKED = _said(
    "There were too many wrong attempts. Try again later.",
    "Слишком много неверных попыток. Попробуйте позже.",
    "Забагато неправильних спроб. Спробуйте пізніше.",
)
NO_BOX = _said("You have no voicemail.", "У вас нет голосовой почты.", "У вас немає голосової пошти.")
NEW = _said("New messages:", "Новых сообщений:", "Нових повідомлень:")
OLD = _said("Old messages:", "Сохранённых сообщений:", "Збережених повідомлень:")
FROM = _said("From", "От номера", "Від номера")
HIDDEN = _said("From a hidden number", "От скрытого номера", "Від прихованого номера")
MENU = _said(
    "One: repeat. Two: save. Three: delete. Four: call back. Five: forward to a colleague. "
    "Six and nine: five seconds back and forward. Zero: record your greeting. Pound: next message.",
    "Один — повторить. Два — сохранить. Три — удалить. Четыре — перезвонить. Пять — переслать коллеге. "
    "Шесть и девять — на пять секунд назад и вперёд. Ноль — записать приветствие. Решётка — следующее сообщение.",
    "Один — повторити. Два — зберегти. Три — видалити. Чотири — передзвонити. П'ять — переслати колезі. "
    "Шість і дев'ять — на п'ять секунд назад і вперед. Нуль — записати привітання. Решітка — наступне повідомлення.",
)
LAST = _said(
    "There are no more messages. Zero: record your greeting. One: from the beginning.",
    "Больше сообщений нет. Ноль — записать приветствие. Один — с начала.",
    "Більше повідомлень немає. Нуль — записати привітання. Один — спочатку.",
)
SAVED = _said("Saved.", "Сохранено.", "Збережено.")
DELETED = _said("Deleted.", "Удалено.", "Видалено.")
FORWARDED = _said("Forwarded.", "Переслано.", "Переслано.")
CANNOT_CALL = _said("That number cannot be called.", "Позвонить не удалось.", "Зателефонувати не вдалося.")
ASK_COLLEAGUE = _said(
    "Enter the number of the colleague, then press the pound key.",
    "Введите номер коллеги и нажмите решётку.",
    "Введіть номер колеги і натисніть решітку.",
)
NO_COLLEAGUE_BOX = _said(
    "There is no voicemail at that number.",
    "У этого номера нет голосовой почты.",
    "У цього номера немає голосової пошти.",
)
SAY_GREETING = _said(
    "Say your greeting after the tone, then press the pound key.",
    "После сигнала скажите приветствие и нажмите решётку.",
    "Після сигналу скажіть привітання і натисніть решітку.",
)
ASK_PROMPT = _said(
    "Enter the number of the prompt, then press the pound key.",
    "Введите номер подсказки и нажмите решётку.",
    "Введіть номер підказки і натисніть решітку.",
)
NO_PROMPT = _said(
    "There is no prompt of that number.", "Подсказки с таким номером нет.", "Підказки з таким номером немає."
)
PROMPT_MENU = _said(
    "One: hear it. Two: record. Three: keep what was recorded. Star: another prompt.",
    "Один — прослушать. Два — записать. Три — сохранить записанное. Звёздочка — другая подсказка.",
    "Один — прослухати. Два — записати. Три — зберегти записане. Зірочка — інша підказка.",
)
SPEAK = _said(
    "Speak after the tone, then press the pound key.",
    "Говорите после сигнала, затем нажмите решётку.",
    "Говоріть після сигналу, потім натисніть решітку.",
)
NOTHING_RECORDED = _said("Nothing was recorded.", "Ничего не записано.", "Нічого не записано.")
GOODBYE = _said("Goodbye.", "До свидания.", "До побачення.")

_HIDDEN_CALLER = {"en": "a hidden number", "ru": "скрытый номер", "uk": "прихований номер"}
_SUBJECT = {
    "en": "Voice message from {caller}, {length}",
    "ru": "Голосовое сообщение от {caller}, {length}",
    "uk": "Голосове повідомлення від {caller}, {length}",
}
_TEXT = {
    "en": "{caller} has left a message of {length} for {box} on {at:%Y-%m-%d} at {at:%H:%M}.",
    "ru": "{caller} оставляет сообщение длиной {length} для {box}: {at:%d.%m.%Y}, {at:%H:%M}.",
    "uk": "{caller} залишає повідомлення довжиною {length} для {box}: {at:%d.%m.%Y}, {at:%H:%M}.",
}


def written(language: str, *, caller: str, name: str, box: str, at: datetime, seconds: float) -> tuple[str, str]:
    """Subject and text of the mail about a message; `at` in the office's zone. An unknown language is English."""
    tongue = language if language in _SUBJECT else "en"
    who = f"{name} ({caller})" if name and caller else name or caller or _HIDDEN_CALLER[tongue]
    length = f"{round(seconds) // 60}:{round(seconds) % 60:02}"
    return (
        _SUBJECT[tongue].format(caller=who, length=length),
        _TEXT[tongue].format(caller=who, length=length, box=box, at=at),
    )
