"""What `scenario.catalogue.describe` gives, in another language."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cordboard.locale.tables import table

SHARED = "_shared"
"""The table of words that many components have in common. It is asked for what a component does not say itself."""


def describe_in(described: Mapping[str, Any], language: str) -> dict[str, Any]:
    """One described component with its title, help, exits, properties and examples in `language`.

    The tables are keyed by kind, then by property: `[dial.properties] number.title = "…"`, `number.help = "…"`. What
    is missing there is looked for in `[_shared.properties]` and `[_shared.exits]`.
    """
    tables = table("components", language)
    words, shared = tables.get(described["kind"], {}), tables.get(SHARED, {})
    told = dict(described)
    for name in ("title", "help"):
        told[name] = words.get(name, described[name])
    exits = shared.get("exits", {}) | words.get("exits", {})
    told["exit_titles"] = {name: exits.get(name, title) for name, title in described["exit_titles"].items()}
    told["properties"] = _properties(described["properties"], words.get("properties", {}), shared.get("properties", {}))
    captions = words.get("examples", [])
    told["examples"] = [
        example | ({"caption": captions[index]} if index < len(captions) else {})
        for index, example in enumerate(described["examples"])
    ]
    return told


def mark_of(described: Mapping[str, Any]) -> str:
    """Changes when English words of the component change; a translation keeps the one that it was made from as `of`."""
    words = [described["title"], described["help"], _words(described["properties"])]
    captions = [example["caption"] for example in described["examples"]]
    written = json.dumps([words, captions], ensure_ascii=False)
    return hashlib.blake2b(written.encode(), digest_size=4).hexdigest()


def _words(properties: list[dict[str, Any]]) -> list[Any]:
    return sorted([each["name"], each["title"], each["help"], _words(each.get("fields", []))] for each in properties)


def _properties(
    properties: list[dict[str, Any]], words: Mapping[str, Any], shared: Mapping[str, Any]
) -> list[dict[str, Any]]:
    told = []
    for each in properties:
        own = shared.get(each["name"], {}) | words.get(each["name"], {})
        translated = each | {name: own[name] for name in ("title", "help") if name in own}
        if "fields" in each:
            translated["fields"] = _properties(each["fields"], own.get("fields", {}), shared)
        if "choices" in each and "choices" in own:
            translated["choice_titles"] = {name: own["choices"].get(name, name) for name in each["choices"]}
        told.append(translated)
    return told
