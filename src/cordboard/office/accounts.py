"""Who may sign in to the page: a password, what he is in the office, and a second step if he wants one."""

import base64
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import Field

from cordboard.office.documents import Document
from cordboard.office.lines.said import said
from cordboard.office.roles import Role

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

SHORTEST = 10
"""Characters of a password (NIST SP 800-63B §5.1.1 asks for 8)."""
LONGEST = 200
STEP = 30
"""Seconds for which a code of the second step counts (RFC 6238 §4.1)."""
_DIGITS = 6
_HASH = "$argon2"
_NEEDS_A_USER = frozenset({Role.OPERATOR, Role.USER})
_hashes = PasswordHash((Argon2Hasher(),))
NOBODYS = _hashes.hash("nobody has this password")
"""What is checked for a name that has no account: the answer takes as long as for one that has."""


class Account(Document):
    """One who signs in; its name is what he types, and the login of the user that he is."""

    kind: ClassVar[str] = "accounts"
    secrets: ClassVar[tuple[str, ...]] = ("password", "second_step")

    role: Role = Role.USER
    """What he may do."""
    password: Annotated[str, Field(max_length=LONGEST)] = ""
    """At least 10 characters; only a hash is kept. Without one he cannot sign in."""
    second_step: Annotated[str, Field(pattern=r"^[A-Z2-7]*$", max_length=64)] = ""
    """The secret in base 32 that his phone makes codes of (RFC 6238); empty: the password is enough."""

    @classmethod
    def kept(cls, name: str, written: str) -> str:
        """See Document: of a password only a hash."""
        if name != "password" or not written or written.startswith(_HASH):
            return written
        if not SHORTEST <= len(written) <= LONGEST:
            raise ValueError(said("password: write {least} to {most} characters", least=SHORTEST, most=LONGEST))
        return _hashes.hash(written)

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """Who has calls and messages of his own must be a user."""
        if self.role in _NEEDS_A_USER and self.name not in {user.login for user in office.users}:
            yield said("the account {name} has the role {role}, and is no user", name=self.name, role=self.role)


def matches(password: str, kept: str) -> bool:
    """Whether it is the password behind that hash. Takes about 0.1 s of a core."""
    try:
        return _hashes.verify(password, kept or NOBODYS) and bool(kept)
    except PwdlibError:  # not a hash at all: somebody wrote into the database
        return False


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step of time whose code it is, of the present one and its neighbours (RFC 6238 §5.2); None if of none."""
    clock = _clock(secret)
    now = int(at.timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        if clock.generate(step * STEP).decode() == code:
            return step
    return None


def address_for_phone(secret: str, name: str, office: str) -> str:
    """The address otpauth://totp/… that a phone's application takes as a QR code."""
    return _clock(secret).get_provisioning_uri(name, office)


def new_second_step() -> str:
    """A secret for the second step: 160 bits, as RFC 4226 §4 asks for."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def _clock(secret: str) -> TOTP:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    # SHA-1, because applications know nothing else; in an HMAC it is sound (RFC 6238 §1.2).
    return TOTP(key, _DIGITS, SHA1(), STEP, enforce_key_length=False)  # noqa: S303
