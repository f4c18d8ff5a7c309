"""Answers become values; paths lead into them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.datasource.web.bodies import form_body, xml_body
from cordboard.datasource.web.paths import BadPathError, checked_path, quoted, values_at
from cordboard.datasource.web.reading import BadAnswerError, ReadAs, exact, read_answer

RATES = """<?xml version="1.0" encoding="windows-1251"?>
<ValCurs Date="23.11.2026" name="Foreign Currency Market">
  <Valute ID="R01235"><CharCode>USD</CharCode><Nominal>1</Nominal><Name>Доллар США</Name><Value>92,5058</Value></Valute>
  <Valute ID="R01239"><CharCode>EUR</CharCode><Nominal>1</Nominal><Name>Евро</Name><Value>100,1234</Value></Valute>
</ValCurs>"""
USD = {"@ID": "R01235", "CharCode": "USD", "Nominal": "1", "Name": "Доллар США", "Value": "92,5058"}


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=windows-1251", "application/soap+xml"])
def test_xml_is_a_record(content_type: str) -> None:
    value = read_answer(RATES.encode("cp1251"), content_type)
    assert value["ValCurs"]["@Date"] == "23.11.2026"
    assert value["ValCurs"]["Valute"][0] == USD


def test_the_charset_of_the_head_is_stronger_than_that_of_the_document() -> None:
    body = RATES.replace("windows-1251", "utf-8").encode("cp1251")
    assert read_answer(body, "text/xml; charset=cp1251")["ValCurs"]["Valute"][0] == USD
    with pytest.raises(BadAnswerError):
        read_answer(body, "text/xml")


def test_words_attributes_and_prefixes_in_xml() -> None:
    body = b'<s:Envelope xmlns:s="urn:x"><s:a x="1"> two </s:a><b/><c>1<!-- no --><d>2</d>3</c><?go on?></s:Envelope>'
    expected = {"a": {"@x": "1", "#text": "two"}, "b": "", "c": {"d": "2", "#text": "13"}}
    assert read_answer(body, "", ReadAs.XML) == {"Envelope": expected}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b"<a>&unknown;</a>",
        b"<a>",
        b"not at all",
        b"<a>" * 30 + b"</a>" * 30,
        b"<a>" * 5000 + b"</a>" * 5000,
    ],
)
def test_xml_that_is_not_read(body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_answer(body, "text/xml")


def test_numbers_in_json_are_exact() -> None:
    value = read_answer(
        b'{"rate": 41.10, "n": 840, "big": 1234567890123456789, "no": null, "yes": true}', "application/json"
    )
    assert exact(value) == {"rate": Decimal("41.10"), "n": 840, "big": 1234567890123456789, "no": None, "yes": True}
    assert str(exact(value)["rate"]) == "41.10"
    assert isinstance(exact(value)["n"], Decimal)


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        ('{"a": "ї"}'.encode(), "application/json", {"a": "ї"}),
        (b'\xef\xbb\xbf{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        ('{"a": "ы"}'.encode("cp1251"), "application/json; charset=windows-1251", {"a": "ы"}),
        (b"", "application/json", None),
        (b" ", "text/xml", None),
        (b"", "", ""),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        (b"<p>", "text/html", "<p>"),
        ("курс".encode(), "text/plain", "курс"),
        ("Курс доллара сегодня вырос".encode("cp1251"), "text/plain; charset=nonsense", "Курс доллара сегодня вырос"),
    ],
)
def test_the_content_type_says_how_it_is_read(body: bytes, content_type: str, value: Any) -> None:
    assert read_answer(body, content_type) == value


@pytest.mark.parametrize(
    "body", ["{", "[1", "NaN", "[1e999]", "1" * 40, "[" * 100 + "]" * 100, "[" * 100_000, "[1.5e-400]"]
)
def test_json_that_is_not_read(body: str) -> None:
    with pytest.raises(BadAnswerError):
        read_answer(body.encode(), "", ReadAs.JSON)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$[?@.cc == 'USD'].rate", ["41.10"]),
        ("[?@.rate > 45].cc", ["EUR"]),
        ("$[0]['txt']", ["Долар США"]),
        ("$..cc", ["USD", "EUR"]),
        ("$[-1].cc", ["EUR"]),
        ("$[5].cc", []),
        ("$[*].none", []),
        ("$[?@.cc == '$..?']", []),
        ("$", None),
    ],
)
def test_a_path_leads_into_an_answer(path: str, found: list[Any] | None) -> None:
    body = '[{"cc": "USD", "txt": "Долар США", "rate": 41.10}, {"cc": "EUR", "txt": "Євро", "rate": 48.2}]'
    value = read_answer(body.encode(), "application/json")
    shown = [str(exact(each)) for each in values_at(value, path)]
    assert shown == (found if found is not None else [str(exact(value))])


def test_a_path_may_begin_with_a_name_and_a_text_has_no_inside() -> None:
    assert values_at({"current": {"temperature_2m": -3}}, "current.temperature_2m") == [-3]
    assert values_at("words", "$.a") == []
    assert values_at("words", "$") == ["words"]
    assert len(values_at(list(range(5000)), "$[*]")) == 1000


@pytest.mark.parametrize(
    "path",
    [
        "$.",
        "$[",
        "a b",
        "$..a..b",
        "$[?$.a]",
        "$[?@[?@[?@[?@.a]]]]",
        "$[?match(@.a, '(a*)*b')]",
        "$." + "a" * 400,
        "$[?count(@.*) > 1]",
        "$[*,*,*,*,*]",
    ],
)
def test_a_path_that_is_not_followed(path: str) -> None:
    with pytest.raises(BadPathError):
        checked_path(path)


def test_signs_within_quotes_cost_nothing() -> None:
    assert values_at({"a,b,c,d,e": [{"q": "?..$,,,,", "v": 1}]}, "$['a,b,c,d,e'][?@.q == '?..$,,,,'].v") == [1]


def test_a_form_is_sent_as_browsers_send_it() -> None:
    assert form_body({"phone": "+380", "ім'я": "a&b c"}) == b"phone=%2B380&%D1%96%D0%BC%27%D1%8F=a%26b+c"


def test_xml_is_sent_as_it_would_be_read() -> None:
    record = {"order": {"@id": "7", "phone": "+380", "item": ["a<b", "c"], "note": {"@lang": "uk", "#text": "Ось"}}}
    body = xml_body(record)
    assert body.startswith(
        b"<?xml version='1.0' encoding='UTF-8'?>\n<order id=\"7\"><phone>+380</phone><item>a&lt;b</item>"
    )
    assert read_answer(body, "text/xml") == record


@pytest.mark.parametrize("record", [{}, {"a": 1, "b": 2}, {"a b": 1}, {"a": "\0"}, {"": "x"}])
def test_what_is_no_xml(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="XML"):
        xml_body(record)


@pytest.mark.parametrize("name", ["O'Neil", 'say "hi"', "back\\slash", "' || true || '", "line\nbreak", "Анна"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_value_within_a_path_stays_within_its_quotes(name: str, quote: str) -> None:
    rows = [{"name": name, "id": 1}, {"name": "other", "id": 2}]
    assert values_at(rows, f"$[?@.name == {quote}{quoted(name)}{quote}].id") == [1]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_value_within_a_path_is_only_a_value(name: str) -> None:
    rows = [{"name": name, "id": 1}, {"name": name + "x", "id": 2}]
    assert values_at(rows, f"$[?@.name == '{quoted(name)}'].id") == [1]
