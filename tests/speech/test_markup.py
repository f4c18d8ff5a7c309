import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cordboard.speech.markup import Manner, MarkupError, Pause, Piece, inserted, read

PLAIN = Manner()


@pytest.mark.parametrize(
    ("markup", "pieces"),
    [
        ("Good day", [Piece("Good day", PLAIN)]),
        ("<speak>Good\n day</speak>", [Piece("Good day", PLAIN)]),
        ('<?xml version="1.0"?>\n<speak version="1.1" xml:lang="ru-RU">Да</speak>', [Piece("Да", Manner("ru"))]),
        ("One<break time='500ms'/>two", [Piece("One", PLAIN), Pause(0.5), Piece("two", PLAIN)]),
        ("One<break time='1.5s'/><break/>two", [Piece("One", PLAIN), Pause(1.5), Piece("two", PLAIN)]),
        ("One<break strength='strong'/>two", [Piece("One", PLAIN), Pause(0.7), Piece("two", PLAIN)]),
        ("One<break strength='none'/>two", [Piece("One two", PLAIN)]),
        ("<break/>One<break/>", [Piece("One", PLAIN)]),
        ("<p><s>One.</s><s>Two.</s></p><p>Three.</p>",
         [Piece("One.", PLAIN), Pause(0.25), Piece("Two.", PLAIN), Pause(0.6), Piece("Three.", PLAIN)]),
        ("Call <say-as interpret-as='digits'>10-5</say-as>", [Piece("Call 1, 0, 5", PLAIN)]),
        ("<say-as interpret-as='characters'>АБ1</say-as>", [Piece("А, Б, 1", PLAIN)]),
        ("The <sub alias='World Wide Web'>WWW</sub> here", [Piece("The World Wide Web here", PLAIN)]),
        ("One <prosody rate='slow' pitch='high' volume='loud'>two</prosody> three",
         [Piece("One", PLAIN), Piece("two", Manner(speed=0.8)), Piece("three", PLAIN)]),
        ("<prosody rate='50%'><prosody rate='50%'>x</prosody></prosody>", [Piece("x", Manner(speed=0.5))]),
        ("<emphasis>now</emphasis>", [Piece("now", Manner(speed=0.9))]),
        ("<voice name='Anna'>Да <lang xml:lang='en'>yes</lang></voice>",
         [Piece("Да", Manner(voice="Anna")), Piece("yes", Manner("en", "Anna"))]),
        ("a &amp; b &lt;c&gt;", [Piece("a & b <c>", PLAIN)]),
        ("...", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_read(markup: str, pieces: list[Piece | Pause]) -> None:
    assert read(markup) == pieces


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ("one <two>", "there is no tag <two> here; possible are break, emphasis"),
        ("<audio src='file:///etc/passwd'/>", "no tag <audio>"),
        ("a & b", "no sound markup"),
        ("<p>one", "no sound markup"),
        ("<break time='soon'/>", "time of <break>"),
        ("x<break time='11s'/>", "a pause of 11 s is too long"),
        ("x" + "<break time='9s'/>x" * 7, "all pauses together"),
        ("<break strength='huge'/>", 'strength="huge" is not known'),
        ("<sub>x</sub>", '<sub> needs alias="…"'),
        ("<say-as interpret-as='date'>x</say-as>", 'interpret-as="date" is not known'),
        ("<prosody rate='-5%'>x</prosody>", 'rate="-5%" is not known'),
        ("<lang xml:lang='de'>x</lang>", "'de' is no language"),
        ("<voice>x</voice>", "<voice> needs name"),
        ("<speak><speak>x</speak></speak>", "stands only around everything"),
        ("<s>" * 30 + "x" + "</s>" * 30, "more than 20 deep"),
        ("<s>x</s>" * 200, "more than 200 pieces"),
        ("x" * 20_001, "20001 characters"),
        ("<speak>\n\n<x/></speak>", "line 3: there is no tag"),
        ('<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>', "no sound markup"),
        ('<?xml version="1.0"?><!DOCTYPE speak [<!ENTITY a "aaa">]><speak>&a;</speak>', "no sound markup"),
        ('<speak><!DOCTYPE speak [<!ENTITY a "aaa">]>&a;</speak>', "no sound markup"),
        ("<speak>&lol;</speak>", "no sound markup"),
    ],
)
def test_what_is_refused(markup: str, complaint: str) -> None:
    with pytest.raises(MarkupError, match=complaint.replace("?", r"\?")):
        read(markup)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]), max_size=200))
def test_an_inserted_value_is_said_and_is_no_markup(value: str) -> None:
    assume(not set(value) & {"\ufffe", "\uffff"})  # which XML does not have
    found = read(f"<speak>Dear {inserted(value)}, good day</speak>")
    assert found == [Piece(" ".join(f"Dear {value}, good day".split()), PLAIN)]


@given(st.text("<>/&;'\"= abrpekstim-", max_size=80))
def test_any_text_is_read_or_refused(markup: str) -> None:
    with contextlib.suppress(MarkupError):
        read(markup)
