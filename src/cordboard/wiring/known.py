"""What scenarios may name of the office, so that a name which there is none of is found at publishing."""

from cordboard.config import Settings
from cordboard.office.model import OfficeData
from cordboard.scenario.references import References, known_things


def known_to(office: OfficeData, settings: Settings) -> References:
    """What scenarios may name of the office."""
    return known_things(
        users=(user.login for user in office.users),
        lines=(each.line.name for each in office.lines),
        prompts=settings.prompts,
    )
