"""Ask a web service."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from cordboard.datasource.web.ports import (
    BadPathError,
    BadUrlError,
    NoAnswerError,
    ReadAs,
    Sought,
    Web,
    WebAnswer,
    WebError,
    WebRequest,
    checked_path,
    checked_url,
    form_body,
    inserted,
    quoted,
    xml_body,
)
from cordboard.scenario.component import Component, Example, Row, Text, Value, VariableName
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.expressions.functions.json_values import json_text
from cordboard.scenario.markers import Inserts, Refers
from cordboard.scenario.said import said
from cordboard.scenario.values import show


def _url(text: str) -> str:
    try:
        return checked_url(text)
    except BadUrlError as fault:
        raise ValueError(said("this address cannot be asked: {why}", why=fault)) from fault


def _path(text: str) -> str:
    try:
        checked_path(text)
    except BadPathError as fault:
        raise ValueError(said("this path cannot be followed: {why}", why=fault)) from fault
    return text


class Method(StrEnum):
    """What is to be done."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    HEAD = "HEAD"


class Sending(StrEnum):
    """How what is sent is written."""

    JSON = "json"
    FORM = "form"
    XML = "xml"
    TEXT = "text"


_TYPES: Mapping[Sending, str] = MappingProxyType(
    {
        Sending.JSON: "application/json",
        Sending.FORM: "application/x-www-form-urlencoded",
        Sending.XML: "application/xml",
        Sending.TEXT: "text/plain; charset=utf-8",
    }
)
_ASKING = frozenset({Method.GET, Method.HEAD})


class Taken(Row):
    """One value of the answer."""

    variable: VariableName
    """The variable that takes it. It is emptied if the answer does not have it."""
    path: Annotated[str, Inserts(escape=quoted), AfterValidator(_path)]
    """Where it stands: `$.customer.name`, `$.list[0]`, `$[?@.code == 'USD'].rate` (JSON path, RFC 9535)."""
    every: bool = False
    """Whether a list of all that stand at the path is taken. Otherwise the first."""
    required: bool = False
    """Whether an answer without it is of no use, as if none had come."""


class HttpRequest(Component):
    """Asks a web service (a CRM, a bank, the weather) and takes values from its answer: JSON, XML or text.

    An address in the local network must be allowed by the administrator (`cordboard webhook allow`). Secrets are told
    by him too (`cordboard web secret set`), and scenarios only name them. Any method but GET and HEAD bears an
    `Idempotency-Key`, which stays the same if the exchange was stopped in between and the step is done again.

    XML is a record as well: attributes are `@name`, an element that comes several times is a list, words beside
    attributes are `#text`, prefixes are left out.

    Exits: *ok* with the variables filled in; *refused* if the service says no (400 and above); *no_answer* if it is
    down, too slow, or its answer is of no use; *stale* with the values of the last good answer, if the service is down
    and such an answer may be used.
    """

    kind = "http_request"
    title = "Ask a web service"
    group = "data"
    outside = True
    examples = (
        Example(
            "The rate of the dollar, asked for once an hour; for a day the last known one will do.",
            "rate:\n  component: http_request\n"
            "  url: https://bank.example.com/exchange?json\n"
            "  take:\n    - {variable: usd, path: \"$[?@.cc == 'USD'].rate\", required: yes}\n"
            "  keep: 1h\n  stale: 1d\n  age: rate_age",
        ),
        Example(
            "The customer's card by the caller's number.",
            "card:\n  component: http_request\n"
            "  url: https://crm.example.com/api/cards/{e164(caller)}\n  secret: crm\n  longest: 2s\n"
            "  take:\n    - {variable: name, path: $.name}\n    - {variable: segment, path: $.segment}",
        ),
        Example(
            "An order of a callback for the CRM.",
            "order:\n  component: http_request\n  url: https://crm.example.com/api/tasks\n  method: POST\n"
            "  secret: crm\n  values:\n    what: call back\n    phone: =e164(phone)\n"
            "  take:\n    - {variable: task, path: $.id}",
        ),
    )

    url: Annotated[str, Inserts(escape=inserted), AfterValidator(_url)]
    """The web address: `https://crm.example.com/cards/{e164(caller)}`. What is inserted, behind the host alone, is
    a part of a name, whatever signs it has."""
    method: Method = Method.GET
    """What is to be done."""
    query: dict[str, Text] = Field(default_factory=dict)
    """Names and values behind the question mark of the address."""
    headers: dict[str, Text] = Field(default_factory=dict)
    """Further headers: names and values."""
    secret: Annotated[str, Refers("secret")] = ""
    """The name of the secret that proves who asks."""
    values: dict[str, Value] = Field(default_factory=dict)
    """What is sent: names and values. In XML one name, the root's, with a record."""
    send_as: Sending = Sending.JSON
    """How the values are written. With `text` the text below is sent instead."""
    text: Text = ""
    """What is sent as it stands. Another content type is a header."""
    read_as: ReadAs = ReadAs.AUTO
    """How the answer is read. With `auto` its content type says it."""
    take: Annotated[tuple[Taken, ...], Field(max_length=50)] = ()
    """What is taken from a good answer."""
    result: VariableName = ""
    """The variable that takes the whole answer: a record, a list or a text."""
    status: VariableName = ""
    """The variable that takes the number of the answer: 200."""
    problem: VariableName = ""
    """The variable that takes in words why there is no answer; it is emptied otherwise."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=5)
    """How long all of it may take: `2s`."""
    keep: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))] = timedelta(0)
    """For how long a good answer is used again instead of asking: `10m`. Others who ask the same get it too."""
    stale: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))] = timedelta(0)
    """How old the last good answer may be that is used when the service is down: `1d`. Empty: it is not used."""
    age: VariableName = ""
    """The variable that takes how old the answer is, a duration: `0s` if it has just come."""
    repeatable: bool = False
    """Whether a POST or PATCH that may have arrived is sent again: if the service knows it by its `Idempotency-Key`."""

    class Exit(StrEnum):
        """Its exits."""

        OK = "ok"
        REFUSED = "refused"
        NO_ANSWER = "no_answer"
        STALE = "stale"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """An old answer comes only where one may be used."""
        return tuple(exit_ for exit_ in cls.fixed_exits() if exit_ != cls.Exit.STALE or written.get("stale"))

    async def run(self, ctx: Context) -> str:
        """Ask."""
        try:
            answer = await ctx.port(Web).ask(self._request(ctx))
        except NoAnswerError as fault:
            ctx.log.warning("no answer: %s", fault)
            ctx.set(self.problem, str(fault))
            ctx.set(self.status, None)
            return self.Exit.NO_ANSWER
        except (WebError, ValueError) as fault:
            raise ScenarioError(str(fault)) from fault
        ctx.set(self.problem, "")
        ctx.set(self.status, answer.status)
        ctx.set(self.result, answer.value)
        if not answer.good:
            return self.Exit.REFUSED
        for name, row in self._rows().items():
            ctx.set(row.variable, answer.taken.get(name))
        ctx.set(self.age, timedelta(seconds=round(answer.age)))
        return self._exit(answer)

    def _exit(self, answer: WebAnswer) -> str:
        return self.Exit.STALE if answer.stale else self.Exit.OK

    def _rows(self) -> Mapping[str, Taken]:
        return {str(index): row for index, row in enumerate(self.take)}

    def _request(self, ctx: Context) -> WebRequest:
        body = self._body()
        headers = dict(self.headers)
        named = {name.lower() for name in headers}
        if body and "content-type" not in named:
            headers["Content-Type"] = _TYPES[self.send_as]
        if self.method not in _ASKING and "idempotency-key" not in named:
            headers["Idempotency-Key"] = hashlib.blake2b(ctx.visit.encode(), digest_size=16).hexdigest()
        return WebRequest(
            url=checked_url(self.url, self.query),
            method=self.method.value,
            headers=headers,
            body=body,
            secret=self.secret,
            timeout=self.longest.total_seconds(),
            read=self.read_as,
            take={name: Sought(row.path, row.every, row.required) for name, row in self._rows().items()},
            whole=bool(self.result),
            keep=self.keep.total_seconds(),
            stale=self.stale.total_seconds(),
            repeatable=self.repeatable,
        )

    def _body(self) -> bytes:
        if self.send_as is Sending.TEXT:
            return self.text.encode()
        if not self.values:
            return b""
        if self.send_as is Sending.JSON:
            return json_text(self.values).encode()
        if self.send_as is Sending.FORM:
            return form_body({name: show(value) for name, value in self.values.items()})
        return xml_body(_shown(self.values))


def _shown(value: Any) -> Any:
    """A value with texts alone inside."""
    if isinstance(value, Mapping):
        return {name: _shown(inner) for name, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else show(value)
