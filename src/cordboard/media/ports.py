"""Port pairs of the range: RTP on an even port, RTCP on the next (RFC 3550 §11)."""

import contextlib
import errno
import socket

from cordboard.media.api import NoPortError

_EXPEDITED = 46 << 2  # DSCP EF, what networks expect of voices (RFC 4594 §4.1)
_RTCP_BUFFER = 4096


class PortRange:
    """Hands out pairs in turn, so that late packets of an ended call do not meet the next one."""

    def __init__(self, ports: range) -> None:
        """Raises ValueError if no pair fits."""
        first = ports.start + ports.start % 2
        self._ports = range(first, ports.stop - 1, 2)
        if not self._ports or ports.step != 1 or first < 1 or ports.stop > 65536:
            raise ValueError(f"rtp_ports {ports.start}-{ports.stop - 1} holds no even port with an odd one behind it")
        self._next = 0

    def bind(self, host: str) -> tuple[socket.socket, socket.socket]:
        """A pair of sockets, for RTP and RTCP, on a free pair of ports. Raises NoPortError."""
        for _ in self._ports:
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            try:
                return _bind_pair(host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise NoPortError(
                        f"no voice can be received on {host}: {error}. Is it an address of this machine?"
                    ) from error
        raise NoPortError(
            f"all {len(self._ports)} pairs of ports {self._ports.start}-{self._ports[-1] + 1} on {host} are in use: "
            "widen rtp_ports in the settings"
        )


def _bind_pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as on_error:
        pair = []
        for number in (port, port + 1):
            one = on_error.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            one.setblocking(False)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _EXPEDITED)
            else:
                one.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED)
            one.bind((host, number))
            pair.append(one)
        # What peers report by RTCP is not read: the kernel drops what does not fit.
        pair[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RTCP_BUFFER)
        on_error.pop_all()
        return pair[0], pair[1]
