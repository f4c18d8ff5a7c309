"""`cordboard manual`: the manual of the components, written from their classes."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cordboard.cli.common import console, fail
from cordboard.cli.manual_words import NAMES, QUOTES, WORDS
from cordboard.components import catalogue
from cordboard.locale import LANGUAGES, describe_in
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ALL_KINDS

MARK = "<!-- written by `cordboard manual`: change the component's class or the tables of locale/ instead -->"
_TYPES = ("text", "number", "boolean", "duration", "datetime", "time", "phone", "any", "variable", "scenario")
"""What the index explains. The last two are texts to the program, but not to who writes them."""
_INDEX = "README.md"
_WIDTH = 120


def write(
    folder: Annotated[Path, typer.Argument(help="Where the pages go: a folder for each language is made in it.")],
) -> None:
    """Write the manual of all components, in English, Russian and Ukrainian."""
    try:
        for language in LANGUAGES:
            for name, text in pages(catalogue(), language).items():
                path = folder / language / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    except OSError as fault:
        fail(f"{fault.filename} cannot be written ({fault.strerror}).")
    console.print(f"The manual is in {folder}", markup=False)


def pages(components: Catalogue, language: str) -> dict[str, str]:
    """The pages by file name: an index, and a page for each folder of the palette."""
    told = [describe_in(described, language) for described in components.describe()]
    manual = _Manual(language, WORDS[language], {each["title"]: each for each in told})
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in told:
        groups.setdefault(each["group"], []).append(each)
    texts = {_INDEX: manual.index(groups)}
    texts |= {f"{group}.md": manual.page(group, members) for group, members in groups.items()}
    return texts


@dataclass(frozen=True, slots=True)
class _Manual:
    """The manual in one language."""

    language: str
    words: Mapping[str, str]
    by_title: Mapping[str, Mapping[str, Any]]

    def index(self, groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
        words = self.words
        lines = self._head(words["title"], _INDEX)
        lines += [textwrap.fill(words["intro"], _WIDTH), ""]
        for group, members in groups.items():
            lines += [f"## {words[group]}", "", f"| {words['component']} | {words['kind']} | {words['does']} |"]
            lines += ["|---|---|---|"]
            for each in members:
                what = _cell(each["help"].split("\n\n", maxsplit=1)[0])
                lines.append(f"| [{each['title']}]({_address(each)}) | `{each['kind']}` | {what} |")
            lines.append("")
        lines += ['<a id="types"></a>', "", f"## {words['types']}", "", textwrap.fill(words["types_intro"], _WIDTH), ""]
        lines += [f"| {words['type']} | {words['how']} |", "|---|---|"]
        lines += [f"| `{name}` | {words[name]} |" for name in _TYPES]
        return _page(lines)

    def page(self, group: str, members: Sequence[Mapping[str, Any]]) -> str:
        lines = self._head(self.words[group], f"{group}.md")
        lines += [textwrap.fill(" · ".join(f"[{each['title']}](#{each['kind']})" for each in members), _WIDTH), ""]
        for each in members:
            lines += self._component(each)
        return _page(lines)

    def _head(self, title: str, page: str) -> list[str]:
        places = [] if page == _INDEX else [f"[{self.words['title']}]({_INDEX})"]
        places += [
            NAMES[other] if other == self.language else f"[{NAMES[other]}](../{other}/{page})" for other in LANGUAGES
        ]
        return [MARK, "", f"# {title}", "", " · ".join(places), ""]

    def _component(self, described: Mapping[str, Any]) -> list[str]:
        words = self.words
        paragraphs = described["help"].split("\n\n")
        prefix = words["exits_paragraph"]
        about_exits = [text.removeprefix(prefix).strip() for text in paragraphs if text.startswith(prefix)]
        lines = [f'<a id="{described["kind"]}"></a>', "", f"## {described['title']}", ""]
        lines += [f"`component: {described['kind']}` · {self._kinds(described['kinds'])}", ""]
        for text in paragraphs:
            if not text.startswith(prefix):
                lines += [self._linked(text, described), ""]
        properties = described["properties"]
        if properties:
            lines += [f"**{words['properties']}**", "", *self._table(properties, described), ""]
        for each in properties:
            if each.get("fields"):
                head = words["rows"] if each["makes_exits"] else words["fields"]
                lines += [head.format(name=each["name"]) + ":", "", *self._table(each["fields"], described), ""]
        lines += [f"**{words['exits']}**: {self._exits(described)}", ""]
        for text in about_exits:
            lines += [self._linked(text[:1].upper() + text[1:], described), ""]
        if described["examples"]:
            lines += [f"**{words['examples']}**", ""]
        for example in described["examples"]:
            lines += [example["caption"], "", "```yaml", example["step"].strip("\n"), "```", ""]
        return lines

    def _kinds(self, kinds: Sequence[str]) -> str:
        if len(kinds) == len(ALL_KINDS):
            return self.words["all_kinds"]
        return f"{self.words['kinds']}: {', '.join(self.words[f'{kind}_kind'] for kind in kinds)}"

    def _exits(self, described: Mapping[str, Any]) -> str:
        rows = [each["name"] for each in described["properties"] if each["makes_exits"]]
        exits = [self.words["row_exits"].format(name=name) for name in rows]
        for name in described["exits"]:
            title = described["exit_titles"][name]
            plain = title == name.replace("_", " ")
            exits.append(f"`{name}`" if plain else f"`{name}` ({title})")
        return ", ".join(exits)

    def _table(self, properties: Sequence[Mapping[str, Any]], described: Mapping[str, Any]) -> list[str]:
        words = self.words
        lines = [f"| {words['property']} | {words['type']} | {words['meaning']} |", "|---|---|---|"]
        for each in properties:
            meaning = self._linked(_cell(each["help"]), described)
            if each["required"]:
                meaning += f" *{words['must']}*"
            elif default := _default(each):
                meaning += f" *{words['default']}* `{default}`."
            lines.append(f"| {each['title']}<br>`{each['name']}` | {self._type(each)} | {meaning} |")
        return lines

    def _type(self, each: Mapping[str, Any]) -> str:
        words = self.words
        if each["form"] == "rows":
            return words["rows_type"]
        named = each["widget"] in ("variable", "scenario")
        kind = each["widget"] if named else each["type"]
        text = f"[{kind}]({_INDEX}#types)"
        if each.get("choices"):
            titles = each.get("choice_titles", {})
            text = ", ".join(
                f"`{name}` ({titles[name]})" if name in titles else f"`{name}`" for name in each["choices"]
            )
        text = {"list": words["list"], "map": words["map"]}.get(each["form"], "{type}").format(type=text)
        return text if each["expressions"] or named else f"{text}; {words['fixed']}"

    def _linked(self, text: str, described: Mapping[str, Any]) -> str:
        """`text` with a link on each title of another component that stands in quotes."""
        opening, closing = QUOTES[self.language]

        def link(found: re.Match[str]) -> str:
            other = self.by_title.get(" ".join(found[1].split()))
            if other is None or other["kind"] == described["kind"]:
                return found[0]
            near = other["group"] == described["group"]
            address = f"#{other['kind']}" if near else _address(other)
            return f"{opening}[{found[1]}]({address}){closing}"

        text = re.sub(r"\*(\w+)\*", r"`\1`", text)  # exits: code here, as in the tables
        return re.sub(f"{opening}([^{opening}{closing}`]+){closing}", link, text)


def _address(described: Mapping[str, Any]) -> str:
    return f"{described['group']}.md#{described['kind']}"


def _default(each: Mapping[str, Any]) -> str:
    default = each.get("default")
    if each["type"] == "boolean" and default:
        return {"true": "yes", "false": "no"}[default]
    return default if isinstance(default, str) else ""


def _page(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
