import asyncio

import pytest

from cordboard.office.ports import Form, FormField, FormFieldKind
from cordboard.office.screens import FormError, PendingForms, checked
from cordboard.simulation.virtual_time import settle, virtual_time

FORM = Form(
    "What came of it?",
    "Anna called",
    (
        FormField("outcome", "Outcome", FormFieldKind.CHOICE, required=True, choices=("sold", "later")),
        FormField("amount", "Amount", FormFieldKind.NUMBER),
        FormField("day", "Next call", FormFieldKind.DATE),
        FormField("urgent", "Urgent", FormFieldKind.BOOLEAN),
        FormField("note", "Note"),
    ),
)


@virtual_time
async def test_a_form_waits_for_its_user_and_gives_what_he_wrote() -> None:
    screens = PendingForms()
    asking = asyncio.create_task(screens.ask("anna", FORM))
    await settle()
    (pending,) = screens.of("anna")
    assert (pending.form, screens.of("boris")) == (FORM, [])
    screens.submit("anna", pending.id, {"outcome": "sold", "amount": "1 250,50", "urgent": "true", "note": " Ring! "})
    assert await asking == {"outcome": "sold", "amount": "1250.50", "day": "", "urgent": "true", "note": "Ring!"}
    assert screens.of("anna") == []


@virtual_time
async def test_a_closed_form_gives_nothing() -> None:
    screens = PendingForms()
    asking = asyncio.create_task(screens.ask("anna", FORM))
    await settle()
    screens.close("anna", screens.of("anna")[0].id)
    assert await asking is None


@virtual_time
async def test_a_form_belongs_to_its_user_and_is_answered_once() -> None:
    screens = PendingForms()
    asking = asyncio.create_task(screens.ask("anna", FORM))
    await settle()
    (pending,) = screens.of("anna")
    with pytest.raises(LookupError, match="there is no form 'form-1' for 'boris' any more"):
        screens.close("boris", pending.id)
    screens.close("anna", pending.id)
    with pytest.raises(LookupError):
        screens.submit("anna", pending.id, {"outcome": "sold"})
    await asking


@virtual_time
async def test_who_asks_no_longer_takes_the_form_away() -> None:
    screens = PendingForms()
    changes = asyncio.create_task(screens.changed())
    asking = asyncio.create_task(screens.ask("anna", FORM))
    await changes
    asking.cancel()
    await asyncio.wait([asking])
    assert screens.of("anna") == []


def test_every_fault_of_what_was_written_is_told_by_field() -> None:
    written = {"amount": "much", "day": "tomorrow", "urgent": "very", "note": "x" * 10_001, "other": "1"}
    with pytest.raises(FormError) as caught:
        checked(FORM, written)
    assert caught.value.faults == {
        "outcome": "fill this in",
        "amount": "write a number, as 12.5",
        "day": "write a date, as 2026-12-31",
        "urgent": "true or false",
        "note": "at most 10000 characters",
        "other": "there is no such field",
    }


@pytest.mark.parametrize("text", ["NaN", "1e400", "Infinity", "1e-400"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FormError):
        checked(FORM, {"outcome": "sold", "amount": text})


def test_a_choice_is_one_of_those_offered() -> None:
    with pytest.raises(FormError, match="choose one of sold, later"):
        checked(FORM, {"outcome": "perhaps"})
