"""Rules of users, as a phone or the HTTP API changes them."""

from collections.abc import Awaitable, Callable

from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration
from cordboard.office.configuration_parts import ConfigurationError
from cordboard.office.feature_codes import Keep
from cordboard.office.forwarding import UserRules


def keeper(configuration: Configuration, changed: Callable[[], Awaitable[None]]) -> Keep:
    """What keeps them. `changed` is awaited afterwards: the exchange is to know it at once."""

    async def keep(rules: UserRules, by: Actor) -> None:
        body = rules.model_dump(mode="json")
        try:
            await configuration.put(UserRules.kind, rules.name, body, by, accept=lambda _: None)
        except ConfigurationError as fault:
            raise ValueError(str(fault)) from fault
        await changed()

    return keep
