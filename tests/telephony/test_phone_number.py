import pytest

from cordboard.telephony import PhoneNumber


@pytest.mark.parametrize(
    "written",
    [
        *("+380671234567", "0671234567", "380671234567", "00380671234567", "671234567", "+38 (067) 123-45-67"),
        *("8 067 123-45-67", "810 380 67 1234567"),
    ],
)
def test_one_phone_however_it_is_written(written: str) -> None:
    number = PhoneNumber.parse(written, country="UA")
    assert number == PhoneNumber.parse("+380671234567", country="UA")
    assert hash(number) == hash(PhoneNumber.parse("+380671234567", country="UA"))
    assert str(number) == written
    assert number.digits == "380671234567"
    assert number.international


@pytest.mark.parametrize("short", ["112", "101", "2041", "*21#", "700"])
def test_extensions_and_short_codes_mean_themselves(short: str) -> None:
    number = PhoneNumber.parse(short, country="UA")
    assert number.canonical == short
    assert not number.international


def test_numbers_of_two_countries_differ() -> None:
    assert PhoneNumber.parse("0671234567", country="UA") != PhoneNumber.parse("0671234567", country="DE")


def test_the_way_abroad_of_one_country_is_understood_in_another() -> None:
    assert PhoneNumber.parse("0079161234567", country="RU").canonical == "+79161234567"
    assert PhoneNumber.parse("8 800 555-35-35", country="RU").canonical == "+78005553535"
    assert PhoneNumber.parse("8 800 555-35-35", country="UA").canonical == "88005553535"


@pytest.mark.parametrize("nothing", ["", "anonymous", "'; DROP TABLE users; --"])
def test_text_without_a_number_is_no_number(nothing: str) -> None:
    assert not PhoneNumber.parse(nothing, country="UA")


def test_what_a_number_says_of_itself() -> None:
    mobile = PhoneNumber.parse("067 123-45-67", country="UA")
    assert (mobile.calling_code, mobile.country, mobile.mobile) == ("380", "UA", True)
    assert (mobile.national_form, mobile.international_form) == ("067 123 4567", "+380 67 123 4567")
    city = PhoneNumber.parse("+48 22 123 45 67", country="UA")
    assert (city.calling_code, city.country, city.mobile) == ("48", "PL", False)
    for text in ("700", "112", "", "+1"):
        short = PhoneNumber.parse(text, country="UA")
        assert (short.calling_code, short.country, short.mobile) == ("", "", False)
        assert short.national_form == short.international_form == short.canonical


def test_a_number_knows_the_zones_in_which_it_may_be() -> None:
    assert PhoneNumber.parse("067 123-45-67", country="UA").zones == ("Europe/Kyiv",)
    assert PhoneNumber.parse("+12125551234", country="UA").zones == ("America/New_York",)
    assert "Europe/Moscow" in PhoneNumber.parse("+79261234567", country="UA").zones
    assert PhoneNumber.parse("710", country="UA").zones == PhoneNumber.parse("", country="UA").zones == ()
