"""What an office sets up beside people and lines, over every database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from cordboard.office.checks import faults
from cordboard.office.documents import Document, Login, Number
from cordboard.office.model import InternalNumber, OfficeData, User
from cordboard.store import office_store
from cordboard.store.database import Store
from cordboard.store.errors import ConflictError
from cordboard.testing.store import STORES


class Garage(Document):
    """A kind that no office has."""

    kind: ClassVar[str] = "garages"
    secrets: ClassVar[tuple[str, ...]] = ("code",)

    number: Number
    keeper: Login = "anna"
    code: str = ""
    places: tuple[str, ...] = ()

    def numbers(self) -> tuple[str, ...]:
        return (self.number, *self.places)

    def faults(self, office: OfficeData) -> Iterator[str]:
        if self.keeper not in {user.login for user in office.users}:
            yield f"garage {self.name}: there is no user {self.keeper}"


YARD = Garage(name="Двор", number="710", code="S3cret", places=("711", "712"))


@pytest.fixture(params=STORES)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    monkeypatch.setattr(office_store, "KINDS", {"garages": Garage})
    async with STORES[request.param](tmp_path) as opened:
        yield opened


async def documents(store: Store) -> tuple[Document, ...]:
    return (await store.office.load()).documents


async def test_a_document_comes_back_as_it_was_and_is_replaced_by_its_name(store: Store) -> None:
    version = await store.office.version()
    await store.office.save(YARD)
    assert await documents(store) == (YARD,)
    assert await store.office.version() == version + 1
    other = YARD.model_copy(update={"places": ()})
    await store.office.save(other)
    assert (await store.office.load()).of(Garage) == {"Двор": other}
    assert await store.office.remove(other)
    assert not await store.office.remove(other)
    assert await documents(store) == ()


async def test_its_secrets_are_encrypted(store: Store) -> None:
    await store.office.save(YARD)

    def body(connection: Any) -> str:
        return str(connection.execute(text("SELECT body FROM office_documents")).scalar_one())

    stored = await store.office._reader.read(body)
    assert "S3cret" not in stored
    assert "711" in stored


@pytest.mark.parametrize("number", ["710", "712"])
async def test_its_numbers_have_one_owner(store: Store, number: str) -> None:
    await store.office.save(YARD)
    for other in (
        User("boris", "Борис", number),
        InternalNumber(number, "menu"),
        Garage(name="Other", number="720", places=(number,)),
    ):
        with pytest.raises(ConflictError, match=number):
            await store.office.save(other)


async def test_a_number_of_somebody_else_cannot_be_taken(store: Store) -> None:
    await store.office.save(User("anna", "Анна", "711"))
    with pytest.raises(ConflictError, match="the number 711 is taken by Анна"):
        await store.office.save(YARD)
    assert await documents(store) == ()


async def test_one_that_cannot_be_read_is_left_out_and_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.office.save(YARD)

    class Stricter(Garage):
        roof: str

    monkeypatch.setattr(office_store, "KINDS", {"garages": Stricter})
    assert await documents(store) == ()
    monkeypatch.setattr(office_store, "KINDS", {})
    assert await documents(store) == ()
    monkeypatch.setattr(office_store, "KINDS", {"garages": Garage})
    assert await documents(store) == (YARD,)


def test_its_faults_are_faults_of_the_office() -> None:
    office = OfficeData(users=(User("boris", "Борис", "711"),), documents=(YARD,))
    assert faults(office) == [
        "garage Двор: there is no user anna",
        "the number 711 leads to the user boris and to garages/Двор: give one of them another",
    ]
