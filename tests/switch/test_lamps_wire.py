"""The exchange's lamps on a real socket."""

from pathlib import Path

import pytest

from cordboard.sip.api import Credentials, Identity
from cordboard.telephony import Lamp
from cordboard.testing.exchange import until
from cordboard.testing.real_exchange import open_office
from cordboard.testing.switch import Peer, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]


def notified(peer: Peer) -> list[str]:
    return [packet for packet in peer.received if packet.startswith("NOTIFY ")]


async def test_a_phone_is_told_what_a_lamp_shows(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, open_peer() as peer:
        office.exchange.lamps.show("103", Lamp.RINGING)
        server, here = office.server, peer.address
        reply = await peer.agent.request(
            "SUBSCRIBE",
            f"sip:103@{server.host}:{server.port}",
            caller=Identity("101", server.host),
            via=server,
            credentials=Credentials("101", "101"),
            headers={"Event": "dialog", "Expires": "60", "Contact": f"<sip:101@{here.host}:{here.port}>"},
        )
        assert (reply.status, reply.headers["expires"]) == (200, ("60",))
        await until(lambda: notified(peer))
        assert "<state>early</state>" in notified(peer)[0]
        # The peer keeps no subscriptions and says 481, which ends this one.
        subscriptions = office.exchange.agent.subscriptions
        assert subscriptions is not None
        await until(lambda: len(subscriptions) == 0)
