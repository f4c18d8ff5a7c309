"""Drafts, publishing, going back: the use cases of `scenario.history`."""

from datetime import UTC, datetime

import pytest

from cordboard.scenario.diff import tell
from cordboard.scenario.history import History, OutdatedDraftsError, PublishError
from cordboard.scenario.ports import Draft, DraftConflictError, ScenarioError
from cordboard.scenario.references import References
from cordboard.simulation.stores import MemoryReleases
from cordboard.testing.drafts import MemoryDrafts
from cordboard.testing.steps import KYIV, TEST_CATALOGUE, service, voice

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MAIN = voice("s: {component: say, text: Hello, exits: {done: t}}\nt: {component: call, scenario: help}")
HELP = voice("s: {component: say, text: Help}", name="help")
WORK = service("s: {component: end}")


class Office:
    """A history over stores in memory."""

    def __init__(self, **texts: str) -> None:
        self.stored = MemoryReleases(texts)
        self.drafts = MemoryDrafts()
        self.known: dict[str, list[str]] = {}
        self.history = History(
            self.stored, self.drafts, TEST_CATALOGUE, zone=KYIV, country="UA", known=self._known, now=lambda: TEN
        )

    async def _known(self) -> References:
        return self.known


@pytest.fixture
def office() -> Office:
    return Office(main=MAIN, help=HELP)


async def test_a_draft_is_kept_beside_what_is_published(office: Office) -> None:
    history = office.history
    louder = MAIN.replace("Hello", "HELLO")
    saved = await history.save("main", louder, author="olena")
    assert [fault.message for fault in saved.faults] == ["the exit 'done' leads nowhere: the scenario ends there"]
    assert (saved.draft.author, saved.draft.based_on, saved.draft.saved) == ("olena", 1, TEN)
    assert await history.texts() == {"main": louder, "help": HELP}
    standing = await history.get("main")
    assert (standing.published, standing.text) == (MAIN, louder)
    assert (await office.stored.load(1)).scenarios["main"] == MAIN
    await history.discard("main", saved.draft.revision)
    assert await history.texts() == {"main": MAIN, "help": HELP}


async def test_a_broken_draft_is_kept_with_its_faults_and_not_published(office: Office) -> None:
    history = office.history
    saved = await history.save("main", MAIN.replace("scenario: help", "scenario: holp"))
    assert "there is no scenario 'holp'" in [fault.message for fault in saved.faults]
    await history.save("help", "scenario: [")
    with pytest.raises(PublishError, match="mend the errors in main, help first") as refused:
        await history.publish("?")
    assert set(refused.value.faults) == {"main", "help"}
    assert await office.stored.current() == 1
    assert len(await office.drafts.all()) == 2


async def test_publishing_makes_a_release_and_takes_the_drafts(office: Office) -> None:
    history = office.history
    await history.save("work", WORK, author="ivan")
    await history.save("main", MAIN.replace("Hello", "Good day"))
    assert tell(await history.pending()) == [
        "  scenario main", "    ~ step s: text: Hello ⇒ Good day", "+ scenario work",
    ]  # fmt: skip
    published = await history.publish("a greeting", author="ivan")
    assert published.number == 2
    said = ["  scenario main", "    ~ step s: text: Hello ⇒ Good day", "+ scenario work"]
    assert tell(published.changes) == said
    assert tell(await history.diff(1, 2)) == said
    release = await history.load()
    assert (release.number, release.message, release.author, release.published) == (2, "a greeting", "ivan", TEN)
    assert set(release.scenarios) == {"main", "help", "work"}
    assert await office.drafts.all() == []
    assert (await history.publish("again")).number == 0
    assert [release.number for release in await history.releases()] == [2, 1]


async def test_chosen_drafts_are_published_alone(office: Office) -> None:
    history = office.history
    await history.save("main", "scenario: [")
    await history.save("help", HELP.replace("Help", "Wait"))
    assert (await history.publish(names=["help"])).number == 2
    assert [draft.name for draft in await office.drafts.all()] == ["main"]
    assert (await history.load()).scenarios == {"main": MAIN, "help": HELP.replace("Help", "Wait")}
    with pytest.raises(ScenarioError, match="there is no draft of work"):
        await history.publish(names=["work"])


async def test_what_others_need_cannot_be_taken_out(office: Office) -> None:
    history = office.history
    await history.save("help", "")
    assert "help" not in await history.texts()
    with pytest.raises(PublishError) as refused:
        await history.publish()
    assert "there is no scenario 'help'" in [fault.message for fault in refused.value.faults["main"]]
    await history.save("main", MAIN.replace("call, scenario: help", "end"))
    await history.publish()
    assert set((await history.load()).scenarios) == {"main"}


async def test_what_is_published_and_broken_does_not_hold_up_the_rest(office: Office) -> None:
    history = office.history
    office.known["scenario"] = ["main", "work"]  # as if `help` had gone since
    await history.save("work", WORK)
    assert (await history.publish(names=["work"])).number == 2


async def test_two_editors_get_a_conflict_not_a_loss(office: Office) -> None:
    history = office.history
    mine = (await history.save("main", MAIN)).draft
    theirs = (await history.save("main", MAIN.replace("Hello", "Theirs"), revision=mine.revision)).draft
    with pytest.raises(DraftConflictError) as conflict:
        await history.save("main", MAIN.replace("Hello", "Mine"), revision=mine.revision)
    assert conflict.value.theirs == theirs
    assert (await history.get("main")).text == MAIN.replace("Hello", "Theirs")


async def test_a_draft_that_is_older_than_what_is_published_is_looked_at_first(office: Office) -> None:
    history = office.history
    draft = (await history.save("main", MAIN.replace("Hello", "Mine"))).draft
    await history.save("help", HELP.replace("Help", "Wait"))
    await history.replace_all({"main": MAIN.replace("Hello", "Theirs"), "help": HELP}, "from a folder")
    with pytest.raises(OutdatedDraftsError) as refused:
        await history.publish()
    assert refused.value.names == ["main"]  # `help` was not published anew
    again = (await history.save("main", draft.text, revision=draft.revision, based_on=2)).draft
    assert (await history.publish(names=["main"])).number == 3
    assert (await history.load()).scenarios["main"] == again.text


async def test_a_draft_saved_during_publishing_stays(office: Office) -> None:
    history = office.history
    first = (await history.save("main", MAIN.replace("Hello", "One"))).draft

    async def known() -> References:
        # In the midst of publishing: the drafts have been read, the release is not made yet.
        if (await office.drafts.get("main")) == first:
            await office.drafts.save(Draft("main", MAIN.replace("Hello", "Two"), first.revision, based_on=1))
        return {}

    busy = History(office.stored, office.drafts, TEST_CATALOGUE, zone=KYIV, country="UA", known=known)
    assert (await busy.publish()).number == 2
    assert (await history.load()).scenarios["main"] == MAIN.replace("Hello", "One")
    assert (await history.get("main")).text == MAIN.replace("Hello", "Two")
    assert (await history.publish()).number == 3


async def test_publishing_at_once_loses_nothing(office: Office) -> None:
    history = office.history
    await history.save("main", MAIN.replace("Hello", "One"))
    raced: list[int] = []

    async def known() -> References:
        if not raced:
            raced.append(await office.stored.publish({"main": MAIN, "help": HELP, "work": WORK}, message="", at=TEN))
        return {}

    busy = History(office.stored, office.drafts, TEST_CATALOGUE, zone=KYIV, country="UA", known=known)
    assert (await busy.publish()).number == 3
    assert set((await history.load()).scenarios) == {"main", "help", "work"}


async def test_going_back_is_a_new_release(office: Office) -> None:
    history = office.history
    await history.save("main", MAIN.replace("Hello", "Oops"))
    await history.publish()
    await history.save("help", HELP.replace("Help", "Wait"))
    back = await history.rollback(1, author="olena", message="nobody understood it")
    assert back.number == 3
    release = await history.load(3)
    assert release.scenarios == {"main": MAIN, "help": HELP}
    assert (release.message, release.author) == ("back to release 1: nobody understood it", "olena")
    assert [draft.name for draft in await office.drafts.all()] == ["help"]
    assert (await history.rollback(1)).number == 0
    with pytest.raises(ScenarioError, match="there is no release 9"):
        await history.rollback(9)


async def test_what_is_gone_from_the_office_does_not_stop_going_back(office: Office) -> None:
    history = office.history
    await history.replace_all({"work": WORK})
    office.known["scenario"] = []
    back = await history.rollback(1)
    assert back.number == 3
    assert "there is no scenario 'help'" in [fault.message for fault in back.faults["main"]]


async def test_what_is_broken_in_itself_is_not_gone_back_to(office: Office) -> None:
    await office.stored.publish({"main": "scenario: ["}, message="", at=TEN)
    await office.stored.publish({"main": WORK}, message="", at=TEN)
    with pytest.raises(PublishError):
        await office.history.rollback(2)


async def test_the_first_release_comes_from_drafts() -> None:
    office = Office()
    assert await office.history.standing() == []
    await office.history.save("help", HELP)
    assert [(each.name, each.published) for each in await office.history.standing()] == [("help", None)]
    assert (await office.history.publish()).number == 1


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "a\nb", "x" * 101])
async def test_a_name_that_is_none_is_refused(office: Office, name: str) -> None:
    with pytest.raises(ScenarioError, match="is no name for a scenario"):
        await office.history.save(name, HELP)
