"""The office as it is set up: looked at, changed, and noted in the audit, one thing at a time or as a whole."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cordboard.office.audit import Actor, AuditEntry, entry
from cordboard.office.checks import faults
from cordboard.office.configuration_parts import PHONES, SETTINGS, USERS, ConfigurationError, Json, Part, parts
from cordboard.office.documents import Document
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
from cordboard.office.numbering import NumberingPlan
from cordboard.telephony import Clock, PhoneNumber

_TRIES = 8
"""How often a change is made anew because another one came in between."""


class OfficeChanges(Protocol):
    """Keeps the office, and changes it together with the entries of the audit."""

    async def load(self) -> OfficeData:
        """See OfficeRepository."""

    async def version(self) -> int:
        """See OfficeRepository."""

    async def change(
        self,
        save: Sequence[OfficeItem],
        remove: Sequence[OfficeItem],
        note: Sequence[AuditEntry],
        *,
        version: int,
    ) -> bool:
        """Remove, then add or replace, and note it: all or nothing, durably. Among `save`, numbers may change places.

        False, and nothing is changed, if the office is not at `version` any more. Raises ClashError.
        """


class StaleError(Exception):
    """Somebody else has changed it since it was looked at."""


class MissingError(LookupError):
    """There is no such kind, or no such thing of a kind."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing as everybody may see it."""

    kind: str
    key: str
    fields: Json
    """By name; secrets that are set are masked."""
    mark: str
    """Changes whenever the fields do."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a change."""

    shown: Shown
    added: bool
    """Whether there was none before."""
    warnings: Sequence[str]
    """What is wrong with the office now: it works, and somebody should know."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a text has otherwise than the office."""

    kind: str
    key: str
    before: Mapping[str, Any] | None
    """The fields that differ, secrets masked; None: there is none yet."""
    after: Mapping[str, Any] | None
    """None: it is to be removed."""


class Configuration:
    """Shows and changes the office. Every change is noted with who has made it."""

    def __init__(self, changes: OfficeChanges, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self.parts: Mapping[str, Part] = parts()
        """Every kind, in the order in which they are exported."""

    async def listed(self, kind: str) -> Sequence[Shown]:
        """All of a kind. Raises MissingError."""
        part = self._part(kind)
        office = await self._changes.load()
        return [_shown(part, key, item) for key, item in part.keyed(office).items()]

    async def one(self, kind: str, key: str = "") -> Shown:
        """One of them. Raises MissingError."""
        part = self._part(kind)
        return _shown(part, key, _there(part, key, await self._changes.load()))

    async def put(
        self, kind: str, key: str, body: Mapping[str, Any], by: Actor, *, accept: Callable[[Shown | None], None]
    ) -> Changed:
        """Add it, or replace the one of that key.

        `accept` is given what stands there and may refuse by raising. Raises MissingError, ConfigurationError, and
        ClashError if a number or a name is taken.
        """
        part = self._part(kind)

        def change(office: OfficeData) -> tuple[list[OfficeItem], list[OfficeItem], OfficeItem]:
            old = part.keyed(office).get(key)
            accept(_shown(part, key, old) if old is not None else None)
            if part.key and body.get(part.key, key) != key:
                raise ConfigurationError(
                    [said("{name}: it is {key!r}: add another one, and remove this", name=part.key, key=key)]
                )
            named = dict(body) | ({part.key: key} if part.key else {})
            item = part.read(named, old, office.settings)
            return [item], [], item

        office, after, item = await self._try(change, by)
        added = bool(part.key) and key not in part.keyed(office)
        return Changed(_shown(part, key, item), added, faults(after))

    async def remove(self, kind: str, key: str, by: Actor, *, accept: Callable[[Shown | None], None]) -> Sequence[str]:
        """Remove it, a user with his phones; what is wrong with the office then. Raises MissingError, and as `put`."""
        part = self._part(kind)

        def change(office: OfficeData) -> tuple[list[OfficeItem], list[OfficeItem], OfficeItem]:
            item = _there(part, key, office)
            accept(_shown(part, key, item))
            return [], _with_phones(item, office), item

        _, after, _ = await self._try(change, by)
        return faults(after)

    async def apply(self, by: Actor, *, save: Sequence[OfficeItem] = (), remove: Sequence[OfficeItem] = ()) -> None:
        """Add or replace whole items, and remove others, a user with his phones: all or nothing. Raises as `put`."""

        def change(office: OfficeData) -> tuple[list[OfficeItem], list[OfficeItem], None]:
            return list(save), [each for item in remove for each in _with_phones(item, office)], None

        await self._try(change, by)

    async def differences(self, wanted: Mapping[str, Mapping[str, Json]]) -> tuple[Sequence[Difference], Sequence[str]]:
        """What `import_` would change, and what would be wrong with the office then. Raises ConfigurationError."""
        office = await self._changes.load()
        save, remove = await asyncio.to_thread(self._wanted, wanted, office)
        after = with_changes(office, save, remove)
        _refuse_unusable(after)
        return self._differences(office, save, remove), faults(after)

    async def import_(self, wanted: Mapping[str, Mapping[str, Json]], by: Actor) -> Sequence[Difference]:
        """Make the office what is `wanted`: kind → key → all fields as they are kept. All or nothing.

        What is missing of a kind is removed; a kind that is missing stays as it is. A secret that is missing stays.
        Raises ConfigurationError and ClashError.
        """

        def change(
            office: OfficeData,
        ) -> tuple[list[OfficeItem], list[OfficeItem], tuple[list[OfficeItem], list[OfficeItem]]]:
            save, remove = self._wanted(wanted, office)
            return save, remove, (save, remove)

        office, _, (save, remove) = await self._try(change, by)
        return self._differences(office, save, remove)

    async def _try(
        self, change: Callable[[OfficeData], tuple[list[OfficeItem], list[OfficeItem], Any]], by: Actor
    ) -> tuple[OfficeData, OfficeData, Any]:
        """The office before and after, and what `change` made; again if another change came in between."""
        for _ in range(_TRIES):
            version = await self._changes.version()
            office = await self._changes.load()
            # In a thread: to hash a PIN takes a tenth of a second, in which voices would stutter.
            save, remove, made = await asyncio.to_thread(change, office)
            after = with_changes(office, save, remove)
            _refuse_unusable(after)
            if await self._changes.change(save, remove, self._entries(office, save, remove, by), version=version):
                return office, after, made
        raise StaleError("the office is being changed by others all the time: try again")

    def _entries(
        self, office: OfficeData, save: Sequence[OfficeItem], remove: Sequence[OfficeItem], by: Actor
    ) -> list[AuditEntry]:
        now = self._clock.now()
        found = []
        for part, item, gone in self._sorted(save, remove):
            key = part.key_of(part.flat(item))
            old = part.keyed(office).get(key)
            before = part.show(old) if old is not None else None
            after = None if gone else part.show(item)
            if (noted := entry(by, now, part.kind, key, before=before, after=after)) is not None:
                found.append(noted)
            elif not gone and old is not None and old != item:  # a secret took the place of another
                secret = dict.fromkeys(part.secrets)
                found.append(AuditEntry(now, by.name, by.login, "changed", part.kind, key, {}, secret))
        return found

    def _differences(
        self, office: OfficeData, save: Sequence[OfficeItem], remove: Sequence[OfficeItem]
    ) -> list[Difference]:
        nobody, when = Actor(""), self._clock.now()
        found = []
        for part, item, gone in self._sorted(save, remove):
            key = part.key_of(part.flat(item))
            old = part.keyed(office).get(key)
            before = part.show(old) if old is not None else None
            after = None if gone else part.show(item)
            noted = entry(nobody, when, part.kind, key, before=before, after=after)
            found.append(
                Difference(
                    part.kind,
                    key,
                    None if before is None else noted.before if noted else {},
                    None if gone else noted.after if noted else dict.fromkeys(part.secrets, "another"),
                )
            )
        return found

    def _sorted(self, save: Sequence[OfficeItem], remove: Sequence[OfficeItem]) -> list[tuple[Part, OfficeItem, bool]]:
        """Each changed item with its part, and whether it goes; in the order of the parts."""
        both = [(self._part_of(item), item, gone) for items, gone in ((remove, True), (save, False)) for item in items]
        order = list(self.parts)
        return sorted(both, key=lambda each: order.index(each[0].kind))

    def _wanted(
        self, wanted: Mapping[str, Mapping[str, Json]], office: OfficeData
    ) -> tuple[list[OfficeItem], list[OfficeItem]]:
        save: list[OfficeItem] = []
        remove: list[OfficeItem] = []
        wrong: list[str] = []
        for kind, things in wanted.items():
            part = self.parts.get(kind)
            if part is None:
                wrong.append(
                    said("{kind}: there is no such kind; known are {known}", kind=kind, known=", ".join(self.parts))
                )
                continue
            have = part.keyed(office)
            for key, values in things.items():
                old = have.get(key)
                kept = {name: part.flat(old)[name] for name in part.secrets.values()} if old is not None else {}
                try:
                    item = part.whole(kept, dict(values) | ({part.key: key} if part.key else {}), office.settings)
                except ConfigurationError as fault:
                    wrong += [f"{kind} {key}: {each}".replace(" : ", ": ") for each in fault.faults]
                    continue
                if item != old:
                    save.append(item)
            if part.key:
                remove += [item for key, item in have.items() if key not in things]
        if wrong:
            raise ConfigurationError(wrong)
        gone = {item.login for item in remove if isinstance(item, User)}
        stay = {item.account for item in save if isinstance(item, UserPhone)}
        listed = {item.account for item in remove if isinstance(item, UserPhone)}
        remove += [
            phone for phone in office.phones if phone.login in gone and phone.account not in stay | listed
        ]  # they go with him
        return save, remove

    def _part(self, kind: str) -> Part:
        part = self.parts.get(kind)
        if part is None:
            raise MissingError(
                said("there is no kind {kind!r}; known are {known}", kind=kind, known=", ".join(self.parts))
            )
        return part

    def _part_of(self, item: OfficeItem) -> Part:
        return self.parts[item.kind if isinstance(item, Document) else _KINDS[type(item)]]


_KINDS: Mapping[type[Any], str] = {
    OfficeSettings: SETTINGS,
    User: USERS,
    UserPhone: PHONES,
    OfficeLine: "lines",
    InternalNumber: "internal_numbers",
    Route: "routes",
}


def with_changes(office: OfficeData, save: Iterable[OfficeItem], remove: Iterable[OfficeItem]) -> OfficeData:
    """The office after a change."""
    saved = list(save)
    gone = {(type(item), _key(item)) for item in (*remove, *saved)}

    def merged(kind: type[Any], items: Sequence[Any]) -> tuple[Any, ...]:
        fresh = {_key(item): item for item in saved if isinstance(item, kind)}
        stayed = [
            fresh.pop(_key(each), each) for each in items if (type(each), _key(each)) not in gone or _key(each) in fresh
        ]
        return (*stayed, *fresh.values())

    return replace(
        office,
        settings=next((item for item in saved if isinstance(item, OfficeSettings)), office.settings),
        users=merged(User, office.users),
        phones=merged(UserPhone, office.phones),
        lines=merged(OfficeLine, office.lines),
        internal_numbers=merged(InternalNumber, office.internal_numbers),
        routes=merged(Route, office.routes),
        documents=merged(Document, office.documents),
    )


def _key(item: OfficeItem) -> tuple[str, str]:
    match item:
        case User():
            return "", item.login
        case UserPhone():
            return "", item.account
        case OfficeLine():
            return "", item.line.name
        case InternalNumber():
            return "", item.number
        case Route():
            return "", item.name
        case Document():
            return item.kind, item.name
        case _:
            return "", ""


def _with_phones(item: OfficeItem, office: OfficeData) -> list[OfficeItem]:
    phones = [phone for phone in office.phones if isinstance(item, User) and phone.login == item.login]
    return [item, *phones]


def _there(part: Part, key: str, office: OfficeData) -> OfficeItem:
    item = part.keyed(office).get(key)
    if item is None:
        raise MissingError(said("there is no {key!r} among {kind}", key=key, kind=part.kind))
    return item


def _shown(part: Part, key: str, item: OfficeItem) -> Shown:
    fields = part.show(item)
    digest = hashlib.blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=8)
    return Shown(part.kind, key, fields, digest.hexdigest())


def _refuse_unusable(office: OfficeData) -> None:
    """What cannot be read by a running exchange is refused. Raises ConfigurationError."""
    try:
        NumberingPlan(office)
        for user in office.users:
            PhoneNumber.parse(user.mobile, country=office.settings.country)
    except Exception as fault:
        raise ConfigurationError([said("no call could be led in such an office: {fault}", fault=fault)]) from fault
