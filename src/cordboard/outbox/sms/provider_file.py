"""A provider of SMS over HTTP, described by a file (TOML): what it is asked, and what its answers mean. Pure."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cordboard.outbox.sms.line_settings import LineSetting

OF_A_MESSAGE = ("to", "digits", "text", "sender", "key", "parts")
"""What a request may insert of a message: the phone with its plus and without, the words, who sends, our own name for
it, the number of its parts."""
_REFERENCE = "reference"
_INSERT = re.compile(r"\{([a-z_]+)\}")


class ProviderFileError(ValueError):
    """The description cannot be used; the text says what is wrong with it."""


class Means(StrEnum):
    """What an answer means."""

    TAKEN = "taken"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Texts have inserts."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    """Of any shape, with texts in it."""
    basic: Sequence[str] = ()
    """User and password."""

    def texts(self) -> Iterator[str]:
        """Each text that may have inserts."""
        yield from (self.url, *self.headers.values(), *self.query.values(), *self.form.values(), *self.basic)
        yield from _texts(self.json)


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """An answer that all given conditions fit means something."""

    means: Means
    status: Sequence[int] = ()
    path: str = ""
    values: Sequence[str] = ()
    """What stands at `path`; none: something must stand there."""
    pattern: str = ""
    """What the body must have; its group `reference`, if there is one, is the reference."""
    reference: str = ""
    """Where the reference stands; several with commas."""
    words: str = ""
    """Where words for people stand."""


@dataclass(frozen=True, slots=True)
class FateWords:
    """How a fate is told, in an answer or a callback."""

    fate: str
    """Where it stands."""
    delivered: Sequence[str]
    failed: Sequence[str]
    """Any other word means that it is on its way."""
    words: str = ""
    reference: str = ""
    """Of a callback: where our message is named by the provider's reference, …"""
    key: str = ""
    """… by our key, …"""
    to: str = ""
    """… or by its phone."""


@dataclass(frozen=True, slots=True)
class Poll:
    """How the fate of a message is asked for; the request inserts `reference`."""

    request: Request
    fate: FateWords
    every: float = 60.0
    """Seconds between two rounds."""


@dataclass(frozen=True, slots=True)
class IncomingFields:
    """Where a callback has an SMS that came in."""

    sender: str
    text: str
    to: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A description that was read."""

    about: str
    settings: Sequence[LineSetting]
    send: Request
    answers: Sequence[AnswerRule]
    poll: Poll | None = None
    report: FateWords | None = None
    incoming: IncomingFields | None = None


def read_provider(text: str) -> Provider:
    """Read a description. Raises ProviderFileError."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ProviderFileError(f"this is no TOML: {fault}") from fault
    _known(written, "", ("about", "settings", "send", "answers", "poll", "report", "incoming"))
    settings = [_setting(name, each) for name, each in _table(written, "settings").items()]
    send = _request(_table(written, "send"), "send")
    poll = _poll(_table(written, "poll")) if "poll" in written else None
    provider = Provider(
        str(written.get("about", "")),
        settings,
        send,
        [_rule(each, number) for number, each in enumerate(written.get("answers", []), 1)],
        poll,
        _fate(_table(written, "report"), "report") if "report" in written else None,
        _incoming(_table(written, "incoming")) if "incoming" in written else None,
    )
    _check_inserts(send, "send", [*OF_A_MESSAGE, *(each.name for each in settings)])
    if poll is not None:
        _check_inserts(poll.request, "poll", [_REFERENCE, *(each.name for each in settings)])
    return provider


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its inserts; what is inserted is not looked at again."""
    return _INSERT.sub(lambda match: values[match[1]], text)


def filled_json(shape: Any, values: Mapping[str, str]) -> Any:
    """A shape of JSON with the inserts of its texts; fields of objects that come out empty are left away."""
    if isinstance(shape, str):
        return filled(shape, values)
    if isinstance(shape, list):
        return [filled_json(each, values) for each in shape]
    if isinstance(shape, dict):
        inner = {name: filled_json(each, values) for name, each in shape.items()}
        return {name: each for name, each in inner.items() if each != ""}
    return shape


def at(value: Any, path: str) -> Any:
    """What stands at a path of names and places (`messages.0.id`); None: nothing does."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _texts(shape: Any) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif isinstance(shape, dict):
        for each in shape.values():
            yield from _texts(each)
    elif isinstance(shape, list):
        for each in shape:
            yield from _texts(each)


def _check_inserts(request: Request, place: str, names: Sequence[str]) -> None:
    for text in request.texts():
        for name in _INSERT.findall(text):
            if name not in names:
                insert = f"{{{name}}}"
                raise ProviderFileError(f"[{place}] inserts {insert}, and there are {', '.join(names)}")


def _table(written: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = written.get(name, {})
    if not isinstance(found, dict):
        raise ProviderFileError(f"{name}: write it as a section, [{name}]")
    return found


def _known(table: Mapping[str, Any], place: str, names: Sequence[str]) -> None:
    for name in table:
        if name not in names:
            possible = ", ".join(names)
            raise ProviderFileError(
                f"[{place}] has {name!r}; it may have {possible}"
                if place
                else f"the description has {name!r}; it may have {possible}"
            )


def _needed(table: Mapping[str, Any], place: str, *names: str) -> None:
    for name in names:
        if not table.get(name):
            raise ProviderFileError(f"[{place}] needs {name!r}")


def _setting(name: str, written: Any) -> LineSetting:
    place = f"settings.{name}"
    if not isinstance(written, dict):
        raise ProviderFileError(f"{place}: write it as a section, [{place}]")
    _known(written, place, ("help", "default", "secret"))
    if name in (*OF_A_MESSAGE, _REFERENCE) or not _INSERT.fullmatch(f"{{{name}}}"):
        raise ProviderFileError(f"a setting cannot be called {name!r}: take another name in small letters")
    return LineSetting(name, str(written.get("help", "")), written.get("default"), bool(written.get("secret")))


_OF_A_REQUEST = ("method", "url", "headers", "query", "form", "json", "basic")


def _request(table: Mapping[str, Any], place: str) -> Request:
    _known(table, place, (*_OF_A_REQUEST, *(("every", "answer") if place == "poll" else ())))
    _needed(table, place, "url")
    if "form" in table and "json" in table:
        raise ProviderFileError(f"[{place}] has a form and JSON: a request has one body")
    given = {name: table[name] for name in _OF_A_REQUEST if name in table}
    for name in ("headers", "query", "form"):
        given[name] = {key: str(value) for key, value in _table(table, name).items()}
    request = Request(**given)
    if len(request.basic) not in (0, 2):
        raise ProviderFileError(f'[{place}] basic: write the user and the password, ["{{login}}", "{{password}}"]')
    return request


def _rule(written: Any, number: int) -> AnswerRule:
    place = f"answers No. {number}"
    if not isinstance(written, dict):
        raise ProviderFileError("answers: write each as a section, [[answers]]")
    _known(written, place, ("means", "status", "path", "values", "pattern", "reference", "words"))
    try:
        means = Means(written.get("means", ""))
        re.compile(str(written.get("pattern", "")))
    except re.error as fault:
        raise ProviderFileError(f"[{place}] has a pattern that is none: {fault}") from fault
    except ValueError as fault:
        raise ProviderFileError(f"[{place}] means one of {', '.join(Means)}") from fault
    rest = {name: str(written[name]) for name in ("path", "pattern", "reference", "words") if name in written}
    status = [int(each) for each in _several(written.get("status"))]
    return AnswerRule(means, status, values=_several(written.get("values")), **rest)


def _several(written: Any) -> Sequence[str]:
    if written is None:
        return ()
    return [_word(each) for each in (written if isinstance(written, list) else [written])]


def _word(value: Any) -> str:
    """As JSON writes it, so that `true` in the file is the true of an answer."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fate(table: Mapping[str, Any], place: str) -> FateWords:
    _known(table, place, ("fate", "delivered", "failed", "words", "reference", "key", "to"))
    _needed(table, place, "fate", "delivered", "failed")
    if place == "report" and not any(table.get(name) for name in ("reference", "key", "to")):
        raise ProviderFileError("[report] must say which message it is about: reference, key or to")
    rest = {name: str(table[name]) for name in ("words", "reference", "key", "to") if name in table}
    return FateWords(str(table["fate"]), _several(table["delivered"]), _several(table["failed"]), **rest)


def _poll(table: Mapping[str, Any]) -> Poll:
    every = table.get("every", 60)
    if not isinstance(every, (int, float)) or every < 1:
        raise ProviderFileError("[poll] every: write seconds, 60")
    return Poll(_request(table, "poll"), _fate(_table(table, "answer"), "poll.answer"), float(every))


def _incoming(table: Mapping[str, Any]) -> IncomingFields:
    _known(table, "incoming", ("sender", "text", "to", "key"))
    _needed(table, "incoming", "sender", "text")
    return IncomingFields(**{name: str(value) for name, value in table.items()})
