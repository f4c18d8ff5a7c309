"""Drafts and releases as people use them: edit, look at what would change, publish, go back.

A draft belongs to no one: whoever saves names the revision that he had read, and gets a conflict instead of
overwriting what he has not seen. The same holds for publishing: a draft that was begun from an older text than the one
that is published now is refused until somebody has looked at both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.diff import Change, compare_all
from cordboard.scenario.faults import Fault, is_broken
from cordboard.scenario.ports import (
    Draft,
    DraftConflictError,
    Drafts,
    Release,
    ReleaseConflictError,
    Releases,
    ScenarioError,
)
from cordboard.scenario.program import check, check_together
from cordboard.scenario.references import Neighbours, References
from cordboard.scenario.said import said

_ATTEMPTS = 5
"""To publish, while others publish."""

NAME_LENGTH = 100

Known = Callable[[], Awaitable[References]]
"""Asks the office what there is."""


class PublishError(ScenarioError):
    """Nothing was published. `faults` has what is wrong, by scenario."""

    def __init__(self, message: str, faults: Mapping[str, Sequence[Fault]]) -> None:
        super().__init__(message)
        self.faults = faults


class OutdatedDraftsError(ScenarioError):
    """Nothing was published: what these drafts were begun from has been published anew meanwhile."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            said(
                "published meanwhile: {names}; compare, and save the draft again to take yours",
                names=", ".join(names),
            )
        )
        self.names = names


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft, and what is wrong with it. A broken one is kept as well; it cannot be published."""

    draft: Draft
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Standing:
    """A scenario as it stands. At least one of the two is there."""

    name: str
    published: str | None
    draft: Draft | None

    @property
    def text(self) -> str:
        """What an editor shows; empty if the scenario is to be taken out."""
        return self.draft.text if self.draft is not None else self.published or ""


@dataclass(frozen=True, slots=True)
class Published:
    """A new release. `number` is 0 if nothing has changed, and none was made."""

    number: int
    changes: Sequence[Change]
    faults: Mapping[str, Sequence[Fault]]
    """Warnings; after a rollback also dead references, which do not stop it."""


async def _nothing_known() -> References:
    return {}


class History:
    """The use cases. Give it the office's own zone and country, and a `known` that asks it for users, lines, files."""

    def __init__(
        self,
        releases: Releases,
        drafts: Drafts,
        catalogue: Catalogue,
        *,
        zone: tzinfo,
        country: str,
        known: Known = _nothing_known,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._releases = releases
        self._drafts = drafts
        self._catalogue = catalogue
        self._zone = zone
        self._country = country
        self._known = known
        self._now = now

    async def standing(self) -> list[Standing]:
        """Every scenario, published or drafted, by name."""
        published = (await self._youngest()).scenarios
        drafts = {draft.name: draft for draft in await self._drafts.all()}
        return [
            Standing(name, published.get(name), drafts.get(name)) for name in sorted(published.keys() | drafts.keys())
        ]

    async def get(self, name: str) -> Standing:
        """One scenario. Raises ScenarioError if there is neither a published text nor a draft."""
        published = (await self._youngest()).scenarios.get(name)
        draft = await self._drafts.get(name)
        if published is None and draft is None:
            raise ScenarioError(said("there is no scenario {name!r}", name=name))
        return Standing(name, published, draft)

    async def texts(self) -> dict[str, str]:
        """The texts as they stand: what is published, overlaid with the drafts. Those to be taken out are not there."""
        return overlaid((await self._youngest()).scenarios, await self._drafts.all())

    async def check(self, name: str, text: str) -> list[Fault]:
        """What is wrong with a text, among the others as they stand."""
        texts = await self.texts() | {name: text}
        return await asyncio.to_thread(self._check_one, name, texts, await self._known())

    async def check_all(self) -> dict[str, list[Fault]]:
        """What is wrong with the scenarios as they stand, by name."""
        return await self._check(await self.texts())

    async def save(
        self, name: str, text: str, *, revision: int = 0, author: str = "", based_on: int | None = None
    ) -> Saved:
        """Keep a text as a draft and say what is wrong with it. An empty one takes the scenario out.

        `revision` is that of the draft that was read, 0 if there was none; `based_on` the release that was read, if it
        is another than that from which the draft was begun. Raises DraftConflictError if somebody else has saved
        meanwhile, ScenarioError if the name is none.
        """
        if not name or len(name) > NAME_LENGTH or not name.isprintable() or "/" in name or name.startswith("."):
            raise ScenarioError(said("{name!r} is no name for a scenario", name=name[:60]))
        if based_on is None:
            there = await self._drafts.get(name)
            based_on = there.based_on if there is not None else await self._releases.current()
        draft = await self._drafts.save(Draft(name, text, revision, author, self._now(), based_on))
        return Saved(draft, await self.check(name, text) if text else [])

    async def discard(self, name: str, revision: int) -> None:
        """Take a draft away. Raises DraftConflictError if it is not the one that was read."""
        await self._drafts.discard(name, revision)

    async def pending(self, names: Collection[str] | None = None, *, layout: bool = False) -> list[Change]:
        """What publishing all drafts, or those of some names, would change."""
        published = (await self._youngest()).scenarios
        drafts = [draft for draft in await self._drafts.all() if names is None or draft.name in names]
        return compare_all(published, overlaid(published, drafts), layout=layout)

    async def publish(self, message: str = "", *, author: str = "", names: Collection[str] | None = None) -> Published:
        """Make a release of what is published and all drafts, or those of some names.

        The drafts that went in are gone afterwards, unless somebody has saved them anew meanwhile. Raises PublishError
        if an error is in one of them, or in what depends on them; OutdatedDraftsError; ScenarioError if one of
        `names` has no draft. Nothing was changed then.
        """
        for attempt in range(_ATTEMPTS):
            youngest = await self._youngest()
            drafts = [draft for draft in await self._drafts.all() if names is None or draft.name in names]
            if missing := set(names or ()) - {draft.name for draft in drafts}:
                raise ScenarioError(said("there is no draft of {names}", names=", ".join(sorted(missing))))
            await self._refuse_outdated(drafts, youngest)
            texts = overlaid(youngest.scenarios, drafts)
            faults = await self._check(texts)
            await self._refuse_broken(faults, {draft.name for draft in drafts}, youngest)
            try:
                published = await self._release(youngest, texts, message, author, faults)
            except ReleaseConflictError:
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue
            for draft in drafts:
                await self._gone_in(draft)
            return published
        raise AssertionError("unreachable")

    async def replace_all(self, texts: Mapping[str, str], message: str = "", *, author: str = "") -> Published:
        """Make a release of exactly these texts, as a folder has them; drafts stay. Raises PublishError."""
        youngest = await self._youngest()
        faults = await self._check(texts)
        await self._refuse_broken(faults, texts)
        return await self._release(youngest, texts, message, author, faults)

    async def rollback(self, number: int, *, author: str = "", message: str = "") -> Published:
        """Make a new release with the texts of an old one. Drafts stay.

        Users, lines and files that are gone since do not stop it. Raises ScenarioError if there is no such release,
        PublishError if its texts are broken in themselves (for a newer exchange).
        """
        old = await self._releases.load(number)
        await self._refuse_broken(await self._check(old.scenarios, known={}), old.scenarios)
        faults = await self._check(old.scenarios)
        said_so = f"back to release {number}" + (f": {message}" if message else "")
        return await self._release(await self._youngest(), old.scenarios, said_so, author, faults)

    async def releases(self, *, limit: int = 100, before: int | None = None) -> Sequence[Release]:
        """Releases without their texts, youngest first."""
        return await self._releases.list(limit=limit, before=before)

    async def load(self, number: int = 0) -> Release:
        """A release; the youngest for 0, which is an empty one if nothing was published. Raises ScenarioError."""
        return await self._releases.load(number) if number else await self._youngest()

    async def diff(self, before: int, after: int, *, layout: bool = False) -> list[Change]:
        """What differs between two releases. Raises ScenarioError if there is no such release."""
        first, second = await self._releases.load(before), await self._releases.load(after)
        return compare_all(first.scenarios, second.scenarios, layout=layout)

    async def _youngest(self) -> Release:
        number = await self._releases.current()
        return await self._releases.load(number) if number else Release(0, {})

    async def _check(self, texts: Mapping[str, str], known: References | None = None) -> dict[str, list[Fault]]:
        known = await self._known() if known is None else known
        # In a thread: an office of hundreds of scenarios takes seconds, in which calls go on.
        return await asyncio.to_thread(
            check_together, texts, self._catalogue, zone=self._zone, country=self._country, known=known
        )

    def _check_one(self, name: str, texts: Mapping[str, str], known: References) -> list[Fault]:
        neighbours = Neighbours({other: text for other, text in texts.items() if text}, self._catalogue)
        return check(
            texts[name],
            self._catalogue,
            zone=self._zone,
            country=self._country,
            known=known,
            neighbours=neighbours,
            name=name,
        )

    async def _refuse_broken(
        self, faults: Mapping[str, Sequence[Fault]], names: Collection[str], youngest: Release | None = None
    ) -> None:
        """An error in `names` is refused, and one elsewhere that is not in the youngest release already."""
        broken = {name: found for name, found in faults.items() if is_broken(list(found))}
        if youngest is not None and broken.keys() - set(names):
            before = await self._check(youngest.scenarios)
            broken = {
                name: found for name, found in broken.items() if name in names or not is_broken(before.get(name, []))
            }
        if broken:
            message = said("nothing was published: mend the errors in {names} first", names=", ".join(broken))
            raise PublishError(message, broken)

    async def _refuse_outdated(self, drafts: Sequence[Draft], youngest: Release) -> None:
        outdated = []
        bases: dict[int, Release] = {0: Release(0, {}), youngest.number: youngest}
        for draft in drafts:
            if draft.based_on not in bases:
                bases[draft.based_on] = await self._releases.load(draft.based_on)
            then, now = (release.scenarios.get(draft.name) for release in (bases[draft.based_on], youngest))
            if now not in {then, draft.text or None}:
                outdated.append(draft.name)
        if outdated:
            raise OutdatedDraftsError(outdated)

    async def _release(
        self,
        youngest: Release,
        texts: Mapping[str, str],
        message: str,
        author: str,
        faults: Mapping[str, Sequence[Fault]],
    ) -> Published:
        told = {name: found for name, found in faults.items() if found}
        if texts == youngest.scenarios:
            return Published(0, [], told)
        number = await self._releases.publish(
            texts, message=message, at=self._now(), author=author, after=youngest.number
        )
        return Published(number, compare_all(youngest.scenarios, texts), told)

    async def _gone_in(self, draft: Draft) -> None:
        """Discard a draft that is published. One that was saved anew meanwhile stays, from what is published now."""
        try:
            await self._drafts.discard(draft.name, draft.revision)
        except DraftConflictError as conflict:
            if conflict.theirs is not None:
                number = await self._releases.current()
                try:
                    await self._drafts.save(replace(conflict.theirs, based_on=number))
                except DraftConflictError:
                    return  # and once more; whoever publishes it is told that it is outdated


def overlaid(published: Mapping[str, str], drafts: Sequence[Draft]) -> dict[str, str]:
    """Published texts with drafts in their place; an empty draft takes the scenario out."""
    texts = dict(published) | {draft.name: draft.text for draft in drafts}
    return {name: text for name, text in texts.items() if text}
