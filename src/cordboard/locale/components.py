"""What `scenario.catalogue.describe` gives, in another language."""

from collections.abc import Mapping
from typing import Any

from cordboard.locale.tables import table


def describe_in(described: Mapping[str, Any], language: str) -> dict[str, Any]:
    """One described component with its title, help, exits, properties and examples in `language`.

    The tables are keyed by kind, then by property: `[dial.properties] number = {title = "…", help = "…"}`.
    """
    words = table("components", language).get(described["kind"], {})
    told = dict(described)
    for name in ("title", "help"):
        told[name] = words.get(name, described[name])
    told["exit_titles"] = described["exit_titles"] | words.get("exits", {})
    told["properties"] = _properties(described["properties"], words.get("properties", {}))
    captions = words.get("examples", [])
    told["examples"] = [
        example | ({"caption": captions[index]} if index < len(captions) else {})
        for index, example in enumerate(described["examples"])
    ]
    return told


def _properties(properties: list[dict[str, Any]], words: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = []
    for each in properties:
        own = words.get(each["name"], {})
        translated = each | {name: own[name] for name in ("title", "help") if name in own}
        if "fields" in each:
            translated["fields"] = _properties(each["fields"], own.get("fields", {}))
        if "choices" in each and "choices" in own:
            translated["choice_titles"] = own["choices"]
        told.append(translated)
    return told
