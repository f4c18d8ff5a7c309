"""Passwords of phones, of which only a hash is kept."""

import hashlib
import secrets

from cordboard.telephony.directory import Algorithm

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for each other on a desk phone's display


def phone_secret(account: str, realm: str, password: str, algorithm: Algorithm = Algorithm.MD5) -> str:
    """What `telephony.Account.secret` holds: HA1 of RFC 7616 §3.4.2, in hexadecimal."""
    text = f"{account}:{realm}:{password}".encode()
    if algorithm is Algorithm.SHA256:
        return hashlib.sha256(text).hexdigest()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()  # what phones speak; RFC 8760 allows better


def new_password(length: int = 12) -> str:
    """A password to type into a phone: 12 characters hold 59 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def new_pin(length: int = 6) -> str:
    """Digits that are not all the same."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(length))
        if len(set(pin)) > 1:
            return pin
