"""The office in the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from cordboard.office.audit import AuditEntry
from cordboard.office.documents import Document
from cordboard.office.kinds import KINDS
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
from cordboard.office.repositories import PinFailures
from cordboard.store.audit import write_audit
from cordboard.store.errors import ConflictError
from cordboard.store.office_tables import office_documents
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.secrets import SecretBox
from cordboard.store.tables import accounts, internal_numbers, lines, pin_failures, routes, settings, users
from cordboard.store.writer import Writer
from cordboard.telephony import Line
from cordboard.telephony.directory import Algorithm, LineMode

Row = dict[str, Any]
_LISTS = ("lines", "users", "groups")
"""The columns of a route that hold several names."""

_log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a kind of item stands in its table."""

    table: Table
    key: str
    row: Callable[[Any], Row]


class OfficeStore:
    """Implements `office.repositories.OfficeRepository`."""

    def __init__(self, writer: Writer, reader: Reader, secrets: SecretBox) -> None:
        self._writer = writer
        self._reader = reader
        self._secrets = secrets
        self._shapes: Mapping[type[Any], _Shape] = {
            User: _Shape(users, "login", _user_row),
            UserPhone: _Shape(accounts, "name", _phone_row),
            OfficeLine: _Shape(lines, "name", self._line_row),
            InternalNumber: _Shape(internal_numbers, "number", asdict),
            Route: _Shape(routes, "name", _route_row),
        }

    async def load(self) -> OfficeData:
        """The office as it stands."""
        return await self._reader.read(self._read)

    async def version(self) -> int:
        """The revision of the office.

        Not SQLite's data_version: that moves with each of our own writes to the call log too.
        """
        return await self._reader.read(lambda c: c.execute(select(settings.c.revision)).scalar() or 0)

    async def save(self, *items: OfficeItem) -> None:
        """Add or replace all items, or none."""
        # Users first: phones refer to them.
        ordered = sorted(items, key=lambda item: not isinstance(item, User))

        def write(connection: Connection) -> None:
            _raise_revision(connection)
            for item in ordered:
                self._write(connection, item)

        await self._writer.transact(write)

    async def remove(self, item: OfficeItem) -> bool:
        """Remove what has the item's key."""
        if isinstance(item, OfficeSettings):
            return False

        def write(connection: Connection) -> bool:
            _raise_revision(connection)
            return self._remove(connection, item)

        return await self._writer.transact(write)

    async def change(
        self,
        save: Sequence[OfficeItem],
        remove: Sequence[OfficeItem],
        note: Sequence[AuditEntry],
        *,
        version: int,
    ) -> bool:
        """See `office.configuration.OfficeChanges`."""
        ordered = sorted(save, key=lambda item: not isinstance(item, User))

        def write(connection: Connection) -> bool:
            if not _raise_revision(connection, only=version):
                return False
            for item in remove:
                self._remove(connection, item)
            for item in ordered:
                self._free(connection, item)
            for item in ordered:
                self._write(connection, item)
            write_audit(connection, note)
            return True

        return await self._writer.transact(write)

    def _remove(self, connection: Connection, item: OfficeItem) -> bool:
        if isinstance(item, Document):
            table = office_documents
            gone = delete(table).where(table.c.kind == item.kind, table.c.name == item.name)
        else:
            shape = self._shapes[type(item)]
            gone = delete(shape.table).where(shape.table.c[shape.key] == shape.row(item)[shape.key])
        if isinstance(item, User):  # whoever gets the login next starts anew
            connection.execute(delete(pin_failures).where(pin_failures.c.login == item.login))
        return connection.execute(gone).rowcount > 0

    def _free(self, connection: Connection, item: OfficeItem) -> None:
        """Let go of the numbers of what is about to be written: those of two may change places."""
        if isinstance(item, User):  # his phones hang on him, so he stays
            nowhere = {"number": f"~{item.login}"}
            connection.execute(update(users).where(users.c.login == item.login).values(nowhere))
        elif isinstance(item, Document | InternalNumber | UserPhone):
            self._remove(connection, item)

    def _write(self, connection: Connection, item: OfficeItem) -> None:
        if isinstance(item, OfficeSettings):
            connection.execute(update(settings).values(asdict(item)))  # its only row is there since the revision rose
            return
        if isinstance(item, Document):
            for number in item.numbers():
                _refuse_number_of_others(connection, item, number)
            put(connection, office_documents, self._document_row(item))
            return
        if isinstance(item, User | InternalNumber):
            _refuse_taken_number(connection, item)
        if isinstance(item, UserPhone):
            _refuse_foreign_account(connection, item)
        shape = self._shapes[type(item)]
        try:
            put(connection, shape.table, shape.row(item))
        except IntegrityError as error:
            message = f"{item!r} refers to what is not there"
            raise ConflictError(message) from error

    def _read(self, connection: Connection) -> OfficeData:
        def all_of(table: Table) -> list[RowMapping]:
            order = list(table.primary_key)
            return list(connection.execute(select(table).order_by(*order)).mappings())

        known = all_of(settings)
        return OfficeData(
            settings=_settings(known[0]) if known else OfficeSettings(),
            users=tuple(_user(row) for row in all_of(users)),
            phones=tuple(_phone(row) for row in all_of(accounts)),
            lines=tuple(self._line(row) for row in all_of(lines)),
            internal_numbers=tuple(InternalNumber(**row) for row in all_of(internal_numbers)),
            routes=tuple(_route(row) for row in all_of(routes)),
            documents=tuple(each for row in all_of(office_documents) if (each := self._document(row))),
        )

    def _document_row(self, item: Document) -> Row:
        body = item.model_dump(mode="json", exclude={"name"})
        hidden = {name: self._secrets.encrypt(body[name]) for name in item.secrets}
        return {"kind": item.kind, "name": item.name, "body": body | hidden, "numbers": list(item.numbers())}

    def _document(self, row: RowMapping) -> Document | None:
        """None for one that this version does not know any more: it stays in the database."""
        kind = KINDS.get(row["kind"])
        if kind is None:
            return None
        shown = {name: self._secrets.decrypt(row["body"][name]) for name in kind.secrets if name in row["body"]}
        try:
            return kind.model_validate({**row["body"], **shown, "name": row["name"]})
        except ValueError as fault:
            _log.error(
                "a part of the office cannot be read, it is left out",
                kind=row["kind"],
                name=row["name"],
                fault=str(fault),
            )
            return None

    def _line_row(self, item: OfficeLine) -> Row:
        row = {name: value for name, value in asdict(item.line).items() if name in lines.c}
        row |= {"scenario": item.scenario, "enabled": item.enabled}
        return row | {"password": self._secrets.encrypt(item.line.password)}

    def _line(self, row: RowMapping) -> OfficeLine:
        fields = dict(row)
        scenario, enabled = fields.pop("scenario"), fields.pop("enabled")
        fields |= {"mode": LineMode(row["mode"]), "password": self._secrets.decrypt(row["password"])}
        return OfficeLine(Line(**fields), scenario, enabled)


class StoredPinFailures:
    """Implements `office.repositories.PinFailureRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def get(self, login: str) -> PinFailures:
        """Wrong ones in a row."""
        query = select(pin_failures).where(pin_failures.c.login == login)

        def read(connection: Connection) -> PinFailures:
            row = connection.execute(query).mappings().one_or_none()
            return PinFailures(row["wrong"], row["locked_until"]) if row else PinFailures()

        return await self._reader.read(read)

    async def put(self, login: str, failures: PinFailures) -> None:
        """Keep them."""
        row = {"login": login, "wrong": failures.wrong, "locked_until": failures.locked_until}
        await self._writer.transact(lambda connection: put(connection, pin_failures, row))


def _raise_revision(connection: Connection, *, only: int | None = None) -> bool:
    """False, and nothing is written, if the office is not at the revision `only` any more."""
    raising = update(settings).values(revision=settings.c.revision + 1)
    if only is not None:
        raising = raising.where(settings.c.revision == only)
    if connection.execute(raising).rowcount:
        return True
    if only:
        return False
    if only == 0 and connection.execute(select(settings.c.id)).first():
        return False
    connection.execute(insert(settings).values({"id": 1, "revision": 1} | asdict(OfficeSettings())))
    return True


def _refuse_taken_number(connection: Connection, item: User | InternalNumber) -> None:
    """One number has one owner: users and scenarios share the numbering."""
    login = item.login if isinstance(item, User) else ""
    owner = connection.execute(
        select(users.c.name).where(users.c.number == item.number, users.c.login != login)
    ).scalar_one_or_none()
    if owner is None and isinstance(item, User):
        owner = connection.execute(
            select(internal_numbers.c.scenario).where(internal_numbers.c.number == item.number)
        ).scalar_one_or_none()
    if owner is None:
        owner = _document_with(connection, item.number)
    if owner is not None:
        message = f"the number {item.number} is taken by {owner}: choose another or free it first"
        raise ConflictError(message)


def _refuse_number_of_others(connection: Connection, item: Document, number: str) -> None:
    owner = connection.execute(select(users.c.name).where(users.c.number == number)).scalar_one_or_none()
    if owner is None:
        owner = connection.execute(
            select(internal_numbers.c.scenario).where(internal_numbers.c.number == number)
        ).scalar_one_or_none()
    if owner is None:
        owner = _document_with(connection, number, but=item)
    if owner is not None:
        message = f"the number {number} is taken by {owner}: choose another or free it first"
        raise ConflictError(message)


def _document_with(connection: Connection, number: str, *, but: Document | None = None) -> str | None:
    for row in connection.execute(select(office_documents)).mappings():
        same = but is not None and (row["kind"], row["name"]) == (but.kind, but.name)
        if not same and number in row["numbers"]:
            return f"{row['kind']}/{row['name']}"
    return None


def _refuse_foreign_account(connection: Connection, phone: UserPhone) -> None:
    owner = connection.execute(select(accounts.c.login).where(accounts.c.name == phone.account)).scalar_one_or_none()
    if owner not in (None, phone.login):
        message = f"the account {phone.account} belongs to {owner}: choose another name"
        raise ConflictError(message)


def _user_row(user: User) -> Row:
    return asdict(user) | {"allowed_prefixes": list(user.allowed_prefixes)}


def _user(row: RowMapping) -> User:
    return User(**{**row, "allowed_prefixes": tuple(row["allowed_prefixes"])})


def _phone_row(phone: UserPhone) -> Row:
    row = asdict(phone)
    return {"name": row.pop("account"), **row}


def _phone(row: RowMapping) -> UserPhone:
    return UserPhone(row["name"], row["login"], row["secret"], Algorithm(row["algorithm"]), row["behind_nat"])


def _route_row(route: Route) -> Row:
    return asdict(route) | {name: list(getattr(route, name)) for name in _LISTS}


def _route(row: RowMapping) -> Route:
    return Route(**{**row, **{name: tuple(row[name]) for name in _LISTS}})


def _settings(row: RowMapping) -> OfficeSettings:
    return OfficeSettings(**{name: value for name, value in row.items() if name not in ("id", "revision")})
