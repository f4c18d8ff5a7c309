"""What can go wrong with the store, each with a sentence that says what to do.

StoreError
├── StoreUnusableError   it cannot be opened at all
├── StoreClosedError     it was closed before the write was committed
└── ConflictError        what was to be saved contradicts what is there
"""

from cordboard.office.repositories import ClashError


class StoreError(Exception):
    """The root of this room's errors. The text is written for the user."""


class StoreUnusableError(StoreError):
    """The database cannot be opened; nothing was changed in it."""


class StoreClosedError(StoreError):
    """The store was closed while a write waited; it was not committed."""

    def __init__(self, why: str = "") -> None:
        super().__init__(f"the store was closed before this was written{': ' + why if why else ''}")


class ConflictError(StoreError, ClashError):
    """A name or number is taken already."""
