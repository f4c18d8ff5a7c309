"""What an office consists of, for those who set it up: each kind with its fields, its key and its secrets.

One table serves the HTTP API, the export as text, and the audit. The kinds beside people and lines are the documents of
`office.kinds`; the fields of the others come from the dataclasses of `office.model`.
"""

import ast
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from cordboard.office.audit import MASK
from cordboard.office.documents import Document
from cordboard.office.kinds import KINDS
from cordboard.office.lines.said import said
from cordboard.office.model import (
    InternalNumber,
    OfficeData,
    OfficeItem,
    OfficeLine,
    OfficeSettings,
    Route,
    User,
    UserPhone,
)
from cordboard.office.passwords import phone_secret
from cordboard.office.pins import hash_pin
from cordboard.telephony import Line
from cordboard.telephony.directory import Algorithm

Json = dict[str, Any]
SETTINGS = "settings"
USERS, PHONES = "users", "phones"
_LONGEST_KEY = 100
_LONGEST_TEXT = 20_000
_WIDEST = 2**31
_OF_GATEWAYS = ("prefix", "called", "check_every", "inband_keys")
"""Fields of a line that gateways and the rules of lines set."""


class ConfigurationError(Exception):
    """What was written is not right; nothing was changed."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
        """A sentence for each thing to set right."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of things that are set up."""

    kind: str
    key: str
    """The field that names one of them; empty: there is only one."""
    shape: type[BaseModel]
    """The fields, with what is written of secrets."""
    stored: type[BaseModel]
    """The fields as they are kept, with hashes."""
    items: Callable[[OfficeData], Sequence[Any]]
    flat: Callable[[Any], Json]
    """An item as plain values by field, as `stored` has them."""
    build: Callable[[Any], OfficeItem]
    """The item of a sound `stored`."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """What is written of each secret → the field in which it, or its hash, is kept."""
    hashed: Callable[[Json, Json, Json, OfficeSettings], Json] | None = None
    """Makes hashes of new secrets: (what is new, the other fields, the old fields, settings) → fields that are kept."""

    def keyed(self, office: OfficeData) -> dict[str, OfficeItem]:
        """Those of an office, by key."""
        return {self.key_of(self.flat(each)): each for each in self.items(office)}

    def key_of(self, values: Mapping[str, Any]) -> str:
        """The key among the fields of one."""
        return str(values[self.key]) if self.key else ""

    def show(self, item: OfficeItem) -> Json:
        """Its fields for everybody: secrets that are set are masked."""
        flat = self.flat(item)
        masks = {written: MASK if flat.get(kept) else "" for written, kept in self.secrets.items()}
        hidden = set(self.secrets.values())
        return {name: value for name, value in flat.items() if name not in hidden} | masks

    def read(self, body: Mapping[str, Any], old: OfficeItem | None, settings: OfficeSettings) -> OfficeItem:
        """An item of what was written. A secret that is left out or masked stays as it is; an empty one is taken away.

        Raises ConfigurationError. Slow if a PIN is to be hashed.
        """
        before = self.flat(old) if old is not None else {}
        values = {name: value for name, value in body.items() if name not in self.secrets}
        kept = {name: before[name] for name in self.secrets.values() if name in before}
        fresh = {name: body[name] for name in self.secrets if body.get(name, MASK) not in {MASK, None}}
        if wrong := [name for name, value in fresh.items() if not isinstance(value, str)]:
            raise ConfigurationError([said("{name}: write a text", name=name) for name in wrong])
        refuse_unstorable(body)
        if unknown := sorted(set(values) & set(self.secrets.values())):
            raise ConfigurationError([said("{name}: there is no such field", name=name) for name in unknown])
        new = (
            self.hashed(fresh, values, before, settings)
            if self.hashed
            else {self.secrets[name]: value for name, value in fresh.items()}
        )
        return self.sound(values | kept | new)

    def whole(self, kept: Json, values: Json, settings: OfficeSettings) -> OfficeItem:
        """An item of all its fields as a text has them: hashes, or a new PIN or password in clear.

        `kept` are the secrets that stay unless the text has others. Raises ConfigurationError.
        """
        clear = {name: str(values.pop(name)) for name in self.secrets if name in values and self.hashed}
        new = self.hashed(clear, values, {}, settings) if clear and self.hashed else {}
        return self.sound(kept | values | new)

    def sound(self, values: Mapping[str, Any]) -> OfficeItem:
        """An item of all its fields, hashes as they are kept. Raises ConfigurationError."""
        refuse_unstorable(values)
        try:
            item = self.build(self.stored.model_validate(dict(values)))
        except ValidationError as error:
            raise ConfigurationError(list(_sentences(error))) from error
        except ValueError as error:
            raise ConfigurationError([str(error)]) from error
        key = self.key_of(self.flat(item))
        if self.key and not 0 < len(key.strip()) <= _LONGEST_KEY:
            raise ConfigurationError([said("{name}: write 1 to {most} characters", name=self.key, most=_LONGEST_KEY)])
        return item


def refuse_unstorable(value: Any, place: str = "") -> None:
    """Raises ConfigurationError for what no database takes: they would fail where nobody understands it."""
    match value:
        case str():
            if "\0" in value or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
                raise ConfigurationError([said("{name}: a character cannot be kept: write the text anew", name=place)])
            if len(value) > _LONGEST_TEXT:
                raise ConfigurationError(
                    [said("{name}: write at most {most} characters", name=place, most=_LONGEST_TEXT)]
                )
        case bool():
            pass
        case int():
            if not -_WIDEST <= value < _WIDEST:
                raise ConfigurationError([said("{name}: the number is too large", name=place)])
        case float():
            if not math.isfinite(value):
                raise ConfigurationError([said("{name}: write a number", name=place)])
        case Mapping():
            for name, inner in value.items():
                refuse_unstorable(name, place)
                refuse_unstorable(inner, f"{place}.{name}" if place else str(name))
        case list() | tuple():
            for number, inner in enumerate(value, 1):
                refuse_unstorable(inner, f"{place}[{number}]")
        case _:
            pass


def _sentences(error: ValidationError) -> Iterator[str]:
    """One for each fault: the place, and what is wrong."""
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        words = fault["msg"].removeprefix("Value error, ")
        yield f"{place}: {words}" if place else words


def _shape(name: str, *classes: type[Any], without: Sequence[str] = (), more: Mapping[str, str] | None = None) -> Any:
    """A model with the fields of dataclasses, and texts beside them: name → help."""
    found: dict[str, Any] = {}
    for each in classes:
        types, helps = get_type_hints(each), _helps(each)
        for own in fields(each):
            if own.name not in without:
                default = ... if own.default is MISSING else own.default
                found[own.name] = (types[own.name], Field(default=default, description=helps.get(own.name)))
    for plain, text in (more or {}).items():
        found[plain] = (str, Field(default="", description=text, json_schema_extra={"writeOnly": True}))
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **found)


def _helps(kind: type[Any]) -> dict[str, str]:
    """The string under each field of a class, as pydantic reads those of its own classes."""
    (body,) = (each.body for each in ast.parse(inspect.getsource(kind)).body if isinstance(each, ast.ClassDef))
    return {
        one.target.id: inspect.cleandoc(other.value.value)
        for one, other in pairwise(body)
        if isinstance(one, ast.AnnAssign)
        and isinstance(one.target, ast.Name)
        and isinstance(other, ast.Expr)
        and isinstance(other.value, ast.Constant)
        and isinstance(other.value.value, str)
    }


def _plain(item: Any, stored: type[BaseModel]) -> Json:
    shown = asdict(item)
    return stored.model_construct(**{name: shown[name] for name in stored.model_fields}).model_dump(mode="json")


def _of(kind: type[Any], stored: type[BaseModel]) -> dict[str, Any]:
    """What a part needs whose items are flat dataclasses."""
    return {
        "stored": stored,
        "flat": lambda item: _plain(item, stored),
        "build": lambda model: kind(**{name: getattr(model, name) for name in stored.model_fields}),
    }


def _pin(fresh: Json, _values: Json, _before: Json, _settings: OfficeSettings) -> Json:
    pin = fresh.get("pin")
    if pin is None:
        return {}
    if pin and not (pin.isascii() and pin.isdigit() and 3 < len(pin) <= 32):
        raise ConfigurationError([said("pin: write 4 to 32 digits: it is typed on a telephone")])
    return {"pin_hash": hash_pin(pin) if pin else ""}


def _password(fresh: Json, values: Json, before: Json, settings: OfficeSettings) -> Json:
    algorithm = values.get("algorithm", Algorithm.MD5)
    password = fresh.get("password")
    if password == "" or (password is None and (not before or before.get("algorithm") != algorithm)):
        raise ConfigurationError([said("password: write one: of a phone only a hash is kept, made for its algorithm")])
    if password is None:
        return {}
    if algorithm not in set(Algorithm):
        raise ConfigurationError([said("algorithm: choose one of {known}", known=", ".join(Algorithm))])
    return {"secret": phone_secret(str(values.get("account", "")), settings.realm, password, Algorithm(algorithm))}


_settings = _shape("OfficeSettingsForm", OfficeSettings)
_user = _shape("StoredUser", User)
_phone = _shape("StoredPhone", UserPhone)
_line = _shape("StoredLine", Line, OfficeLine, without=("line", *_OF_GATEWAYS))
_number = _shape("InternalNumberForm", InternalNumber)
_route = _shape("RouteForm", Route)


def _flat_line(item: OfficeLine) -> Json:
    values = asdict(item.line) | {"scenario": item.scenario, "enabled": item.enabled}
    return cast(
        "Json", _line.model_construct(**{each: values[each] for each in _line.model_fields}).model_dump(mode="json")
    )


def _build_line(model: Any) -> OfficeLine:
    values = {name: getattr(model, name) for name in _line.model_fields}
    scenario, enabled = values.pop("scenario"), values.pop("enabled")
    return OfficeLine(Line(**values), scenario, enabled)


def _document(kind: str, shape: type[Document]) -> Part:
    def hashed(fresh: Json, *_: Any) -> Json:
        try:
            return {name: shape.kept(name, value) for name, value in fresh.items()}
        except ValueError as error:
            raise ConfigurationError([str(error)]) from error

    return Part(
        kind,
        "name",
        shape,
        stored=shape,
        items=lambda office: list(office.of(shape).values()),
        flat=lambda item: cast("Json", item.model_dump(mode="json")),
        build=lambda model: cast("Document", model),
        secrets={name: name for name in shape.secrets},
        hashed=hashed,
    )


def _every() -> Iterator[Part]:
    yield Part(SETTINGS, "", _settings, items=lambda office: [office.settings], **_of(OfficeSettings, _settings))
    yield Part(
        USERS,
        "login",
        _shape("UserForm", User, without=("pin_hash",), more={"pin": "A new PIN, in digits; never shown."}),
        items=lambda office: office.users,
        secrets={"pin": "pin_hash"},
        hashed=_pin,
        **_of(User, _user),
    )
    yield Part(
        PHONES,
        "account",
        _shape("PhoneForm", UserPhone, without=("secret",), more={"password": "A new password; never shown."}),
        items=lambda office: office.phones,
        secrets={"password": "secret"},
        hashed=_password,
        **_of(UserPhone, _phone),
    )
    yield Part(
        "lines",
        "name",
        _shape(
            "LineForm",
            Line,
            OfficeLine,
            without=("line", "password", *_OF_GATEWAYS),
            more={"password": "What is proved to the provider; never shown."},
        ),
        stored=_line,
        items=lambda office: office.lines,
        flat=_flat_line,
        build=_build_line,
        secrets={"password": "password"},
    )
    yield Part(
        "internal_numbers",
        "number",
        _number,
        items=lambda office: office.internal_numbers,
        **_of(InternalNumber, _number),
    )
    yield Part("routes", "name", _route, items=lambda office: office.routes, **_of(Route, _route))
    yield from (_document(kind, shape) for kind, shape in KINDS.items())


def parts() -> Mapping[str, Part]:
    """Every kind, in the order in which they are exported."""
    return {part.kind: part for part in _every()}
