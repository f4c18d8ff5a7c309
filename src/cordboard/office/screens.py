"""Forms that wait for their users, in memory: a form ends with the scenario that asks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import count
from types import MappingProxyType

from cordboard.office.ports import Form, FormField, FormFieldKind

_LONGEST = 10_000
"""Characters in one field."""


class FormError(ValueError):
    """What was written cannot be taken; `faults` has a sentence for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A form on somebody's screen."""

    id: str
    user: str
    form: Form
    answer: "asyncio.Future[Mapping[str, str] | None]" = field(repr=False, compare=False)


class PendingForms:
    """Implements `office.ports.Screens`; the pages of the users list, submit and close."""

    def __init__(self) -> None:
        self._pending: dict[str, PendingForm] = {}
        self._ids = count(1)
        self._changed = asyncio.Event()

    async def ask(self, user: str, form: Form) -> Mapping[str, str] | None:
        """See Screens."""
        pending = PendingForm(f"form-{next(self._ids)}", user, form, asyncio.get_running_loop().create_future())
        self._pending[pending.id] = pending
        self._ring()
        try:
            return await pending.answer
        finally:
            del self._pending[pending.id]
            self._ring()

    def of(self, user: str) -> Sequence[PendingForm]:
        """The forms that wait for a user, the oldest first."""
        return [each for each in self._pending.values() if each.user == user and not each.answer.done()]

    def submit(self, user: str, form_id: str, values: Mapping[str, str]) -> None:
        """Take what a user has written. Raises FormError, and LookupError if he has no such form (any more)."""
        pending = self._of(user, form_id)
        pending.answer.set_result(checked(pending.form, values))

    def close(self, user: str, form_id: str) -> None:
        """The user closed the form. Raises LookupError if he has no such form (any more)."""
        self._of(user, form_id).answer.set_result(None)

    async def changed(self) -> None:
        """Wait until a form comes or goes."""
        await self._changed.wait()

    def _of(self, user: str, form_id: str) -> PendingForm:
        found = next((each for each in self.of(user) if each.id == form_id), None)
        if found is None:
            raise LookupError(f"there is no form {form_id!r} for {user!r} any more")
        return found

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def checked(form: Form, values: Mapping[str, str]) -> Mapping[str, str]:
    """The values of all fields as `Screens.ask` gives them. Raises FormError."""
    faults, good = {}, {}
    for each in form.fields:
        text = values.get(each.name, "").strip()
        try:
            good[each.name] = _value(each, text)
        except ValueError as fault:
            faults[each.name] = str(fault)
    faults |= dict.fromkeys(values.keys() - {each.name for each in form.fields}, "there is no such field")
    if faults:
        raise FormError(faults)
    return good


def _value(form_field: FormField, text: str) -> str:
    if not text:
        if form_field.required:
            raise ValueError("fill this in")
        return ""
    if len(text) > _LONGEST:
        raise ValueError(f"at most {_LONGEST} characters")
    if form_field.kind is FormFieldKind.CHOICE and text not in form_field.choices:
        raise ValueError(f"choose one of {', '.join(form_field.choices)}")
    return _READERS.get(form_field.kind, str)(text)


def _number(text: str) -> str:
    try:
        number = Decimal(text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        raise ValueError("write a number, as 12.5") from None
    if not number.is_finite() or abs(number.adjusted()) > 20:
        raise ValueError("write a number, as 12.5")
    return f"{number:f}"


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("write a date, as 2026-12-31") from None


def _boolean(text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower()


_READERS: Mapping[FormFieldKind, Callable[[str], str]] = MappingProxyType(
    {FormFieldKind.NUMBER: _number, FormFieldKind.DATE: _date, FormFieldKind.BOOLEAN: _boolean}
)
