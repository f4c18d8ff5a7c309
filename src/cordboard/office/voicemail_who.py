"""Who is at the phone: known by it, or by his number and his PIN."""

from cordboard.office import voicemail_words as words
from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import PinCheck
from cordboard.office.voicemail_words import Announcer, Phrase
from cordboard.telephony import KeyRule, Leg, LegState

KEYS = "0123456789*#"
TRIES = 3
_DIGITS = KeyRule(max_digits=32, first_timeout=8.0, between_timeout=5.0)
_ONE_KEY = KeyRule(max_digits=1, terminator="", first_timeout=5.0)


class Talker:
    """What services say to a leg, and ask it. Nothing is said to one that has ended."""

    def __init__(self, leg: Leg, announcer: Announcer, language: str = "") -> None:
        self.leg = leg
        self.announcer = announcer
        self.language = language

    @property
    def there(self) -> bool:
        """Whether the leg is up."""
        return self.leg.state is LegState.ANSWERED

    async def say(self, *phrases: Phrase, interrupt: str = "") -> None:
        """Let it hear something. A key of `interrupt` stops it."""
        if self.there:
            await self.leg.play(await self.announcer.sounds(phrases, self.language), interrupt=interrupt)

    async def digits(self, question: Phrase) -> str:
        """Digits up to a pound key; the first one stops the question."""
        await self.say(question, interrupt=KEYS)
        return (await self.leg.collect(_DIGITS)).digits if self.there else ""

    async def key(self, menu: Phrase) -> str:
        """One key; empty if none was pressed in time."""
        await self.say(menu, interrupt=KEYS)
        return (await self.leg.collect(_ONE_KEY)).digits if self.there else ""


async def by_number_and_pin(talker: Talker, office: OfficeDirectory) -> str:
    """The login of whoever knows a number and its PIN; empty if he does not. A PIN is asked for any number."""
    for _ in range(TRIES):
        number = await talker.digits(words.ASK_NUMBER)
        pin = await talker.digits(words.ASK_PIN)
        if not talker.there:
            return ""
        login = office.destination(number).user if number else ""
        check = await office.check_pin(login, pin) if login and pin else PinCheck.WRONG
        if await _right(talker, check):
            return login
        if check is PinCheck.LOCKED:
            return ""
    return ""


async def by_pin(talker: Talker, office: OfficeDirectory, login: str) -> bool:
    """Whether he knows the PIN of that user."""
    for _ in range(TRIES):
        pin = await talker.digits(words.ASK_PIN)
        if not talker.there:
            return False
        check = await office.check_pin(login, pin)
        if await _right(talker, check):
            return True
        if check is PinCheck.LOCKED:
            return False
    return False


async def _right(talker: Talker, check: PinCheck) -> bool:
    if check is not PinCheck.RIGHT:
        await talker.say(words.LOCKED if check is PinCheck.LOCKED else words.WRONG)
    return check is PinCheck.RIGHT
