"""`cordboard account`, and an exchange that is reached by TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from cordboard.api.server import serving
from cordboard.cli.main import app
from cordboard.office.accounts import Account, matches
from cordboard.store.database import open_store
from cordboard.testing.api import whole_app

HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def _office(tmp_path: Path) -> None:
    async def make() -> None:
        await (await open_store(tmp_path / "cordboard.sqlite")).close()

    asyncio.run(make())


def account(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["account", *arguments, "--data", str(data)])
    return result.exit_code, result.output


def kept(data: Path) -> Account:
    async def load() -> Account:
        async with await open_store(data / "cordboard.sqlite") as store:
            return (await store.office.load()).of(Account)["boss"]

    return asyncio.run(load())


def test_an_account_is_made_given_a_new_password_and_removed(tmp_path: Path) -> None:
    code, told = account(tmp_path, "set", "boss", "--role", "administrator")
    assert code == 0, told
    first = told.split()[-1]
    assert told.strip() == f"boss (administrator) signs in with the password {first}"
    assert matches(first, kept(tmp_path).password)
    code, told = account(tmp_path, "set", "boss")
    second = told.split()[-1]
    assert "administrator" in told, "the role stays"
    assert not matches(first, kept(tmp_path).password)
    assert matches(second, kept(tmp_path).password)
    code, told = account(tmp_path, "list")
    assert told.splitlines()[1].split() == ["boss", "administrator", "no", "0"]
    assert second not in told
    assert account(tmp_path, "remove", "boss") == (0, "Account boss is removed\n")
    code, told = account(tmp_path, "remove", "boss")
    assert (code, told.strip()) == (1, "There is no account boss: see `cordboard account list`.")


def test_a_user_who_is_none_is_told(tmp_path: Path) -> None:
    code, told = account(tmp_path, "set", "anna", "--role", "operator")
    assert code == 0
    assert told.splitlines()[0] == "the account anna has the role operator, and is no user"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """For this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


async def test_with_a_certificate_it_speaks_tls_alone(certificate: tuple[Path, Path]) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    async with serving(whole_app(), HERE, 0, certificate=certificate[0], key=certificate[1]) as port:
        async with httpx2.AsyncClient(trust_env=False, verify=trusted) as client:
            assert (await client.get(f"https://{HERE}:{port}/api/v1/openapi.json")).status_code == 200
        async with httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(f"http://{HERE}:{port}/api/v1/openapi.json")
