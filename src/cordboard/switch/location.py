"""Registrations of phones: the office's store in the form that the registrar wants."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cordboard.sip.api import Address
from cordboard.sip.registrar import Binding
from cordboard.telephony import Registration, Registrations


class StoredBindings:
    """Implements sip.registrar.LocationService."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations

    async def load(self) -> Sequence[Binding]:
        """Those that the last run of the exchange has left."""
        return [_binding(kept) for kept in await self._registrations.load()]

    async def save(self, binding: Binding) -> None:
        """Keep one. Durable when this returns."""
        await self._registrations.save(
            Registration(
                account=binding.account,
                contact=binding.contact,
                source=str(binding.source),
                expires=datetime.fromtimestamp(binding.expires, UTC),
                agent=binding.agent,
                call_id=binding.call_id,
                cseq=binding.cseq,
            )
        )

    async def remove(self, binding: Binding) -> None:
        """Forget one. Durable when this returns."""
        await self._registrations.remove(binding.account, binding.contact)


def _binding(kept: Registration) -> Binding:
    transport, _, place = kept.source.partition(":")
    host, _, port = place.rpartition(":")
    return Binding(
        account=kept.account,
        contact=kept.contact,
        source=Address(transport, host, int(port)),
        expires=kept.expires.timestamp(),
        agent=kept.agent,
        call_id=kept.call_id,
        cseq=kept.cseq,
    )
