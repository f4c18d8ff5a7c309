"""`cordboard scenario list, history, diff, rollback` and `draft …`: what is published, and what is about to be."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, settings_for, verbatim
from cordboard.cli.scenario_texts import (
    DRAFT,
    PUBLISHED,
    Author,
    history_of,
    person,
    print_faults,
    text_of,
    texts_in,
)
from cordboard.scenario.diff import Change, compare_all, compare_texts, tell
from cordboard.scenario.faults import is_broken
from cordboard.scenario.history import History, Standing
from cordboard.scenario.ports import DraftConflictError
from cordboard.scenario.text import read
from cordboard.store.releases import FRESH

draft_app = typer.Typer(help="Scenarios as somebody edits them: saved, and not yet published.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name of the scenario.")]
Message = Annotated[str, typer.Option("--message", "-m", help="What has changed, for those who read the history.")]
Revision = Annotated[
    int | None,
    typer.Option(help="The revision that you have seen, see `draft list`; needed to save over a draft of another."),
]


def add_to(app: typer.Typer) -> None:
    """Put the commands under `cordboard scenario`."""
    app.command("list")(show_all)
    app.command("history")(show_releases)
    app.command("diff")(diff)
    app.command("rollback")(rollback)
    app.add_typer(draft_app, name="draft")


@asynchronous
async def show_all(data: Data = None) -> None:
    """List the scenarios: what is published, and which have drafts."""
    async with history_of(settings_for(data)) as (history, _):
        standing = await history.standing()
    if not standing:
        console.print("There are no scenarios yet: `cordboard scenario import FOLDER` brings some")
        return
    table = Table("scenario", "kind", "title", "", box=None, pad_edge=False)
    for each in standing:
        scenario = read(each.text or each.published or "").scenario
        table.add_row(each.name, scenario.kind if scenario else "?", scenario.title if scenario else "", _state(each))
    console.print(table)


def _state(each: Standing) -> str:
    if each.draft is None:
        return "published"
    whose = f" by {each.draft.author}" if each.draft.author else ""
    if not each.draft.text:
        return f"published; to be taken out{whose}"
    return f"{'published, edited' if each.published is not None else 'draft'}{whose}"


@asynchronous
async def show_releases(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30, data: Data = None
) -> None:
    """List the releases, the youngest first: when, by whom, and what was changed."""
    async with history_of(settings_for(data)) as (history, store):
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
        releases = await history.releases(limit=limit)
    if not releases:
        console.print("Nothing was published yet: `cordboard scenario publish` makes the first release")
        return
    table = Table("release", "published", "by", "message", box=None, pad_edge=False)
    for release in releases:
        table.add_row(str(release.number), _moment(release.published, zone), release.author, release.message)
    console.print(table)


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


@asynchronous
async def diff(
    before: Annotated[
        str, typer.Argument(help="A release's number, `published`, `draft`, a scenario file, or a folder of them.")
    ] = PUBLISHED,
    after: Annotated[str, typer.Argument(help="Likewise. Otherwise: what is published, or the drafts.")] = "",
    layout: Annotated[bool, typer.Option("--layout", help="Also where steps are shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data: Data = None,
) -> None:
    """Compare scenarios: steps, properties and cords, not lines. Alone, it shows what publishing would change."""
    after = after or (DRAFT if before == PUBLISHED else PUBLISHED)
    async with history_of(settings_for(data)) as (history, _):
        first, second = await _texts(history, before), await _texts(history, after)
    files = [Path(each).stem for each in (before, after) if _is_file(each)]
    if files:
        # A file is one scenario: the others are not gone.
        first, second = ({name: text for name, text in each.items() if name in files} for each in (first, second))
    changes = compare_all(first, second, layout=layout)
    if as_json:
        console.print(verbatim([json.dumps([change.json() for change in changes], ensure_ascii=False, indent=1)]))
    else:
        console.print("\n".join(tell(changes)) or "No difference", markup=False)


async def _texts(history: History, what: str) -> Mapping[str, str]:
    if what == DRAFT:
        return await history.texts()
    if what == PUBLISHED:
        return (await history.load()).scenarios
    if what.isascii() and what.isdigit():
        return (await history.load(int(what))).scenarios
    return texts_in([Path(what)])


def _is_file(what: str) -> bool:
    return what not in {DRAFT, PUBLISHED} and Path(what).is_file()


@asynchronous
async def rollback(
    number: Annotated[int, typer.Argument(min=1, help="The release, see `cordboard scenario history`.")],
    message: Message = "",
    author: Author = None,
    data: Data = None,
) -> None:
    """Publish the texts of an old release as a new one. Drafts stay; calls in progress keep theirs."""
    async with history_of(settings_for(data)) as (history, _):
        published = await history.rollback(number, author=person(author), message=message)
    print_faults(published.faults, errors_only=True)
    await _tell_published(published.number, published.changes)


async def _tell_published(number: int, changes: Sequence[Change]) -> None:
    if not number:
        console.print("Nothing has changed since the last release")
        return
    # The running exchange looks for a new release that often: what is printed is then true.
    await asyncio.sleep(FRESH)
    console.print("\n".join(tell(changes)), markup=False)
    console.print(f"Release {number} is published: the next call follows it")


@draft_app.command("list")
@asynchronous
async def show_drafts(data: Data = None) -> None:
    """List the drafts: whose, since when, from which release."""
    async with history_of(settings_for(data)) as (history, store):
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
        drafts = [each.draft for each in await history.standing() if each.draft is not None]
    if not drafts:
        console.print("There are no drafts")
        return
    table = Table("scenario", "revision", "saved", "by", "from release", "", box=None, pad_edge=False)
    for each in drafts:
        note = "" if each.text else "to be taken out"
        numbers = str(each.revision), str(each.based_on or "")
        table.add_row(each.name, numbers[0], _moment(each.saved, zone), each.author, numbers[1], note)
    console.print(table)


@draft_app.command("show")
@asynchronous
async def show_draft(name: Name, data: Data = None) -> None:
    """Print the text of a draft."""
    async with history_of(settings_for(data)) as (history, _):
        draft = (await history.get(name)).draft
    if draft is None:
        fail(f"There is no draft of {name}: `cordboard scenario show {name}` shows what is published.")
    typer.echo(draft.text, nl=False)


@draft_app.command("save")
@asynchronous
async def save(
    file: Annotated[Path, typer.Argument(help="A scenario file. Its name is that of the scenario.")],
    revision: Revision = None,
    author: Author = None,
    data: Data = None,
) -> None:
    """Keep a file as a draft and say what is wrong with it. It counts only when it is published."""
    text, name = text_of(file), file.stem
    async with history_of(settings_for(data)) as (history, _):
        try:
            saved = await history.save(name, text, revision=revision or 0, author=person(author))
        except DraftConflictError as conflict:
            _tell_conflict(name, text, conflict)
    print_faults({name: saved.faults})
    ready = "it has errors and cannot be published yet" if is_broken(list(saved.faults)) else "it can be published"
    console.print(f"Draft {name} is saved (revision {saved.draft.revision}): {ready}", markup=False)


def _tell_conflict(name: str, text: str, conflict: DraftConflictError) -> None:
    theirs = conflict.theirs
    if theirs is None:
        fail(f"Nothing was saved: the draft of {name} is gone (published or discarded). Save without --revision.")
    console.print("\n".join(tell(compare_texts(name, theirs.text, text))) or "The texts are the same", markup=False)
    fail(
        f"Nothing was saved: {theirs.author or 'somebody'} has a draft of {name}, which differs as shown. "
        f"To save over it: --revision {theirs.revision}"
    )


@draft_app.command("remove")
@asynchronous
async def remove(name: Name, revision: Revision = None, author: Author = None, data: Data = None) -> None:
    """Draft that a scenario is taken out; the next publishing does it."""
    async with history_of(settings_for(data)) as (history, _):
        if (await history.get(name)).published is None:
            fail(f"{name} is not published: `cordboard scenario draft discard {name}` takes the draft away.")
        try:
            await history.save(name, "", revision=revision or 0, author=person(author))
        except DraftConflictError as conflict:
            _tell_conflict(name, "", conflict)
    console.print(f"{name} will be taken out when the drafts are published", markup=False)


@draft_app.command("discard")
@asynchronous
async def discard(name: Name, data: Data = None) -> None:
    """Take a draft away: what is published counts again."""
    async with history_of(settings_for(data)) as (history, _):
        draft = (await history.get(name)).draft
        if draft is None:
            fail(f"There is no draft of {name}.")
        try:
            await history.discard(name, draft.revision)
        except DraftConflictError:
            fail(f"Somebody has saved {name} this very moment: look at it and discard it again.")
    console.print(f"The draft of {name} is gone", markup=False)


@draft_app.command("publish")
@asynchronous
async def publish_drafts(
    names: Annotated[list[str] | None, typer.Argument(help="The drafts to publish; otherwise all.")] = None,
    message: Message = "",
    author: Author = None,
    data: Data = None,
) -> None:
    """Make a new release of what is published and the drafts. The next call follows it."""
    async with history_of(settings_for(data)) as (history, _):
        published = await history.publish(message, author=person(author), names=names or None)
    await _tell_published(published.number, published.changes)
