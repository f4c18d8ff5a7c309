"""SIP and tel URIs, and the name-addr form of From, To, Contact and Route (RFC 3261 §19.1, §20.10, §25).

Written here because the codec library splits a URI at the first semicolon and a name-addr at the first angle bracket,
also where RFC 4475 shows them inside a user part or a quoted name.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote

from cordboard.sip.api import Identity

DEFAULT_PORT = 5060

_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@\s<>\"]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<params>(?:;[^;?\s<>\"]*)*)(?:\?(?P<headers>[^\s<>\"]*))?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NAME_ADDR = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>",;]*))\s*<(?P<uri>[^<>]*)>\s*(?P<params>;.*)?', re.DOTALL
)
_ADDR_SPEC = re.compile(r"\s*(?P<uri>[^\s;<>,?\"]+)\s*(?P<params>;.*)?", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PARAM = re.compile(r'\s*;\s*([^\s;=,"<>]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"<>]+)\s*)?')


class UriError(ValueError):
    """A URI, address or parameter that cannot be read."""


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI taken apart. Foreign schemes (http, urn) keep everything after the colon in `user`."""

    scheme: str
    user: str
    """Percent-decoded, without a password."""
    host: str
    """Without the brackets of IPv6."""
    port: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    headers: str = ""
    text: str = ""
    """As it was written."""

    @property
    def transport(self) -> str:
        """The transport that is asked for; udp unless said otherwise."""
        return self.params.get("transport", "udp").lower()

    @property
    def is_sip(self) -> bool:
        """Whether we can route it."""
        return self.scheme in {"sip", "sips", "tel"}

    def identity(self, name: str = "") -> Identity:
        """The part that the rooms above look at."""
        return Identity(self.user, self.host, name)


@dataclass(frozen=True, slots=True)
class NameAddress:
    """A display name, a URI and the parameters of the header."""

    uri: Uri
    name: str = ""
    params: dict[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The tag of From or To; empty if there is none."""
        return self.params.get("tag", "")

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self.uri.identity(self.name)


@lru_cache(maxsize=2048)
def parse_uri(text: str) -> Uri:
    """Read a URI. Raises UriError."""
    found = _URI.fullmatch(text)
    if found is None:
        return _foreign(text)
    port = found["port"]
    if port is not None and not 0 < int(port) < 65536:
        raise UriError(f"port {port} is out of range in {text[:80]!r}")
    user = found["user"] or ""
    return Uri(
        scheme=found["scheme"].lower(),
        user=unquote(user.split(":", 1)[0]),
        host=found["host"].strip("[]").lower(),
        port=int(port) if port else None,
        params=_uri_params(found["params"]),
        headers=found["headers"] or "",
        text=text,
    )


def _foreign(text: str) -> Uri:
    if _SCHEME.fullmatch(text) is None or any(bad in text for bad in '<>"'):
        raise UriError(f"not a URI: {text[:80]!r}")
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme in {"sip", "sips"}:
        raise UriError(f"not a SIP URI: {text[:80]!r}")
    if scheme != "tel":
        return Uri(scheme, rest, "", text=text)
    number, _, params = rest.partition(";")
    return Uri("tel", number, "", params=_uri_params(params), text=text)


def _uri_params(text: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for part in text.split(";"):
        if part:
            key, _, value = part.partition("=")
            params[unquote(key).lower()] = unquote(value)
    return params


def parse_params(text: str) -> dict[str, str]:
    """Read `;key=value;flag`. Keys in lower case, quoted values without their quotes. Raises UriError."""
    params: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _PARAM.match(text, position)
        if found is None:
            if not text[position:].strip():
                break
            raise UriError(f"bad parameter: {text[position : position + 80]!r}")
        value = found[2] or ""
        params[found[1].lower()] = unquoted(value[1:-1]) if value.startswith('"') else value
        position = found.end()
    return params


def unquoted(text: str) -> str:
    """The inside of a quoted string without its backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def quoted(text: str) -> str:
    """A quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@lru_cache(maxsize=2048)
def parse_name_address(text: str) -> NameAddress:
    """Read the value of From, To, Contact or Route. Raises UriError."""
    found = _NAME_ADDR.fullmatch(text)
    if found is not None:
        plain = (found["plain"] or "").strip()
        name = unquoted(found["quoted"]) if found["quoted"] is not None else plain
        return NameAddress(parse_uri(found["uri"].strip()), name, parse_params(found["params"] or ""))
    found = _ADDR_SPEC.fullmatch(text)
    if found is None:
        raise UriError(f"not an address: {text[:80]!r}")
    # Without angle brackets all parameters belong to the header, not to the URI (§20.10).
    return NameAddress(parse_uri(found["uri"]), "", parse_params(found["params"] or ""))


def bracketed(host: str) -> str:
    """A host as it stands in a URI: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def write_uri(user: str, host: str, port: int | None = None, transport: str = "") -> str:
    """Write a SIP URI; what may not stand in a user part is escaped. Raises UriError for a host that is none."""
    if _HOST.fullmatch(host) is None:
        raise UriError(f"not a host: {host[:80]!r}")
    who = quote(user, safe="&=+$,;?/-_.!~*'()") + "@" if user else ""
    where = bracketed(host) + (f":{port}" if port else "")
    how = f";transport={transport}" if transport and transport != "udp" else ""
    return f"sip:{who}{where}{how}"


def write_address(identity: Identity, host: str) -> str:
    """Write an identity as a name-addr; `host` stands in where it has none."""
    uri = write_uri(identity.user, identity.host or host)
    # Names come from outside and reach a header: what could end a line becomes a blank.
    name = _CONTROL.sub(" ", identity.name)
    return f"{quoted(name)} <{uri}>" if name else f"<{uri}>"
