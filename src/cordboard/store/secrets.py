"""Passwords that must be proved to others (of lines), encrypted in the database by a key beside it.

Who gets hold of a copy of the database alone cannot call at the company's cost. The key is a file of its own,
readable by the exchange's user only: copy it too when you make a backup, and to each node that shares the database.
"""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from cordboard.store.errors import StoreError

_MARK = "fernet:"
"""Says how a value was encrypted, so that another way can follow."""


class SecretBox:
    """Encrypts and decrypts short texts. The key file is made when the first text is encrypted."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._cipher: Fernet | None = None

    def encrypt(self, text: str) -> str:
        """`text` in a form for the database; an empty text stays empty."""
        if not text:
            return ""
        if not self._key_file.exists():
            self._make_key()
        return _MARK + self._open().encrypt(text.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """What was encrypted. Raises StoreError if the key is missing or another one."""
        if not stored:
            return ""
        try:
            return self._open().decrypt(stored.removeprefix(_MARK)).decode()
        except InvalidToken as error:
            message = f"{self._key_file} is not the key of this database: put the right one back, or set the lines' passwords anew"  # noqa: E501 - one sentence
            raise StoreError(message) from error

    def _open(self) -> Fernet:
        if self._cipher is None:
            try:
                self._cipher = Fernet(self._key_file.read_bytes().strip())
            except (OSError, ValueError) as error:
                message = f"the key {self._key_file} of the lines' passwords cannot be read: put it back from a backup, or set the passwords anew"  # noqa: E501 - one sentence
                raise StoreError(message) from error
        return self._cipher

    def _make_key(self) -> None:
        # Whole or not at all: half a key after a crash would be one that nobody can put right.
        draft = self._key_file.with_name(f"{self._key_file.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):  # another process was faster
            self._key_file.hardlink_to(draft)
        draft.unlink()
