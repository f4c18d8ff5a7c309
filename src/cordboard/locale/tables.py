"""The files of this room, read once."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=8)
def table(name: str, language: str) -> dict[str, Any]:
    """`<language>/<name>.toml` as it is written; empty for English, which stands in the source."""
    if language == "en":
        return {}
    found: dict[str, Any] = {}
    folder = resources.files("cordboard.locale") / language
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        stem, _, ending = file.name.rpartition(".")
        # A table may be cut into several files: components.toml, components_voice.toml …
        if ending == "toml" and (stem == name or stem.startswith(f"{name}_")):
            part = tomllib.loads(file.read_text(encoding="utf-8"))
            if twice := found.keys() & part.keys():
                raise ValueError(f"{file.name} says {min(twice)!r} a second time")
            found |= part
    return found
