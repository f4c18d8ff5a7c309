"""What can go wrong with a database.

SqlError                 no such source, refused, a statement that is not allowed
├── SqlTextError         the text cannot be understood
└── SqlTimeoutError      no answer in time
    └── SqlAwayError     the source does not answer at all
"""


class SqlError(Exception):
    """The text is a sentence that says what to do; it never holds a password."""


class SqlTextError(SqlError):
    """The text of a query is wrong; the sentence names the place."""


class SqlTimeoutError(SqlError):
    """No answer came in time."""


class SqlAwayError(SqlTimeoutError):
    """The source does not answer."""
