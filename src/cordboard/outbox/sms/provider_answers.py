"""What a provider's answer means, by its description. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cordboard.outbox.sms.ports import Fate
from cordboard.outbox.sms.provider_file import AnswerRule, FateWords, Means, at

_MOST_WORDS = 120
_LATER = frozenset({401, 402, 403, 407, 408, 425, 429, 503})
"""Refusals that may pass, or that the administrator can mend: a wrong key, no money, too fast, not now."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer means."""

    means: Means
    words: str
    references: Sequence[str] = ()


def judged(status: int, body: bytes, rules: Sequence[AnswerRule]) -> Judged:
    """The first rule that fits counts.

    Without one, 2xx and most of 5xx are uncertain (nobody knows what became of the message), what may pass is
    temporary, and any other refusal is for good.
    """
    text = body.decode("utf-8", "replace")
    value = _json(text)
    for rule in rules:
        match = _fits(rule, status, text, value)
        if match is not None:
            return Judged(rule.means, _words(rule, status, text, value), _references(rule, match, value))
    words = f"answered {status}: {_short(text)}"
    if status in _LATER:
        return Judged(Means.TEMPORARY, words)
    if 300 <= status < 500:
        return Judged(Means.PERMANENT, words)
    return Judged(Means.UNCERTAIN, f"{words} (its description does not say what that means)")


def fate_in(value: Any, words: FateWords) -> Fate | None:
    """The fate that is told in a value; None: none is."""
    told = at(value, words.fate)
    if told is None:
        return None
    if word(told) in words.delivered:
        return Fate.DELIVERED
    return Fate.FAILED if word(told) in words.failed else Fate.PENDING


def word(value: Any) -> str:
    """A value of JSON as a description writes it; nothing for nothing."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, dict)) else str(value)


def _fits(rule: AnswerRule, status: int, text: str, value: Any) -> Mapping[str, Any] | None:
    """The groups of its pattern if it fits, else None."""
    if rule.status and status not in rule.status:
        return None
    if rule.path:
        there = at(value, rule.path)
        if there is None or (rule.values and word(there) not in rule.values):
            return None
    if rule.pattern:
        match = re.search(rule.pattern, text)
        return match.groupdict() if match else None
    return {}


def _references(rule: AnswerRule, groups: Mapping[str, Any], value: Any) -> Sequence[str]:
    paths = [path.strip() for path in rule.reference.split(",") if path.strip()]
    found = [groups.get("reference") or "", *(word(at(value, path)) for path in paths)]
    return [each for each in found if each]


def _words(rule: AnswerRule, status: int, text: str, value: Any) -> str:
    told = word(at(value, rule.words)) if rule.words else ""
    return f"answered {status}: {_short(told or text)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:_MOST_WORDS]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
