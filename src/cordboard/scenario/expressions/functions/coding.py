"""Codes and sums that other programs ask for."""

import base64
import binascii
import hashlib
import hmac
import html
import urllib.parse

from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.expressions.functions.common import check_length
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError

coding = Theme("coding", "Encoding", "For addresses, headers and signatures of HTTP. Texts are taken as UTF-8.")


@coding.function("кодurl", ('url_encode("a b&ц")', "a%20b%26%D1%86"))
def url_encode(text: str) -> str:
    """The text as a part of an address."""
    check_length(len(text) * 3)
    return urllib.parse.quote(text, safe="")


@coding.function("декодurl", ('url_decode("a%20b+c")', "a b c"))
def url_decode(text: str) -> str:
    """The text behind a part of an address."""
    return urllib.parse.unquote_plus(text)


@coding.function("кодbase64", ('base64_encode("user:secret")', "dXNlcjpzZWNyZXQ="))
def base64_encode(text: str) -> str:
    """The text in Base64."""
    return base64.b64encode(text.encode()).decode()


@coding.function("декодbase64", ('base64_decode("dXNlcjpzZWNyZXQ=")', "user:secret"))
def base64_decode(text: str) -> str:
    """The text behind Base64."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadValueError(said("this is no text in Base64")) from error


@coding.function("кодhtml", ('html_encode("a < b")', "a &lt; b"))
def html_encode(text: str) -> str:
    """The text for a page or a mail in HTML."""
    return html.escape(text)


@coding.function("md5", ('md5("abc")', "900150983cd24fb0d6963f7d28e17f72"))
def md5(text: str) -> str:
    """The MD5 sum in hexadecimal digits. It protects nothing; use it where another program asks for it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@coding.function("sha256", ('left(sha256("abc"); 16)', "ba7816bf8f01cfea"))
def sha256(text: str) -> str:
    """The SHA-256 sum in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


@coding.function("hmac256", ('left(hmac_sha256("Jefe"; "what do ya want for nothing?"); 16)', "5bdcc146bf60754e"))
def hmac_sha256(key: str, text: str) -> str:
    """The signature of a text by a secret key, as webhooks want it, in hexadecimal digits."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
