"""A mail server for tests, on a port of its own: it goes away, refuses, breaks off, wants passwords and TLS."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "exchange", "right one"


@dataclass(slots=True)
class Mail:
    """A mail that was accepted, or that was taken and then not confirmed."""

    sender: str
    recipient: str
    message: EmailMessage
    raw: bytes

    @property
    def id(self) -> str:
        """Its Message-ID."""
        return str(self.message["Message-ID"])


@dataclass(slots=True)
class PostOffice:
    """Use as a context; `stop` and `start` in between let it go away for a while, on the same port."""

    security: str = "plain"
    """plain, starttls or tls; the latter two with the certificate of `certificate_in`."""
    folder: Path | None = None
    """Where the certificate lies."""
    wants_password: bool = False
    mails: list[Mail] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What the next mails are answered after their data, one each; `lost`: it is taken, and the connection breaks."""
    to_recipients: dict[str, str] = field(default_factory=dict)
    """What a recipient is answered instead of 250."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: list[SMTP] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        context = None
        if self.security != "plain":
            assert self.folder is not None
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.folder / "server.pem")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._session(context), "127.0.0.1", self.port, ssl=context if self.security == "tls" else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away, and break off what is under way."""
        if self._server is not None:
            self._server.close()
            for each in self._open:
                _break(each)
            self._open.clear()
            await self._server.wait_closed()
            self._server = None

    def subjects(self) -> Counter[str]:
        """How often each subject was taken."""
        return Counter(str(mail.message["Subject"]) for mail in self.mails)

    # --- as aiosmtpd asks ----------------------------------------------------------------------------------------

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """A recipient is named."""
        refusal = self.to_recipients.get(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """A mail has come."""
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250") or answer == "lost":
            raw = envelope.original_content or b""
            message = message_from_bytes(raw, _class=EmailMessage, policy=default)
            self.mails += [Mail(envelope.mail_from or "", each, message, raw) for each in envelope.rcpt_tos]
        if answer == "lost":
            _break(server)
        return answer

    def _session(self, context: ssl.SSLContext | None) -> SMTP:
        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
            right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
            return AuthResult(success=right, handled=right)

        with warnings.catch_warnings(action="ignore"):  # it warns of passwords without TLS: here they are tried
            smtp = SMTP(
                self,
                hostname="mail.test",
                ident="test",
                tls_context=context if self.security == "starttls" else None,
                require_starttls=self.security == "starttls",
                auth_required=self.wants_password,
                auth_require_tls=False,
                authenticator=check,
                loop=asyncio.get_running_loop(),
            )
        self._open.append(smtp)
        return smtp


def _break(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()


def certificate_in(folder: Path) -> Path:
    """Make `server.pem` (with its key) for 127.0.0.1, and return the file of the authority that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + public)
    authority = folder / "authority.pem"
    authority.write_bytes(public)
    return authority
