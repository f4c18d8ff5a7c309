"""What a REFER and a Replaces header say (RFC 3515, RFC 3891, RFC 3892), read without trust."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from cordboard.sip.message import Answer, Message
from cordboard.sip.uri import Uri, UriError, parse_name_address, parse_params

_WRITABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Replaces:
    """Names a dialog as the one sees it who receives it: the to-tag is his own (RFC 3891 §3)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False
    """Only if it has not been answered (§3)."""


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Whom a phone wants its far end to be led to."""

    uri: Uri
    replaces: Replaces | None
    referred_by: str
    """The header Referred-By as it came (RFC 3892); empty if there is none."""
    wants_news: bool
    """False: it wants no implicit subscription (RFC 4488)."""


def read_replaces(text: str) -> Replaces:
    """Read the value of a Replaces header. Raises UriError."""
    call_id, mark, rest = text.strip().partition(";")
    params = parse_params(mark + rest)
    found = Replaces(call_id.strip(), params.get("to-tag", ""), params.get("from-tag", ""), "early-only" in params)
    if not _WRITABLE.fullmatch(found.call_id) or not found.to_tag or not found.from_tag:
        raise UriError(f"not a Replaces: {text[:80]!r}")
    return found


def replaces_of(message: Message) -> Replaces | None:
    """The dialog whose place an INVITE wants, None for nearly all. Raises UriError: it must be named once (§3)."""
    values = [value for value in message.headers("replaces") if value]
    if not values:
        return None
    if len(values) > 1 or message.header("join"):
        raise UriError("one dialog can be replaced")
    return read_replaces(values[0])


def read(message: Message) -> ReferTo | Answer:
    """What a REFER wants, or the answer that refuses it (RFC 3515 §2.4.2)."""
    targets = [value for name in ("refer-to", "r") for value in message.headers(name)]
    if len(targets) != 1:
        return Answer(400, "One Refer-To Is Needed")
    try:
        uri = parse_name_address(targets[0]).uri
        replaces = _embedded(uri)
    except UriError:
        return Answer(400, "Bad Refer-To")
    if not uri.is_sip:
        return Answer(416)
    if uri.params.get("method", "INVITE").upper() != "INVITE":
        return Answer(603)
    if not uri.user and replaces is None:
        return Answer(484)
    return ReferTo(
        uri,
        replaces,
        message.header("referred-by") or message.header("b"),
        message.header("refer-sub").partition(";")[0].strip().lower() != "false",
    )


def _embedded(uri: Uri) -> Replaces | None:
    """The Replaces among the headers of a URI, escaped there (RFC 3261 §19.1.1)."""
    found = [value for name, _, value in (one.partition("=") for one in uri.headers.split("&")) if _is_replaces(name)]
    if len(found) > 1:
        raise UriError("one dialog can be replaced")
    return read_replaces(unquote(found[0])) if found else None


def _is_replaces(name: str) -> bool:
    return unquote(name).strip().lower() == "replaces"
