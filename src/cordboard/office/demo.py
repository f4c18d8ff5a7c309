"""The office that a fresh installation starts with: five people who do not exist, one line, one menu."""

import asyncio
from dataclasses import dataclass, field, replace

from cordboard.office.model import InternalNumber, OfficeItem, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.office.passwords import new_password, new_pin, phone_secret
from cordboard.office.pins import hash_pin
from cordboard.office.repositories import OfficeRepository
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode

CITY_LINE = "city"
CITY_NUMBER = "+380322327757"
MENU_NUMBER = "700"
MENU_SCENARIO = "menu"
MAIN_SCENARIO = "main"

_PEOPLE = (
    User("olena", "Олена Коваль", "101", "+380671234567", "uk", allowed_prefixes=("+380",)),
    User("ivan", "Иван Лебедев", "102", "050 123 45 67", "ru", allowed_prefixes=("+380",)),
    User("mary", "Mary Hill", "103", "", "en", allowed_prefixes=("+",)),
    User("taras", "Тарас Гончар", "104", "", "uk", allowed_prefixes=("+38032",)),
    User("svetlana", "Светлана Юрьева", "105", "", "ru"),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """What a person of the demo needs to know. The only place where the password and the PIN stand in clear."""

    login: str
    name: str
    number: str
    mobile: str
    account: str
    password: str = field(repr=False)
    pin: str = field(repr=False)


async def seed_demo(
    repository: OfficeRepository, *, city_host: str = "127.0.0.1", city_port: int = 5070
) -> tuple[DemoLogin, ...]:
    """Make the demo office, and return what its people need; nothing happens if there are users or lines already.

    The line "city" leads to `city_host`:`city_port`, where the outside world answers. Outbound numbers begin with
    0 or +, or follow the access code 9.
    """
    office = await repository.load()
    if office.users or office.lines:
        return ()
    # It speaks English, so that whoever tries it understands; its scenarios speak Ukrainian and Russian as well.
    settings = OfficeSettings(
        name="Демо-офис Cordboard", language="en", main_scenario=MAIN_SCENARIO, realm=office.settings.realm
    )
    items: list[OfficeItem] = [
        settings,
        OfficeLine(Line(CITY_LINE, LineMode.ADDRESS, city_host, city_port, number=CITY_NUMBER)),
        InternalNumber(MENU_NUMBER, MENU_SCENARIO, "Меню"),
        Route("national", "0", (CITY_LINE,)),
        Route("world", "+", (CITY_LINE,)),
        Route("access code", "9", (CITY_LINE,), strip=1),
    ]
    logins: list[DemoLogin] = []
    for person in _PEOPLE:
        login = DemoLogin(
            person.login, person.name, person.number, person.mobile, person.number, new_password(), new_pin()
        )
        pin_hash = await asyncio.to_thread(hash_pin, login.pin)
        items.append(replace(person, pin_hash=pin_hash))
        items.append(UserPhone(login.account, login.login, phone_secret(login.account, settings.realm, login.password)))
        logins.append(login)
    await repository.save(*items)
    return tuple(logins)
