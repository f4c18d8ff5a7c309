"""Which of our addresses a peer is told: in Via, Contact and session descriptions."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from cordboard.sip.api import Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7")
)
"""What counts as local if the settings name no networks."""

WILDCARDS = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound
_CACHE = 4096


def local_route(peer_host: str) -> str:
    """The address of ours from which a packet to that peer would leave. Asks the kernel; sends nothing."""
    family = socket.AF_INET6 if ":" in peer_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer_host, 9))
        except OSError:
            return "127.0.0.1"
        host: str = probe.getsockname()[0]
    return host


def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks as the settings write them. Raises ValueError with the one that cannot be read."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def is_ip(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Addressing:
    """The settings `external_address` and `local_networks`, and the answer that follows from them."""

    external_address: str = ""
    """What peers outside of the local networks are told; empty: what the kernel's routing says."""
    local_networks: tuple[Network, ...] = PRIVATE
    bound: str = ""
    """The one address we listen on, if it is one and not all of them."""
    route: Callable[[str], str] = local_route
    _known: dict[str, str] = field(default_factory=dict)

    def is_local(self, host: str) -> bool:
        """Whether a peer is within the local networks. A name that was not resolved is not."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address.version == net.version and address in net for net in self.local_networks)

    def advertised(self, peer_host: str) -> str:
        """Our address for that peer: for Via and Contact, and for the c= line of a session description."""
        known = self._known.get(peer_host)
        if known is None:
            if len(self._known) >= _CACHE:
                self._known.clear()
            known = self._known[peer_host] = self._look_up(peer_host)
        return known

    def _look_up(self, peer_host: str) -> str:
        if self.external_address and not self.is_local(peer_host):
            return self.external_address
        return self.bound if self.bound not in WILDCARDS else self.route(peer_host)

    def next_hop(self, target: Address, came_from: Address) -> Address:
        """Where in-dialog packets go: the peer's Contact, unless it is an address behind NAT that we cannot reach.

        A private Contact of a peer that reaches us from elsewhere is such; so is any Contact over a TCP connection,
        which is used while it lives (RFC 5626 has the same reasons).
        """
        if came_from.transport == "tcp" and target.transport == "tcp":
            return came_from
        if self.is_local(target.host) and not self.is_local(came_from.host):
            return came_from
        return target
