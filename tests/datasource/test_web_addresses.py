"""What may be asked, and what a caller's keys may do to an address."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.datasource.web.addresses import BadUrlError, checked_url, inserted, may_call


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("https://crm.test/a?b=c#d", "https://crm.test/a?b=c"),
        ("https://crm.test", "https://crm.test/"),
        ("HTTP://CRM.test:8080/x y".replace(" ", "%20"), "http://crm.test:8080/x%20y"),
        ("https://банк.укр/курс?валюта=USD", "https://xn--80ab2al.xn--j1amh/%D0%BA%D1%83%D1%80%D1%81?%D0%B2%D0%B0%D0%BB%D1%8E%D1%82%D0%B0=USD"),
        ("http://[::1]:80/", "http://[::1]:80/"),
    ],
)  # fmt: skip
def test_an_address_as_it_is_asked(written: str, found: str) -> None:
    assert checked_url(written) == found


@pytest.mark.parametrize(
    "written",
    [
        "crm.test/a", "ftp://crm.test/", "file:///etc/passwd", "https://", "https:///a", "https://a b/", "https://crm.test:x/",
        "https://user:pass@crm.test/", "https://user@crm.test/", "https://crm.test/a b", "https://crm.test/\r\nX: y",
        "https://crm.test/a/../b", "https://crm.test/%2e%2E/b", "https://cr%6d.test/",
        "https://crm.test/" + "a" * 9000, "",
    ],
)  # fmt: skip
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(BadUrlError):
        checked_url(written)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("0671234567", "0671234567"),
        ("+380671234567", "%2B380671234567"),
        ("a/b?c=d&e#f", "a%2Fb%3Fc%3Dd%26e%23f"),
        ("Анна & Ко", "%D0%90%D0%BD%D0%BD%D0%B0%20%26%20%D0%9A%D0%BE"),
        ("a.b", "a%2Eb"),
        ("\r\nHost: evil", "%0D%0AHost%3A%20evil"),
        ("\ue000", "%EE%80%80"),
    ],
)
def test_a_value_is_inserted_as_a_name(value: str, encoded: str) -> None:
    assert checked_url("https://crm.test/cards/" + inserted(value) + "/all") == f"https://crm.test/cards/{encoded}/all"
    assert checked_url("https://crm.test/cards?phone=" + inserted(value)).endswith(f"?phone={encoded}")


@pytest.mark.parametrize(
    "pattern", ["{}://crm.test/", "https://{}/a", "https://{}.test/", "https://crm.test{}", "https://crm.test:{}/"]
)
@pytest.mark.parametrize("value", ["https", "evil", "@evil", ".evil", ":80", "80", ""])
def test_no_value_gets_into_the_host(pattern: str, value: str) -> None:
    with pytest.raises(BadUrlError, match="behind the host alone"):
        checked_url(pattern.format(inserted(value)))


@pytest.mark.parametrize("value", ["..", "."])
def test_no_value_leads_to_another_folder(value: str) -> None:
    with pytest.raises(BadUrlError, match="leads out"):
        checked_url(f"https://crm.test/cards/{inserted(value)}/secrets")


def test_the_query_is_put_behind_the_own_one() -> None:
    query = {"phone": "+380 67", "q": "a&b=c", "": "x"}
    assert checked_url("https://crm.test/x?a=1", query) == "https://crm.test/x?a=1&phone=%2B380%2067&q=a%26b%3Dc&=x"


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("8.8.8.8", True), ("10.0.0.5", False), ("192.168.1.1", False), ("169.254.169.254", False), ("0.0.0.0", False),
        ("100.64.0.1", False), ("127.0.0.1", False), ("255.255.255.255", False), ("::", False), ("::1", False),
        ("fe80::1", False), ("fe80::1%2", False), ("fd00::1", False), ("ff02::1", False), ("::ffff:10.0.0.5", False),
        ("::ffff:169.254.169.254", False), ("::ffff:8.8.8.8", True), ("2001:4860:4860::8888", True),
        ("224.0.0.1", False),
        ("64:ff9b::a00:5", False), ("64:ff9b::808:808", True), ("2002:a00:5::1", False), ("2002:7f00:1::", False),
        ("fd00:ec2::254", False), ("192.168.7.9", True), ("::ffff:192.168.7.9", True), ("192.168.8.9", False),
    ],
)  # fmt: skip
def test_what_is_not_of_the_internet_must_be_allowed(address: str, may: bool) -> None:
    assert may_call(address, ["192.168.7.0/24"]) is may


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_value_stays_one_name_of_the_path(value: str) -> None:
    if value in {".", ".."}:
        return
    found = urlsplit(checked_url(f"https://crm.test/cards/{inserted(value)}/open?who={inserted(value)}"))
    assert (found.scheme, found.netloc, found.fragment) == ("https", "crm.test", "")
    first, cards, name, last = found.path.split("/")
    assert (first, cards, unquote(name), last) == ("", "cards", value, "open")
    assert unquote(found.query) == f"who={value}"
