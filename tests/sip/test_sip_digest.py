"""Digest authentication on both sides (RFC 7616)."""

from random import Random

import pytest

from cordboard.sip.api import Address, Credentials, Identity
from cordboard.sip.digest import Authenticator, Check, Nonces, Responder, Throttle, Verdict, ha1_of, response_of
from cordboard.sip.message import Request, Response
from cordboard.sip.parsing import parse

PHONE = Address("udp", "192.0.2.1", 5060)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    ha1 = ha1_of(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
    assert (
        response_of(
            algorithm,
            ha1,
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            count="00000001",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            method="GET",
            uri="/dir/index.html",
        )
        == expected
    )


class Office:
    realm = "office"

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:
        return False

    def secret(self, username: str) -> tuple[str, str] | None:
        secrets = {"101": "MD5", "102": "SHA-256"}
        algorithm = secrets.get(username)
        return (algorithm, ha1_of(algorithm, username, "office", "secret")) if algorithm else None


class Exchange:
    """An authenticator and a phone that answers it."""

    def __init__(self, throttle: Throttle | None = None) -> None:
        self.now = 1000.0
        self.authenticator = Authenticator(Office(), clock=lambda: self.now, random=Random(1), throttle=throttle)

    def ask(self, user: str, authorization: str = "", source: Address = PHONE) -> Check:
        lines = f"\r\nAuthorization: {authorization}" if authorization else ""
        request = parse(
            f"REGISTER sip:office SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:{user}@office>;tag=1\r\n"
            f"To: <sip:{user}@office>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER{lines}\r\n\r\n".encode()
        )
        assert isinstance(request, Request)
        request.source = source
        return self.authenticator.check(request, user)

    def proof(self, check: Check, user: str, password: str = "secret", count: int = 1) -> str:
        parts = dict(part.split("=", 1) for part in check.challenge.removeprefix("Digest ").split(", "))
        nonce, algorithm = parts["nonce"].strip('"'), parts["algorithm"]
        answer = response_of(
            algorithm,
            ha1_of(algorithm, user, "office", password),
            nonce=nonce,
            count=f"{count:08x}",
            cnonce="c",
            method="REGISTER",
            uri="sip:office",
        )
        return (
            f'Digest username="{user}", realm="office", nonce="{nonce}", uri="sip:office", algorithm={algorithm}, '
            f'qop=auth, nc={count:08x}, cnonce="c", response="{answer}"'
        )


@pytest.mark.parametrize(("user", "algorithm"), [("101", "MD5"), ("102", "SHA-256"), ("nobody", "MD5")])
def test_one_algorithm_in_a_challenge_the_users_own(user: str, algorithm: str) -> None:
    check = Exchange().ask(user)
    assert check.verdict is Verdict.CHALLENGE
    assert check.challenge.count("algorithm=") == 1
    assert f"algorithm={algorithm}, " in check.challenge
    assert 'qop="auth"' in check.challenge
    assert "stale" not in check.challenge


@pytest.mark.parametrize("user", ["101", "102"])
def test_the_right_password_passes_and_the_count_must_grow(user: str) -> None:
    exchange = Exchange()
    challenge = exchange.ask(user)
    assert exchange.ask(user, exchange.proof(challenge, user)) == Check(Verdict.PASSED, user)
    replay = exchange.ask(user, exchange.proof(challenge, user))
    assert replay.verdict is Verdict.CHALLENGE
    assert replay.challenge.endswith("stale=true")
    assert exchange.ask(user, exchange.proof(challenge, user, count=2)).verdict is Verdict.PASSED


def test_a_wrong_password_and_an_unknown_user_look_the_same() -> None:
    exchange = Exchange()
    wrong = exchange.ask("101", exchange.proof(exchange.ask("101"), "101", "wrong"))
    unknown = exchange.ask("nobody", exchange.proof(exchange.ask("nobody"), "nobody"))
    assert wrong == unknown == Check(Verdict.FORBIDDEN)


def test_an_old_nonce_is_stale() -> None:
    exchange = Exchange()
    proof = exchange.proof(exchange.ask("101"), "101")
    exchange.now += 301
    check = exchange.ask("101", proof)
    assert check.verdict is Verdict.CHALLENGE
    assert check.challenge.endswith("stale=true")


def test_a_nonce_serves_only_the_address_it_was_given_to() -> None:
    exchange = Exchange()
    proof = exchange.proof(exchange.ask("101"), "101")
    assert exchange.ask("101", proof, Address("udp", "192.0.2.2", 5060)).verdict is Verdict.CHALLENGE
    assert exchange.ask("101", proof, Address("udp", "192.0.2.1", 999)).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("qop=auth, ", ""),
        lambda text: text.replace('nonce="', 'nonce="00'),
        lambda text: text.replace("algorithm=MD5", "algorithm=SHA-256"),
        lambda text: text.replace("Digest", "Basic"),
        lambda text: text.replace('realm="office"', 'realm="other"'),
    ],
)
def test_what_does_not_fit_the_challenge_is_challenged_again(spoil: object) -> None:
    assert callable(spoil)
    exchange = Exchange()
    check = exchange.ask("101", spoil(exchange.proof(exchange.ask("101"), "101")))
    assert check.verdict is Verdict.CHALLENGE


@pytest.mark.parametrize("count", ["zzzzzzzz", "1", "-0000001", ""])
def test_a_count_that_is_none_never_passes(count: str) -> None:
    exchange = Exchange()
    proof = exchange.proof(exchange.ask("101"), "101").replace("nc=00000001", f"nc={count}")
    assert exchange.ask("101", proof).verdict is not Verdict.PASSED


def test_a_source_that_fails_too_often_is_not_heard_for_a_while() -> None:
    exchange = Exchange(Throttle(limit=3, window=60, block=60))
    for _ in range(3):
        exchange.ask("101", exchange.proof(exchange.ask("101"), "101", "wrong"))
    assert exchange.ask("101").verdict is Verdict.FORBIDDEN
    assert exchange.ask("101", source=Address("udp", "192.0.2.2", 5060)).verdict is Verdict.CHALLENGE
    exchange.now += 61
    assert exchange.ask("101").verdict is Verdict.CHALLENGE


def test_failures_that_are_far_apart_do_not_add_up() -> None:
    throttle = Throttle(limit=2, window=60, block=60)
    throttle.failed("a", 0)
    throttle.failed("a", 61)
    assert not throttle.blocked("a", 61)
    throttle.failed("a", 62)
    assert throttle.blocked("a", 62)


def test_the_throttle_is_bounded() -> None:
    throttle = Throttle(limit=2, size=10)
    for number in range(1000):
        throttle.failed(f"host{number}", 0)
    assert len(throttle._failures) == 10


def test_the_memory_of_nonces_is_bounded_and_a_forgotten_one_is_stale() -> None:
    nonces = Nonces(b"key", Random(1), size=3)
    made = [nonces.make("h", now) for now in range(5)]
    assert all(nonces.fresh(nonce, 1, 10) for nonce in made)
    assert len(nonces._counts) == 3
    assert not nonces.fresh(made[0], 2, 10)
    assert nonces.fresh(made[4], 2, 10)


def challenge_response(status: int, *values: str) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    lines = "".join(f"{name}: {value}\r\n" for value in values)
    response = parse(
        f"SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n"
        f"Call-ID: 1\r\nCSeq: 1 REGISTER\r\n{lines}\r\n".encode()
    )
    assert isinstance(response, Response)
    return response


def test_a_challenge_is_answered_once_and_once_more_if_it_was_stale() -> None:
    responder = Responder(Credentials("101", "secret"), Random(1))
    first = challenge_response(401, 'Digest realm="r", nonce="1", qop="auth"')
    stale = challenge_response(401, 'Digest realm="r", nonce="2", qop="auth", stale=TRUE')
    made = responder.answer(first, "REGISTER", "sip:r")
    assert made is not None
    assert made[0] == "Authorization"
    assert 'nonce="1"' in made[1]
    assert responder.answer(first, "REGISTER", "sip:r") is None
    assert responder.answer(stale, "REGISTER", "sip:r") is not None
    assert responder.answer(stale, "REGISTER", "sip:r") is None


def test_the_first_challenge_that_is_understood_is_answered() -> None:
    responder = Responder(Credentials("101", "secret"), Random(1))
    made = responder.answer(
        challenge_response(
            407, 'Basic realm="r"', 'Digest Realm="r", Nonce="1", Algorithm=AKAv1-MD5', 'Digest realm="r", nonce="2"'
        ),
        "INVITE",
        "sip:r",
    )
    assert made is not None
    assert made[0] == "Proxy-Authorization"
    assert 'nonce="2"' in made[1]


def test_without_credentials_a_challenge_stands() -> None:
    assert (
        Responder(None, Random(1)).answer(challenge_response(401, 'Digest realm="r", nonce="1"'), "X", "sip:r") is None
    )
