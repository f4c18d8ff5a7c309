"""Addresses of e-mail, of SMS and of programs, checked before anything is sent to them. Pure."""

import re
from urllib.parse import urlsplit

from cordboard.telephony import PhoneNumber

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""RFC 5321 §4.1.2, dot-string. Quoted local parts are legal and nobody has one."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST = 254
"""RFC 5321 §4.5.3.1.3."""
_LONGEST_CODE = 6
"""Digits of a short code; what is longer is a phone."""


class BadAddressError(ValueError):
    """It is no address; the text says why."""


def email_address(text: str) -> str:
    """One address as the wire has it: without spaces around, the domain in small ASCII letters. Raises BadAddressError.

    Nothing that could begin another header or command (line ends, spaces, commas, brackets) passes.
    """
    address = text.strip(" ")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise BadAddressError(f"{text!r} is no e-mail address: write name@company.com")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower() if domain else ""
    except UnicodeError:
        ascii_domain = ""
    labels = ascii_domain.split(".")
    whole = f"{local}@{ascii_domain}"
    if not all(_LABEL.fullmatch(label) for label in labels) or len(whole) > _LONGEST:
        raise BadAddressError(f"{text!r} is no e-mail address: what follows the @ is no name of a domain")
    return whole


def sms_recipient(text: str, country: str) -> str:
    """A phone in canonical writing, or a short code in digits. Raises BadAddressError.

    `country` (ISO 3166) is whose national writing is read; empty: none is.
    """
    number = PhoneNumber.parse(text, country=country)
    if number.international or (number.canonical.isdigit() and 3 <= len(number.canonical) <= _LONGEST_CODE):
        return number.canonical
    raise BadAddressError(f"{text.strip()!r} is no phone that gets SMS: write +380671234567, or a short code")


def web_address(text: str) -> str:
    """An http or https address with a host, as it is written. Raises BadAddressError."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - asking for it checks it
    except ValueError:
        parts = urlsplit("")
    plain = text.isascii() and text.isprintable() and " " not in text
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddressError(f"{text!r} is no web address: write https://company.com/path")
    if parts.username is not None or parts.password is not None:
        raise BadAddressError("a web address must not hold a password: it would be seen in traces and lists")
    return text
