"""What scenarios may name of the office, so that a name which there is none of is found at publishing."""

import asyncio

from cordboard.config import Settings
from cordboard.datasource.sql.ports import OWN_LOG
from cordboard.office.lines.gateways import all_lines
from cordboard.office.queue.model import Group
from cordboard.scenario.references import References, known_things
from cordboard.store.database import Store


async def known_to(store: Store, settings: Settings) -> References:
    """What there is now."""
    office = await store.office.load()
    return await asyncio.to_thread(
        known_things,
        settings.prompts,
        settings.tables,
        settings.templates,
        user=[user.login for user in office.users],
        line=[each.line.name for each in all_lines(office)],
        group=sorted(office.of(Group)),
        secret=[secret.name for secret in await store.web_settings.secrets()],
        source=[OWN_LOG, *(source.name for source in await store.data_sources.sources())],
    )
