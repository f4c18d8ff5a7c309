"""Web addresses: what may be asked, and what inserted values may do to them. Pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote, urlencode, urlsplit

_INSERTED = "\ue000"
"""Stands before each inserted value until the address was checked: a private character that no address has."""
_RESERVED = "%/?#[]@!$&'()*+,;=:~"
"""What has a meaning in an address, or is encoded already (RFC 3986 §2.2)."""
_LONGEST = 8000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class BadUrlError(ValueError):
    """It cannot be asked; the text says why."""


def inserted(value: str) -> str:
    """A value as it stands in an address: percent-encoded, dots too, so that it is never more than a name."""
    return _INSERTED + quote(value, safe="").replace(".", "%2E")


def checked_url(written: str, query: Mapping[str, str] | None = None) -> str:
    """The address in ASCII, without a fragment, with `query` behind its own. Raises BadUrlError.

    What was `inserted` may stand in the path and in the query, and leads to no other folder.
    """
    scheme, colon, rest = written.partition("://")
    authority = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    if _INSERTED in scheme + authority:
        raise BadUrlError("a value may be inserted behind the host alone: write https://company.com/path/{value}")
    plain = written.replace(_INSERTED, "")
    try:
        parts = urlsplit(plain)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not colon or parts.scheme not in {"http", "https"} or not host or not plain.isprintable() or " " in plain:
        raise BadUrlError(f"{plain[:100]!r} is no web address: write https://company.com/path")
    if parts.username is not None or parts.password is not None:
        raise BadUrlError("a web address must not hold a password: name a secret, which nobody sees")
    if any(unquote(part) in {".", ".."} for part in parts.path.split("/")):
        raise BadUrlError(f"{plain[:100]!r} leads out of its folder: write the path without dots")
    own = [quote(parts.query, safe=_RESERVED)] if parts.query else []
    more = [urlencode(dict(query), quote_via=quote, safe="")] if query else []
    netloc = _host(host) + (f":{port}" if port else "")
    path = quote(parts.path, safe=_RESERVED) or "/"
    found = parts._replace(netloc=netloc, path=path, query="&".join(own + more), fragment="").geturl()
    if len(found) > _LONGEST:
        raise BadUrlError(f"the web address has {len(found)} characters, and {_LONGEST} are possible")
    return found


def _host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not name or not all(sign.isalnum() or sign in "-._" for sign in name):
        raise BadUrlError(f"{host!r} is no host")
    return name


def may_call(address: str, local: Sequence[str]) -> bool:
    """Whether an IP address may be called: one of the internet, or in the networks that the administrator allows.

    An IPv4 address within an IPv6 one (mapped, 6to4, Teredo, NAT64) must be allowed itself.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    if any(ip in ipaddress.ip_network(each) for each in local):
        return True
    if not ip.is_global or ip.is_multicast:
        return False
    return all(may_call(str(each), local) for each in _within(ip))


def _within(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Sequence[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return ()
    if ip in _NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    return ip.teredo or ()
