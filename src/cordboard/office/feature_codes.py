"""What a user dials from his own phone to say how calls shall reach him, and to dial a number again.

Codes of other features stand with these: pick-up, monitoring, voicemail, parking, transfers.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Protocol

from pydantic import StringConstraints

from cordboard.office.audit import Actor
from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.forwarding import Forward, UserRules, When
from cordboard.office.lines.said import said
from cordboard.office.model import OfficeData
from cordboard.office.ports import People, Presence, Refusal, Switchboard
from cordboard.office.voicemail_who import Talker
from cordboard.office.voicemail_words import Announcer, Digits, Phrase
from cordboard.telephony import EndReason, Leg, Wording

REMEMBERED = timedelta(days=90)
"""How far back a number is looked for that is dialled again."""

Code = Annotated[str, StringConstraints(pattern=r"^(\*[0-9*#]{1,7})?$")]
"""Begins with a star, so that no number is taken away; empty: switched off."""


class FeatureCodes(Document):
    """The codes. Without such a document they are these; of several the first by name counts."""

    kind: ClassVar[str] = "feature_codes"

    forward_always: Code = "*72"
    """With a number behind it, or alone and asked for one: all calls go there."""
    forward_always_off: Code = "*73"
    forward_busy: Code = "*90"
    """Calls go there while one talks."""
    forward_busy_off: Code = "*91"
    forward_no_answer: Code = "*92"
    """Calls that nobody answers go there."""
    forward_no_answer_off: Code = "*93"
    forward_unregistered: Code = "*94"
    """Calls go there while no phone is signed in."""
    forward_unregistered_off: Code = "*95"
    do_not_disturb: Code = "*78"
    """Phones do not ring any more."""
    do_not_disturb_off: Code = "*79"
    ready: Code = "*60"
    """Back at work: groups ring again."""
    on_break: Code = "*61"
    """Groups do not ring; colleagues do."""
    away: Code = "*62"
    redial: Code = "*66"
    """The last number dialled from a phone of his, also before a restart."""

    def numbers(self) -> tuple[str, ...]:
        """The codes."""
        codes = (getattr(self, name) for name in type(self).model_fields if name != "name")
        return tuple(filter(None, codes))

    def faults(self, office: OfficeData) -> Iterator[str]:  # noqa: ARG002  (nothing else is asked)
        """Codes that stand twice, or of which one begins with another that takes a number."""
        codes = {name: code for name in type(self).model_fields if name != "name" and (code := getattr(self, name))}
        for name, code in codes.items():
            for other, longer in codes.items():
                takes_number = name in _FORWARDS
                if other != name and (longer == code or (takes_number and longer.startswith(code))):
                    yield said(
                        "feature codes: {other} {longer} cannot be dialled beside {name} {code}",
                        other=other,
                        longer=longer,
                        name=name,
                        code=code,
                    )


Keep = Callable[[UserRules, Actor], Awaitable[None]]
"""Keeps the rules of a user, notes who has changed them, and lets them count at once. Raises ValueError."""


class Redial(Protocol):
    """Remembers what was dialled."""

    async def last_dialled(self, accounts: Collection[str], since: datetime) -> str:
        """The last number that a phone of these accounts has dialled, codes apart; empty if none since then."""


_FORWARDS: Mapping[str, When] = MappingProxyType(
    {
        "forward_always": When.ALWAYS,
        "forward_busy": When.BUSY,
        "forward_no_answer": When.NO_ANSWER,
        "forward_unregistered": When.UNREGISTERED,
    }
)
_PRESENCE: Mapping[str, Presence] = MappingProxyType(
    {
        "do_not_disturb": Presence.DO_NOT_DISTURB,
        "do_not_disturb_off": Presence.READY,
        "ready": Presence.READY,
        "on_break": Presence.BREAK,
        "away": Presence.AWAY,
    }
)


def _words(en: str, ru: str, uk: str) -> Wording:
    return MappingProxyType({"en": en, "ru": ru, "uk": uk})


ASK = _words(
    "Enter the number, then press the pound key.",
    "Введите номер и нажмите решётку.",
    "Введіть номер і натисніть решітку.",
)
FORWARDED: Mapping[When, Wording] = MappingProxyType(
    {
        When.ALWAYS: _words("All calls go to", "Все звонки идут на номер", "Усі дзвінки йдуть на номер"),
        When.BUSY: _words(
            "While you talk, calls go to",
            "Когда вы говорите, звонки идут на номер",
            "Коли ви розмовляєте, дзвінки йдуть на номер",
        ),
        When.NO_ANSWER: _words(
            "Calls without an answer go to", "Звонки без ответа идут на номер", "Дзвінки без відповіді йдуть на номер"
        ),
        When.UNREGISTERED: _words(
            "While your phone is off, calls go to",
            "Когда ваш телефон выключен, звонки идут на номер",
            "Коли ваш телефон вимкнено, дзвінки йдуть на номер",
        ),
    }
)
FORWARD_OFF = _words("Forwarding is off.", "Переадресация выключена.", "Переадресацію вимкнено.")
REFUSED = _words(
    "Calls cannot go to this number.", "На этот номер звонки идти не могут.", "На цей номер дзвінки йти не можуть."
)
STATES: Mapping[Presence, Wording] = MappingProxyType(
    {
        Presence.READY: _words("You are ready for calls.", "Вы принимаете звонки.", "Ви приймаєте дзвінки."),
        Presence.DO_NOT_DISTURB: _words("Do not disturb is on.", "Вас не беспокоят.", "Вас не турбують."),
        Presence.BREAK: _words("You are on a break.", "Вы на перерыве.", "Ви на перерві."),
        Presence.AWAY: _words("You are away.", "Вы отсутствуете.", "Ви відсутні."),
    }
)
NOTHING = _words("There is no number to dial again.", "Повторить нечего.", "Повторити нічого.")


class FeatureCodeService:
    """Implements `switchboard.Service` for the codes. What they change is kept and noted as any other change."""

    def __init__(
        self,
        office: OfficeDirectory,
        keep: Keep,
        *,
        people: People,
        redial: Redial,
        switchboard: Switchboard,
        announcer: Announcer,
    ) -> None:
        self._office = office
        self._keep = keep
        self._people = people
        self._redial = redial
        self._switchboard = switchboard
        self._announcer = announcer

    def takes(self, number: str) -> bool:
        """See Service."""
        if not number.startswith("*") or self._of(number) is None:
            return False
        return not self._office.destination(number).scenario  # the office's own comes first

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service. For users alone: a stranger gets FORBIDDEN."""
        code = self._of(number)
        person = self._office.by_login(login) if login else None
        if code is None or person is None:
            return EndReason.FORBIDDEN
        name, argument = code
        if name == "redial":
            return await self._dial_again(leg, login, person.language)
        if not await leg.answer():
            return None
        talker = Talker(leg, self._announcer, person.language)
        if name in _PRESENCE:
            await self._people.set_presence(login, _PRESENCE[name])
            await talker.say(STATES[_PRESENCE[name]])
        elif name in _FORWARDS:
            target = argument or (await talker.digits(ASK)).rstrip("#")
            await talker.say(*await self._forward(login, name, target))
        else:
            await self._change(login, _FORWARDS[name.removesuffix("_off")], "", name)
            await talker.say(FORWARD_OFF)
        return None

    def _of(self, number: str) -> tuple[str, str] | None:
        """The field of the code that was dialled, and what stands behind it."""
        codes = next(iter(self._office.documents(FeatureCodes).values()), None) or FeatureCodes(name="codes")
        for name in type(codes).model_fields:
            code = getattr(codes, name) if name != "name" else ""
            if code and (number == code or (name in _FORWARDS and number.startswith(code))):
                return name, number.removeprefix(code)
        return None

    async def _forward(self, login: str, name: str, target: str) -> list[Phrase]:
        """Lead calls there; what is said of it."""
        destination = self._office.destination(target, dialled_by=login) if target else None
        reached = destination is not None and destination.refusal in {None, Refusal.UNREACHABLE}
        if destination is None or not reached or destination.user == login:
            return [REFUSED]
        try:
            await self._change(login, _FORWARDS[name], target, name)
        except ValueError:
            return [REFUSED]
        return [FORWARDED[_FORWARDS[name]], Digits(target)]

    async def _change(self, login: str, when: When, number: str, name: str) -> None:
        """In place of the rule that always counted; those for some hours or callers stay, and come first."""
        rules = self._office.documents(UserRules).get(login) or UserRules(name=login)
        stay = [each for each in rules.forwards if each.when is not when or each.hours or each.days or each.callers]
        fresh = [Forward(when=when, number=number)] if number else []
        await self._keep(rules.model_copy(update={"forwards": (*stay, *fresh)}), Actor(f"phone: {name}", login))

    async def _dial_again(self, leg: Leg, login: str, language: str) -> EndReason | None:
        number = await self._redial.last_dialled(self._office.phones_of(login), self._office.now() - REMEMBERED)
        if number:
            return await self._switchboard.connect(leg, number, login=login)
        if await leg.answer():
            await Talker(leg, self._announcer, language).say(NOTHING)
        return None
