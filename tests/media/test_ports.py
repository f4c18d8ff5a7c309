import socket

import pytest

from cordboard.media.api import NoPortError
from cordboard.media.ports import PortRange


def _free_pair() -> int:
    """An even port with a free one behind it, in a part of the range that the kernel does not hand out."""
    for port in range(16_000, 20_000, 2):
        try:
            for one in PortRange(range(port, port + 4)).bind("127.0.0.1"):
                one.close()
        except NoPortError:
            continue
        return port
    raise AssertionError("no free ports")


def test_pairs_are_even_and_odd_and_go_in_turn() -> None:
    start = _free_pair()
    ports = PortRange(range(start - 1, start + 4))
    rtp, rtcp = ports.bind("127.0.0.1")
    with rtp, rtcp:
        assert (rtp.getsockname()[1], rtcp.getsockname()[1]) == (start, start + 1)
    # Though the first pair is free again, the next is taken: late packets of the ended call go to nobody.
    again, its_rtcp = ports.bind("127.0.0.1")
    with again, its_rtcp:
        assert again.getsockname()[1] == start + 2


def test_a_pair_of_which_one_is_taken_is_passed_over_and_then_all_are_taken() -> None:
    start = _free_pair()
    ports = PortRange(range(start, start + 4))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", start + 1))
        rtp, rtcp = ports.bind("127.0.0.1")
        with rtp, rtcp:
            assert rtp.getsockname()[1] == start + 2
            with pytest.raises(NoPortError, match=f"all 2 pairs of ports {start}-{start + 3} .* widen rtp_ports"):
                ports.bind("127.0.0.1")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(NoPortError, match=r"192\.0\.2\.1.*Is it an address of this machine"):
        PortRange(range(16_000, 16_100)).bind("192.0.2.1")


@pytest.mark.parametrize("wrong", [range(40_001, 40_002), range(5, 5), range(65_000, 70_000), range(40_000, 41_000, 2)])
def test_ranges_without_a_pair_are_refused(wrong: range) -> None:
    with pytest.raises(ValueError, match="rtp_ports"):
        PortRange(wrong)
