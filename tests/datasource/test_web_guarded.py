"""The guarded client against real servers on loopback."""

import asyncio
import ssl
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cordboard.datasource.web.guarded import (
    BREAK,
    Answered,
    GuardedClient,
    LostError,
    NotAllowedError,
    NotReachedError,
    OutOfTimeError,
    TooLargeError,
)
from cordboard.testing.web import Reply, WebServer, packed, web_server

HERE = ("127.0.0.0/8",)


async def ask(
    url: str,
    client: GuardedClient | None = None,
    *,
    local: Sequence[str] = HERE,
    seconds: float = 5,
    at_most: int = 1000,
    authority: str = "",
    headers: dict[str, str] | None = None,
) -> Answered:
    return await (client or GuardedClient()).ask(
        "GET", url, headers or {}, b"", local=local, timeout=seconds, at_most=at_most, authority=authority
    )


def names(**addresses: str) -> GuardedClient:
    """One that finds these addresses, separated by spaces, each time the next of those separated by `|`."""
    left = {host: found.split("|") for host, found in addresses.items()}

    async def resolve(host: str, _port: int) -> Sequence[str]:
        found = left[host.removesuffix(".test")]
        return (found.pop(0) if len(found) > 1 else found[0]).split()

    return GuardedClient(resolve)


async def test_a_name_is_called_at_the_address_that_was_checked() -> None:
    async with web_server(Reply(b"hello", "text/plain")) as there:
        client = names(crm="127.0.0.1")
        answer = await ask(f"http://crm.test:{there.port}/a?b=%20c#d", client)
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"hello")
    (asked,) = there.asked
    assert (asked.method, asked.target, asked.headers["host"]) == ("GET", "/a?b=%20c", f"crm.test:{there.port}")


async def test_a_name_that_leads_home_the_next_time_is_not_followed() -> None:
    """DNS rebinding: what was checked is called, and each call is checked anew."""
    async with web_server() as there:
        client = names(evil="127.0.0.1|10.0.0.1 169.254.169.254")
        await ask(f"http://evil.test:{there.port}/", client)
        with pytest.raises(NotAllowedError, match=r"evil.test is in a local network: .*allow 10.0.0.1"):
            await ask(f"http://evil.test:{there.port}/", client)
    assert len(there.asked) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0"])
async def test_the_local_network_is_called_only_where_it_is_allowed(host: str) -> None:
    async with web_server() as there:
        with pytest.raises((NotAllowedError, NotReachedError), match=r"cordboard webhook allow|cannot be resolved"):
            await ask(f"http://{host}:{there.port}/", local=["10.0.0.0/8"])
    assert there.asked == []


async def test_of_several_addresses_those_that_may_be_called_are_tried() -> None:
    async with web_server() as there:
        client = names(crm="10.1.1.1 127.0.0.2 127.0.0.1")  # nobody listens at the second
        assert (await ask(f"http://crm.test:{there.port}/", client)).status == 200


async def test_a_host_that_was_not_reached_fails_at_once_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async with web_server() as there:
        pass
    client = GuardedClient()
    with pytest.raises(NotReachedError, match="cannot be reached"):
        await ask(there.url, client)
    with pytest.raises(NotReachedError, match="in a few seconds"):
        await ask(there.url, client)
    loop = asyncio.get_running_loop()
    now = loop.time()
    with monkeypatch.context() as later:
        later.setattr(loop, "time", lambda: now + BREAK + 1)
        with pytest.raises(NotReachedError, match="cannot be reached"):
            await ask(there.url, client)
    async with web_server() as other:
        assert (await ask(other.url, client)).status == 200


async def test_who_does_not_answer_is_left_when_the_time_is_up() -> None:
    async with web_server(Reply(silent=True)) as there:
        client = GuardedClient()
        with pytest.raises(OutOfTimeError, match=r"within 0.1 seconds"):
            await ask(there.url, client, seconds=0.1)
        there.replies = [Reply()]
        assert (await ask(there.url, client)).status == 200


async def test_a_name_server_that_hangs_takes_no_more_than_the_time() -> None:
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        await asyncio.Event().wait()
        return []

    client = GuardedClient(resolve)
    for _ in range(2):  # who has no patience closes the door to nobody else
        with pytest.raises(NotReachedError, match=r"within 0.1 seconds$"):
            await ask("http://crm.test/", client, seconds=0.1)
    assert len(asked) == 2


@pytest.mark.slow
async def test_a_host_that_lets_wait_for_long_fails_at_once_for_some_seconds() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    client = GuardedClient(resolve)
    with pytest.raises(NotReachedError, match=r"within 1 seconds$"):
        await ask("http://crm.test/", client, seconds=1)
    began = asyncio.get_running_loop().time()
    with pytest.raises(NotReachedError, match="in a few seconds"):
        await ask("http://crm.test/", client, seconds=5)
    assert asyncio.get_running_loop().time() - began < 0.1


async def test_a_connection_that_is_cut_is_lost_not_unreached() -> None:
    async with web_server(Reply(cut=True)) as there:
        with pytest.raises(LostError) as lost:
            await ask(there.url)
    assert not isinstance(lost.value, OutOfTimeError)


async def test_an_answer_is_bounded_also_when_it_is_packed_a_thousandfold() -> None:
    async with web_server(Reply(b"x" * 1001), packed(Reply(b"0" * 50_000_000)), packed(Reply(b"y" * 1000))) as there:
        for _ in range(2):
            with pytest.raises(TooLargeError, match="larger than 1000"):
                await ask(there.url)
        assert (await ask(there.url)).body == b"y" * 1000
    assert there.asked[0].headers["accept-encoding"] == "gzip, deflate"


async def test_what_was_not_asked_for_is_not_unpacked() -> None:
    strange = Reply(b"x", headers={"Content-Encoding": "br"})
    broken = Reply(b"no gzip", headers={"Content-Encoding": "gzip"})
    flat = Reply(zlib.compress(b"fine"), headers={"Content-Encoding": "deflate"})
    async with web_server(strange, broken, flat) as there:
        for _ in range(2):
            with pytest.raises(TooLargeError, match=r"packed as br|cannot be unpacked"):
                await ask(there.url)
        assert (await ask(there.url)).body == b"fine"


async def test_no_redirect_is_followed_and_no_cookie_kept() -> None:
    away = Reply(status="302 Found", headers={"Location": "/other", "Set-Cookie": "a=b"})
    async with web_server(away) as there:
        client = GuardedClient()
        assert (await ask(there.url, client)).headers["location"] == "/other"
        await ask(there.url, client)
    assert [asked.target for asked in there.asked] == ["/", "/"]
    assert "cookie" not in there.asked[1].headers


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X": "ї"}, {"X\r\nY": "b"}, {"Host": "evil"}, {"content-length": "5"}, {"": "x"}]
)
async def test_headers_that_cannot_be_sent(headers: dict[str, str]) -> None:
    async with web_server() as there:
        with pytest.raises(ValueError, match="header"):
            await ask(there.url, headers=headers)
    assert there.asked == []


async def test_without_a_limit_no_body_is_read() -> None:
    async with web_server(Reply(b"x" * 10, headers={"Content-Length": "1000000"})) as there:
        assert (await ask(there.url, at_most=0)).body == b""


# --- TLS -----------------------------------------------------------------------------------------------------------


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own for a host, and the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "cert.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


async def test_https_is_verified_by_the_name_and_trusts_an_authority_of_ones_own(tmp_path: Path) -> None:
    file, context = certificate(tmp_path, "crm.test")
    there = WebServer(Reply(b"safe"))
    server = await asyncio.start_server(there.take, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        answer = await ask(f"https://crm.test:{port}/", names(crm="127.0.0.1"), authority=str(file))
        assert answer.body == b"safe"
        with pytest.raises(NotReachedError, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(f"https://crm.test:{port}/", names(crm="127.0.0.1"))
        with pytest.raises(NotReachedError, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(f"https://other.test:{port}/", names(other="127.0.0.1"), authority=str(file))
        with pytest.raises(NotAllowedError, match="cannot be read"):
            await ask(f"https://crm.test:{port}/", names(crm="127.0.0.1"), authority=str(tmp_path / "none.pem"))
    finally:
        server.close()
        await server.wait_closed()
    assert len(there.asked) == 1
