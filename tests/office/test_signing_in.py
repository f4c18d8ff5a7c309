"""Accounts and sessions: who signs in, for how long, and what guessing comes to."""

import asyncio
from collections.abc import Sequence
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from cordboard.office.accounts import STEP, Account, address_for_phone, matches, new_second_step, step_of
from cordboard.office.configuration_parts import ConfigurationError, parts
from cordboard.office.model import OfficeData, OfficeSettings
from cordboard.office.roles import Role
from cordboard.office.sessions import (
    IDLE,
    LONGEST,
    WRONG_WINDOW,
    CodeNeededError,
    HeldSessions,
    SignIn,
    TooManyError,
    WrongError,
)
from cordboard.testing.office import OFFICE, HandClock

PASSWORD = "correct horse battery"
OLENA = Account(name="olena", role=Role.SUPERVISOR, password=Account.kept("password", PASSWORD))
BASE_32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of RFC 6238, appendix B: 12345678901234567890."""


class Scene:
    def __init__(self, *accounts: Account) -> None:
        self.accounts = {each.name: each for each in accounts}
        self.clock = HandClock()
        self.sessions = HeldSessions()
        self.restart()

    def restart(self) -> None:
        self.sign_in = SignIn(lambda: self.accounts, self.sessions, self.clock)

    async def wrong(self, times: int, *, login: str = "olena", address: str = "10.0.0.9") -> Sequence[type]:
        async def once() -> type:
            try:
                await self.sign_in.sign_in(login, "no such word", address=address)
            except (WrongError, TooManyError) as error:
                return type(error)
            return type(None)

        return await asyncio.gather(*(once() for _ in range(times)))


async def test_a_session_stands_for_the_account_through_a_restart() -> None:
    scene = Scene(OLENA)
    plain = await scene.sign_in.sign_in("olena", PASSWORD, address="10.0.0.5", agent="Firefox")
    scene.restart()
    token = await scene.sign_in.token(plain)
    assert token is not None
    assert (token.name, token.login, token.role) == ("olena", "olena", "supervisor")
    (session,) = await scene.sign_in.of("olena")
    assert (session.address, session.agent) == ("10.0.0.5", "Firefox")
    assert plain not in repr(session)
    assert PASSWORD not in repr(scene.accounts["olena"].password)


async def test_it_ends_after_a_time_without_requests_and_after_a_time_at_all() -> None:
    scene = Scene(OLENA)
    first = await scene.sign_in.sign_in("olena", PASSWORD)
    scene.clock.advance(seconds=IDLE.total_seconds() - 60)
    assert await scene.sign_in.token(first)
    scene.clock.advance(seconds=IDLE.total_seconds() - 60)
    assert await scene.sign_in.token(first), "each request lets it go on"
    scene.clock.advance(seconds=IDLE.total_seconds() + 60)
    assert await scene.sign_in.token(first) is None
    assert scene.sessions.held == {}
    second = await scene.sign_in.sign_in("olena", PASSWORD)
    for _ in range(int(LONGEST / IDLE) * 2):
        scene.clock.advance(seconds=IDLE.total_seconds() / 2)
        await scene.sign_in.token(second)
    scene.clock.advance(seconds=60)
    assert await scene.sign_in.token(second) is None


async def test_a_new_password_and_the_end_of_an_account_end_its_sessions() -> None:
    scene = Scene(OLENA)
    plain = await scene.sign_in.sign_in("olena", PASSWORD)
    scene.accounts["olena"] = OLENA.model_copy(update={"password": Account.kept("password", "another password")})
    assert await scene.sign_in.token(plain) is None
    again = await scene.sign_in.sign_in("olena", "another password")
    del scene.accounts["olena"]
    assert await scene.sign_in.token(again) is None


async def test_the_role_counts_at_once() -> None:
    scene = Scene(OLENA)
    plain = await scene.sign_in.sign_in("olena", PASSWORD)
    scene.accounts["olena"] = OLENA.model_copy(update={"role": Role.USER})
    token = await scene.sign_in.token(plain)
    assert token is not None
    assert token.role == "user"


@pytest.mark.parametrize(("login", "password"), [("olena", "wrong"), ("nobody", PASSWORD), ("new", ""), ("olena", "")])
async def test_what_is_wrong_is_not_told(login: str, password: str) -> None:
    scene = Scene(OLENA, Account(name="new"))
    with pytest.raises(WrongError):
        await scene.sign_in.sign_in(login, password)


async def test_ten_wrong_ones_are_enough_also_at_once_and_a_quarter_of_an_hour_later_it_is_open_again() -> None:
    scene = Scene(OLENA)
    came = await scene.wrong(15)
    assert came == [WrongError] * 10 + [TooManyError] * 5
    with pytest.raises(TooManyError) as refused:
        await scene.sign_in.sign_in("olena", PASSWORD, address="10.0.0.9")
    assert refused.value.wait == WRONG_WINDOW.total_seconds() + 1
    await scene.sign_in.sign_in("olena", PASSWORD, address="10.0.0.5")  # elsewhere she may
    scene.clock.advance(seconds=WRONG_WINDOW.total_seconds() + 1)
    await scene.sign_in.sign_in("olena", PASSWORD, address="10.0.0.9")


async def test_one_address_cannot_try_name_after_name() -> None:
    scene = Scene(OLENA)
    for each in range(30):
        assert await scene.wrong(1, login=f"user{each}") == [WrongError]
    assert await scene.wrong(1, login="olena") == [TooManyError]


async def test_who_signs_in_beside_a_guesser_gives_him_no_more_guesses() -> None:
    scene = Scene(OLENA)
    await scene.wrong(9, address="10.0.0.9")
    await scene.sign_in.sign_in("olena", PASSWORD, address="10.0.0.5")
    assert await scene.wrong(2, address="10.0.0.9") == [WrongError, TooManyError]


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    clock = HandClock()
    clock.time = clock.time.fromtimestamp(seconds, clock.time.tzinfo)
    assert step_of(BASE_32, code, clock.now()) == seconds // STEP


async def test_the_second_step_is_asked_for_and_each_code_counts_once() -> None:
    scene = Scene(OLENA.model_copy(update={"second_step": BASE_32}))
    scene.clock.time = scene.clock.time.fromtimestamp(1111111109, scene.clock.time.tzinfo)
    with pytest.raises(CodeNeededError):
        await scene.sign_in.sign_in("olena", PASSWORD)
    with pytest.raises(WrongError):  # the password is looked at first: nobody learns who has a second step
        await scene.sign_in.sign_in("olena", "wrong", code="081804")
    with pytest.raises(CodeNeededError):
        await scene.sign_in.sign_in("olena", PASSWORD, code="081805")
    await scene.sign_in.sign_in("olena", PASSWORD, code="081804")
    with pytest.raises(CodeNeededError):
        await scene.sign_in.sign_in("olena", PASSWORD, code="081804")
    scene.clock.advance(seconds=2)  # the next step
    await scene.sign_in.sign_in("olena", PASSWORD, code="050471")


async def test_wrong_codes_are_counted_as_wrong_passwords_are() -> None:
    scene = Scene(OLENA.model_copy(update={"second_step": BASE_32}))
    for _ in range(10):
        with pytest.raises(CodeNeededError):
            await scene.sign_in.sign_in("olena", PASSWORD, code="000000")
    with pytest.raises(TooManyError):
        await scene.sign_in.sign_in("olena", PASSWORD, code="000000")


def test_a_phone_is_given_the_secret_as_an_address() -> None:
    secret = new_second_step()
    address = urlsplit(address_for_phone(secret, "olena", "Офіс"))
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/Офіс:olena")
    assert parse_qs(address.query)["secret"] == [secret]


def test_of_a_password_a_hash_is_kept_and_a_mask_shown() -> None:
    part = parts()["accounts"]
    item = part.read({"name": "olena", "role": "supervisor", "password": PASSWORD}, None, OfficeSettings())
    assert isinstance(item, Account)
    assert item.password.startswith("$argon2id$")
    assert matches(PASSWORD, item.password)
    assert part.show(item) == {
        "name": "olena", "role": "supervisor", "password": "********", "second_step": "",
    }  # fmt: skip
    again = part.read({"name": "olena", "role": "user"}, item, OfficeSettings())
    assert isinstance(again, Account)
    assert (again.role, again.password) == (Role.USER, item.password)
    assert part.whole({}, part.flat(item), OfficeSettings()) == item, "an exported text holds the hash"


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="write 10 to 200 characters"):
        parts()["accounts"].read({"name": "olena", "password": "short"}, None, OfficeSettings())


@pytest.mark.parametrize(
    ("role", "faults"), [("user", ["the account x has the role user, and is no user"]), ("administrator", [])]
)
def test_who_has_calls_of_his_own_must_be_a_user(role: str, faults: list[str]) -> None:
    office = OfficeData(users=OFFICE.users)
    assert list(Account(name="x", role=Role(role)).faults(office)) == faults
    assert list(Account(name=OFFICE.users[0].login, role=Role.USER).faults(office)) == []
