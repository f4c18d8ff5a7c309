"""What the switch must be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordboard.media.api import Codec
from cordboard.sip.api import Address


@dataclass(frozen=True, slots=True)
class SwitchSettings:
    """Where to listen and how to be reached."""

    listen: Sequence[Address]
    rtp_ports: range
    rtp_host: str = "0.0.0.0"  # noqa: S104  (phones are everywhere in the office; each stream accepts its own peer only)
    codecs: Sequence[Codec] = (Codec.PCMA, Codec.PCMU)
    external_address: str = ""
    """Our address as seen from beyond the local networks; empty if there is no NAT."""
    local_networks: Sequence[str] = ()
    """Networks (CIDR) whose peers are told our local address."""
    silence: float = 20.0
    """Seconds after which a far end that is not heard is asked whether it is still there; 0: none ever is."""
