"""Messages in the shapes of RFC 4475, under its names, and streams cut in every way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.sip.framing import Framer
from cordboard.sip.message import Answer, Request, Response, write_request, write_response
from cordboard.sip.parsing import MalformedError, parse
from cordboard.sip.uri import NameAddress, Uri, UriError, parse_name_address, parse_params, parse_uri, write_uri


def wire(text: str, body: bytes = b"") -> bytes:
    return text.replace("\n", "\r\n").encode() + b"\r\n" + body


def request(first: str = "INVITE sip:user@example.com SIP/2.0", *more: str, **changed: str) -> bytes:
    """A usual request; keywords replace a header (empty: leave it out)."""
    method = first.split(maxsplit=1)[0]
    headers = {
        "Via": "SIP/2.0/UDP host5.example.net;branch=z9hG4bK-1",
        "From": "<sip:caller@example.net>;tag=1",
        "To": "<sip:user@example.com>",
        "Call_ID": "torture",
        "CSeq": f"8 {method}",
        **changed,
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
    return wire("\n".join([first, *lines, *more, ""]))


def read(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


WSINV = (
    "INVITE sip:vik@there.example.com;unknownparam SIP/2.0\n"
    "TO :\n sip:vik@there.example.com ;   tag    = 19n\n"
    'from   : "J Rosen \\\\\\""       <sip:jr@example.com>\n  ;\n  tag = 98asjd8\n'
    "MaX-fOrWaRdS: 0068\n"
    "Call-ID: wsinv.1@192.0.2.1\n"
    "Content-Length   : 4\n"
    "cseq: 0009\n  INVITE\n"
    "Via  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skd\n"
    "s :\n"
    "NewFangledHeader:   newfangled value\n continued newfangled value\n"
    "UnknownHeaderWithUnusualValue: ;;,,;;,;\n"
    "Content-Type: application/sdp\n"
    "Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n"
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n"
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n"
    'm:"Quoted string \\"\\"" <sip:jd@example.com> ; newparam =\n      newvalue ;\n'
    "  secondparam ; q = 0.33\n"
)


def test_wsinv_blanks_and_folds_everywhere() -> None:
    message = read(wire(WSINV, b"v=0\n"))
    assert message.to == NameAddress(
        Uri("sip", "vik", "there.example.com", text="sip:vik@there.example.com"), "", {"tag": "19n"}
    )
    assert (message.from_.name, message.from_.tag) == ('J Rosen \\"', "98asjd8")
    assert message.cseq == 9
    assert (message.via.host, message.via.branch) == ("192.0.2.2", "390skd")
    assert len(message.headers("via")) == 3
    assert message.sdp == b"v=0\n"
    assert message.uri.params == {"unknownparam": ""}
    contact = parse_name_address(message.header("contact"))
    assert (contact.name, contact.params) == (
        'Quoted string ""',
        {"newparam": "newvalue", "secondparam": "", "q": "0.33"},
    )


def test_intmeth_every_character_that_may_stand_there() -> None:
    method = "!interesting-Method0123456789_*+`.%indeed'~"
    uri = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com"
    message = read(
        request(
            f"{method} {uri} SIP/2.0",
            "extensionHeader-!.%*+_`'~: \ufeff\u5927\u505c\u96fb",
            Via="SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
            To=f'"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <{uri}>',
            From="token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
            ";fromParam''~+*_!.-%=\"work\\\"ing\";tag=_token~1'+`*%!-.",
        )
    )
    assert message.method == method
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.to.name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.via.branch == "z9hG4bK-.!%66*_+`'~"


def test_esc01_escapes_are_read_once() -> None:
    message = read(
        request(
            "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
            "Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
        )
    )
    assert message.uri.user == "sips:user@example.com"
    contact = parse_name_address(message.header("contact")).uri
    assert (contact.user, contact.params) == ("caller", {"lr": "", "name": "value%41"})


def test_escnull_a_null_in_the_user() -> None:
    message = read(request(To="sip:null-%00-null@example.com"))
    assert message.to.uri.user == "null-\0-null"


def test_esc02_a_percent_sign_is_no_escape_in_a_method_or_name() -> None:
    message = read(
        request("RE%47IST%45R sip:registrar.example.com SIP/2.0", From='"%Z%45" <sip:resource@example.com>;tag=f')
    )
    assert message.method == "RE%47IST%45R"
    assert message.from_.name == "%Z%45"


def test_lwsdisp_no_blank_before_the_angle_bracket() -> None:
    assert read(request(From="caller<sip:caller@example.com>;tag=323")).from_.name == "caller"


def test_longreq_long_values() -> None:
    branch = "z9hG4bK" + "long" * 500
    message = read(
        request(
            "INVITE sip:user@example.com SIP/2.0",
            *(f"Unknown-{'x' * 200}-{number}: {'y' * 300}" for number in range(10)),
            "Via: " + ", ".join(f"SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{number}" for number in range(30)),
            Via=f"SIP/2.0/TCP sip33.example.com;branch={branch}",
            Call_ID="longreq." + "really" * 200,
            From=f"<sip:{'amazinglylong' * 30}@example.net>;tag={'12982' * 80}",
        )
    )
    assert message.via.branch == branch
    assert len(message.headers("via")) == 31
    assert len(message.from_.tag) == 400


def test_dblreq_what_follows_the_body_is_not_read() -> None:
    message = read(
        request("REGISTER sip:example.com SIP/2.0", "Content-Length: 0") + request("INVITE sip:joe@example.com SIP/2.0")
    )
    assert (message.method, message.body) == ("REGISTER", b"")


def test_semiuri_a_semicolon_in_the_user() -> None:
    uri = read(request("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0")).uri
    assert (uri.user, uri.host, uri.params) == ("user;par=u@example.net", "example.com", {})


def test_transports_of_every_name() -> None:
    vias = [f"SIP/2.0/{name} t{name}.example.com;branch=z9hG4bK{name}" for name in ("SCTP", "TLS", "UNKNOWN", "TCP")]
    message = read(request("OPTIONS sip:user@example.com SIP/2.0", *(f"Via: {via}" for via in vias)))
    assert len(message.headers("via")) == 5


def test_mpart01_a_binary_body() -> None:
    body = b"--7a\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a\r\n\r\n\0\x82\xff\r\n\r\n--7a--"
    data = request(
        "MESSAGE sip:a@example.com SIP/2.0", f"Content-Length: {len(body)}", "Content-Type: multipart/mixed;boundary=7a"
    )
    assert read(data + body).body == body


@pytest.mark.parametrize(
    "phrase", ["= 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u2014 \u043f\u0440\u043e\u0441\u0442\u043e\u0435", ""]
)
def test_unreason_and_noreason_phrases(phrase: str) -> None:
    message = parse(request().replace(b"INVITE sip:user@example.com SIP/2.0", f"SIP/2.0 200 {phrase}".encode()))
    assert isinstance(message, Response)
    assert (message.status, message.phrase) == (200, phrase)


def test_inv2543_an_old_client() -> None:
    message = read(
        request(
            "INVITE sip:UserB@example.com SIP/2.0",
            Via="SIP/2.0/UDP iftgw.example.com",
            From="<sip:+13035551111@ift.client.example.net;user=phone>",
        )
    )
    assert (message.via.branch, message.from_.tag, message.from_.uri.user) == ("", "", "+13035551111")


def test_badaspec_blanks_inside_angle_brackets_are_forgiven() -> None:
    assert read(request(To='"Watson, Thomas" < sip:t.watson@example.org >')).to.uri.user == "t.watson"


def test_baddate_a_date_is_not_looked_at() -> None:
    assert (
        read(request("INVITE sip:user@example.com SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST")).method == "INVITE"
    )


def test_unkscm_novelsc_unknown_schemes_are_read() -> None:
    assert read(request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0")).uri.is_sip is False
    assert read(request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")).uri.scheme == "soap.beep"


def test_unksm2_unknown_schemes_in_other_headers() -> None:
    message = read(
        request("REGISTER sip:example.com SIP/2.0", To="isbn:2983792873", From="<http://www.example.com>;tag=3")
    )
    assert (message.to.uri.scheme, message.from_.uri.scheme) == ("isbn", "http")


def test_regbadct_a_contact_with_headers_needs_angle_brackets() -> None:
    with pytest.raises(UriError):
        parse_name_address("sip:user@example.com?Route=%3Csip:sip.example.com%3E")


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("clerr", request("INVITE sip:user@example.com SIP/2.0", "Content-Length: 9999"), 400),
        ("ncl", request("INVITE sip:user@example.com SIP/2.0", "Content-Length: -999"), 400),
        ("scalar02 CSeq", request("REGISTER sip:example.com SIP/2.0", CSeq="36893488147419103232 REGISTER"), 400),
        ("scalar02 CSeq", request("REGISTER sip:example.com SIP/2.0", CSeq="4294967295 REGISTER"), 400),
        ("scalar02 Max-Forwards", request("REGISTER sip:example.com SIP/2.0", "Max-Forwards: 300"), 400),
        ("quotbal", request(To='"Mr. J. User <sip:j.user@example.com>'), 400),
        ("ltgtruri", request("INVITE <sip:user@example.com> SIP/2.0"), 400),
        ("lwsruri", request("INVITE sip:user@example.com; lr SIP/2.0"), 400),
        ("lwsstart", request("INVITE  sip:user@example.com  SIP/2.0"), 400),
        ("trws", request("OPTIONS sip:remote-target@example.com SIP/2.0  "), 400),
        ("escruri", request("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"), 400),
        ("baddn", request(From="Bell, Alexander <sip:a.g.bell@example.com>;tag=43"), 400),
        ("badvers", request("OPTIONS sip:t.watson@example.org SIP/7.0"), 505),
        ("mismatch01", request("OPTIONS sip:user@example.com SIP/2.0", CSeq="8 INVITE"), 400),
        ("mismatch02", request("NEWMETHOD sip:user@example.com SIP/2.0", CSeq="8 INVITE"), 400),
        ("insuf", request(From="", To="", Call_ID=""), 400),
        ("multi01", request("INVITE sip:u@example.com SIP/2.0", "CSeq: 59 INVITE", "Call-ID: other"), 400),
        ("mcl01", request("OPTIONS sip:u@example.com SIP/2.0", "Content-Length: 13", "Content-Length: 5"), 400),
        ("no colon", request("OPTIONS sip:u@example.com SIP/2.0", "this is no header"), 400),
        ("bad port", request("OPTIONS sip:u@example.com:99999 SIP/2.0"), 400),
        ("bare CR", request("OPTIONS sip:u@example.com SIP/2.0", "Subject: a\rFrom: <sip:x@y>;tag=2"), 400),
        ("no host", request("OPTIONS sip:u@ SIP/2.0"), 400),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_invalid_requests_are_answered(name: str, data: bytes, status: int) -> None:
    with pytest.raises(MalformedError) as error:
        parse(data)
    assert error.value.status == status, name
    assert error.value.request is not None
    text = write_response(error.value.request, Answer(status), to_tag="t")
    assert text.startswith(f"SIP/2.0 {status} ".encode())
    assert b"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK-1\r\n" in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("badinv01", request(Via="SIP/2.0/UDP 192.0.2.15;;,;,,", From='"" <sip:caller@example.net>;;,;,,;tag=1')),
        (
            "scalarlg",
            request(CSeq="9292394834772304023312 OPTIONS").replace(
                b"INVITE sip:user@example.com SIP/2.0", b"SIP/2.0 503 X"
            ),
        ),
        ("bigcode", request().replace(b"INVITE sip:user@example.com SIP/2.0", b"SIP/2.0 4294967301 better not break")),
        ("no Via", request(Via="")),
        ("no CSeq", request(CSeq="")),
        ("an ACK", request("ACK sip:user@example.com SIP/2.0", "Content-Length: 7")),
        ("no end", request().rstrip(b"\r\n")),
        ("two words", b"INVITE sip:a@b\r\n\r\n"),
        ("empty", b""),
        ("too long", request("INVITE sip:a@b SIP/2.0", "X: " + "y" * 70_000)),
        ("too many headers", request("INVITE sip:a@b SIP/2.0", *(f"X-{n}: y" for n in range(300)))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_answered(name: str, data: bytes) -> None:
    with pytest.raises(MalformedError) as error:
        parse(data)
    assert error.value.request is None, name


def test_a_session_description_inside_a_multipart_body() -> None:
    body = b"--b\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"
    data = request(
        "INVITE sip:a@example.com SIP/2.0", f"Content-Length: {len(body)}", "Content-Type: multipart/mixed;boundary=b"
    )
    assert read(data + body).sdp == b"v=0"


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:101@[2001:db8::1]:5070", "101", "2001:db8::1", 5070),
        ("SIPS:Alice:pass@Example.COM", "Alice", "example.com", None),
        ("tel:+380671234567;phone-context=ua", "+380671234567", "", None),
        ("sip:office", "", "office", None),
    ],
)
def test_uris(text: str, user: str, host: str, port: int | None) -> None:
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)


@pytest.mark.parametrize(
    "text", ["", "sip:", "sip:a b@c", "sip:a@b:0", "sip:@", "1:2", "sip:a@b c", "sip:a@b>", "nonsense", "sip:a@[::1"]
)
def test_no_uris(text: str) -> None:
    with pytest.raises(UriError):
        parse_uri(text)


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_user_that_is_written_is_read_again(user: str) -> None:
    try:
        uri = write_uri(user, "10.0.0.1", 5070)
    except UnicodeEncodeError:
        return
    assert parse_uri(uri).user == user


@pytest.mark.parametrize("value", ["a\r\nVia: b", "a\nb", "a\rb"])
def test_nothing_that_we_write_can_hold_a_line_break(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        write_request("INVITE", "sip:a@b", [("Subject", value)])
    with pytest.raises(ValueError, match="line break"):
        write_response(read(request()).raw, Answer(486, value))
    with pytest.raises(ValueError, match="blanks"):
        write_request("INVITE", f"sip:{value}@b", [])


VALID = request("INVITE sip:user@example.com SIP/2.0", "Content-Length: 4") + b"v=0\n"


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda at, new: VALID[:at] + new + VALID[at + len(new) :], st.integers(0, len(VALID)), st.binary(max_size=8)
    )
)
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise_anything_but_malformed(data: bytes) -> None:
    try:
        parse(data)
    except MalformedError as error:
        if error.request is not None:
            write_response(error.request, Answer(400))


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_raises_anything_but_an_uri_error(text: str) -> None:
    for reader in (parse_uri, parse_name_address, parse_params):
        try:
            reader(text)
        except UriError:
            continue


@given(st.lists(st.integers(1, 120), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    stream = b"\r\n\r\n" + VALID + VALID + b"\r\n\r\n\r\n" + VALID
    framer, messages, at = Framer(), [], 0
    for cut in [*cuts, len(stream)]:
        messages += framer.feed(stream[at : at + cut])
        at += cut
    assert messages == [VALID] * 3
    assert framer.pings >= 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"X" * 20_000,
        request("INVITE sip:a@b SIP/2.0", "Content-Length: 100000"),
        request("INVITE sip:a@b SIP/2.0", "Content-Length: -1"),
        request("INVITE sip:a@b SIP/2.0", "X: " + "y" * 17_000, "Content-Length: 0"),
    ],
)
def test_a_stream_without_measure_is_lost(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Framer().feed(data)
