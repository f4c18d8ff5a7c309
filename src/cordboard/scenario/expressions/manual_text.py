"""The part of the manual that a person has written. `manual` fills the tables in; its examples are run by a test."""

INTRODUCTION = '''# Expressions

Wherever a property of a step can be computed, its text may begin with `=`, as in Excel. What follows is an expression:
names of variables and of data of the call, numbers, texts in double quotes, operators and functions.

```
=attempts >= 3 and status = "busy"
=if(hour(now) < 12; "Good morning"; "Good afternoon")
=customer["debt"] * 1.2
=phone_in(caller; vip_numbers) or waiting > "2m"
```

Without the `=` the text stands for itself. A text that itself begins with `=` is written `'=`. Texts that are said,
sent or logged take inserts as well: `Hello {{name}}, you owe {{debt}}.` has two; what stands between the braces is an
expression, and a brace itself is written twice: `{{{{`.

An expression only computes a value. It changes nothing, reads no file, asks no network, and gives the same for the same
values; what acts on the world is a component. It is checked when the scenario is saved: an unknown name, a wrong number
of arguments or types that do not go together are told then, with the column of the character where it is.

## How it is written

| what | how |
|---|---|
| number | `12`, `0.5`: with a point; the comma is no part of it |
| text | `"busy"`; a quote inside it is written twice: `"say ""hi"""` |
| true and false | `true`, `false`; also `да`, `нет`, `так`, `ні` |
| list | `[1; 2; 3]` |
| variable | its name, in any alphabet; capitals and small letters differ |
| function | `left(name; 2)`: arguments are separated by `;`; capitals do not matter |
| an item of a list | `numbers[1]` is the first, `numbers[-1]` the last |
| a field of a record | `customer["name"]`; there are no points between names |

Functions have an English, a Russian and a Ukrainian name: `upper`, `прописн` and `великі` are one function.

## Operators

From the one that binds weakest:

| operator | meaning |
|---|---|
| `or` (`или`, `або`) | true if one side is; the right side is computed only if it is needed |
| `and` (`и`, `і`) | true if both sides are |
| `not` (`не`) | the contrary |
| `=` `<>` `<` `<=` `>` `>=` | comparison; `9 <= hour(now) < 18` is possible |
| `&` | writes both sides one behind the other |
| `+` `-` | addition, subtraction |
| `*` `/` | multiplication, division |
| `-` before a value | the value with the other sign |

`&` takes any simple values. The others take these pairs; nothing is turned from one type into another by itself:

{operators}

## Types

| type | written in a property | in an expression |
|---|---|---|
| text | `any characters` | `"any characters"` |
| number | `12`, `12.5`, `12,5` | `12.5` |
| money | `120.50 UAH`, `UAH 120.5`, `120,50 грн`, `5 €` | `money("120.50 UAH")` |
| boolean | `true`, `yes`, `да`, `так`; `false`, `no`, `нет`, `ні` | `true`, `false` |
| date | `2026-12-31` | `date(2026; 12; 31)` |
| time | `09:30` | `time(9; 30)` |
| datetime | `2026-12-31 09:30` (in the zone of the office) | `datetime("2026-12-31"; "09:30")` |
| duration | `30s`, `5m`, `1h30m`, `2d`, `500ms` | `duration("1h30m")` |
| phone | `+380671234567`, `067 123-45-67`, `700` | `phone("067 123-45-67")` |
| list | `["a", 12]` (JSON) | `["a"; 12]` |
| record | `{{"name": "Ann"}}` (JSON) | `record("name"; "Ann")` |

Numbers are exact: `0.1 + 0.2 = 0.3`. Money knows its currency: two currencies are never added or compared by mistake. A
phone equals another however the two are written. Dates, moments and money that have got no value yet are *empty*, which
`empty(name)` asks; computing with nothing is an error, comparing with `=` is not.

### From one type to another

Conversions are functions, so that a reader sees them: `number("12,50")`, `text(5)`, `phone(row["tel"])`,
`money(12.5; "UAH")`, `parse_date("31.12.2026"; "DD.MM.YYYY")`, `boolean("yes")`, `duration(90)`.

There is one convenience. A text that stands **in the expression itself** beside a value of another type is read as that
type, once, when the scenario is saved: `caller = "067 123-45-67"`, `waiting > "30s"`, `today < "2026-12-31"`,
`debt > "100 UAH"`. A text in a *variable* is not: `caller = row_phone` is refused with the advice to write
`caller = phone(row_phone)`.

A property that wants a text takes any simple value, written out.

## Errors

A fault that can be seen at save is told at save: `there is no variable 'nmae'` (did you mean 'name'?), `+ does not go
with a number and a text`, `left takes 1 to 2 arguments, not 3`. What shows only in the run (a field that a record does
not have, a text that is no number) leaves the step by its exit *error*, with the words in `error`. To go on with
another value instead, write `if_error(number(answer); 0)`; for a missing field `field(customer; "name"; "guest")`.

## Bounds

An expression has at most {length} characters; a text that it makes {text}, a list {items} items, lists and records
stand at most {nested} deep inside each other, a number has at most {digits} digits before the point. Regular
expressions take a time that grows with the text alone. What passes a bound is an error, never a slow call.

## Data of the call

Every scenario has these names beside its variables:

{call_data}

## Functions

{count} functions by theme. Each page has the arguments and examples; all examples are run as tests.

{index}
'''
