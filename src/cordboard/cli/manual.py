"""`cordboard manual`: the manual of the components, written from their classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

from cordboard.app import catalogue
from cordboard.cli.common import console, fail
from cordboard.locale import LANGUAGES, describe_in
from cordboard.scenario.catalogue import Catalogue

MARK = "<!-- written by `cordboard manual`: change the component's class or the tables of locale/ instead -->"

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "title": "Components",
            "intro": "What scenarios are made of. A component has properties, which are written in its step, and "
            "exits, from which cords lead to the next steps. Every component also has the exit `error`: it is taken "
            "when something unexpected happens, and the words are then in the name `error`. An exit without a cord "
            "ends the scenario politely. A property takes a literal or, beginning with `=`, an expression.",
            "kinds": "Stands in",
            "properties": "Properties",
            "exits": "Exits",
            "examples": "Examples",
            "property": "property",
            "type": "type",
            "meaning": "meaning",
            "must": "must be given",
            "default": "otherwise",
            "rows": "Each row of `{name}` is an exit; its fields",
            "fields": "The fields of a row of `{name}`",
            "list": "list of {type}",
            "map": "names, each with: {type}",
            "fixed": "no expression",
            "component": "component",
            "flow": "Flow",
            "voice": "Voice",
            "calls": "Calls",
            "data": "Data",
            "messages": "Messages",
            "office": "Office",
        },
        "ru": {
            "title": "Компоненты",
            "intro": "Из чего составлены сценарии. У компонента есть свойства — они записаны в его шаге — и выходы, от "
            "которых шнуры ведут к следующим шагам. У каждого компонента есть и выход `error`: по нему уходят, когда "
            "случилось непредвиденное, слова тогда лежат в имени `error`. Выход без шнура вежливо завершает сценарий. "
            "Свойство берёт обычное значение или выражение, которое начинается с `=`.",
            "kinds": "Место",
            "properties": "Свойства",
            "exits": "Выходы",
            "examples": "Примеры",
            "property": "свойство",
            "type": "тип",
            "meaning": "смысл",
            "must": "обязательно",
            "default": "иначе",
            "rows": "Каждая строка `{name}` — выход; её поля",
            "fields": "Поля строки `{name}`",
            "list": "список: {type}",
            "map": "имена, у каждого: {type}",
            "fixed": "без выражений",
            "component": "компонент",
            "flow": "Ход сценария",
            "voice": "Голос",
            "calls": "Вызовы",
            "data": "Данные",
            "messages": "Сообщения",
            "office": "Офис",
        },
        "uk": {
            "title": "Компоненти",
            "intro": "З чого складені сценарії. Компонент має властивості — вони записані в його кроці — і виходи, від "
            "яких шнури ведуть до наступних кроків. Кожен компонент має й вихід `error`: ним виходять, коли сталося "
            "непередбачене, слова тоді лежать в імені `error`. Вихід без шнура чемно завершує сценарій. Властивість "
            "бере звичайне значення або вираз, що починається з `=`.",
            "kinds": "Місце",
            "properties": "Властивості",
            "exits": "Виходи",
            "examples": "Приклади",
            "property": "властивість",
            "type": "тип",
            "meaning": "зміст",
            "must": "обов'язково",
            "default": "інакше",
            "rows": "Кожен рядок `{name}` — вихід; його поля",
            "fields": "Поля рядка `{name}`",
            "list": "список: {type}",
            "map": "імена, у кожного: {type}",
            "fixed": "без виразів",
            "component": "компонент",
            "flow": "Хід сценарію",
            "voice": "Голос",
            "calls": "Виклики",
            "data": "Дані",
            "messages": "Повідомлення",
            "office": "Офіс",
        },
    }
)


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
    words = _WORDS[language]
    groups: dict[str, list[dict[str, Any]]] = {}
    for described in components.describe():
        groups.setdefault(described["group"], []).append(describe_in(described, language))
    index = [MARK, "", f"# {words['title']}", "", words["intro"], ""]
    files = {}
    for group, described_all in groups.items():
        title = words.get(group, group)
        index += [f"## {title}", "", f"| {words['component']} | | |", "|---|---|---|"]
        for each in described_all:
            link = f"[{each['title']}]({group}.md#{each['kind']})"
            index.append(f"| {link} | `{each['kind']}` | {_cell(_first_sentence(each['help']))} |")
        index.append("")
        lines = [MARK, "", f"# {title}", ""]
        for each in described_all:
            lines += _component(each, words)
        files[f"{group}.md"] = "\n".join(lines).rstrip() + "\n"
    return {"README.md": "\n".join(index).rstrip() + "\n"} | files


def _component(described: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    kinds = ", ".join(described["kinds"])
    lines = [f'<a id="{described["kind"]}"></a>', "", f"## {described['title']}", ""]
    lines += [f"`component: {described['kind']}` · {words['kinds']}: {kinds}", "", described["help"], ""]
    if described["properties"]:
        lines += [f"**{words['properties']}**", "", *_table(described["properties"], words), ""]
        for each in described["properties"]:
            if each.get("fields"):
                head = words["rows"] if each["makes_exits"] else words["fields"]
                lines += [head.format(name=each["name"]) + ":", "", *_table(each["fields"], words), ""]
    titles = described["exit_titles"]
    exits = ", ".join(f"`{name}` ({titles[name]})" for name in described["exits"])
    lines += [f"**{words['exits']}**: {exits}", ""]
    if described["examples"]:
        lines += [f"**{words['examples']}**", ""]
        for example in described["examples"]:
            lines += [example["caption"], "", "```yaml", example["step"].strip("\n"), "```", ""]
    return lines


def _table(properties: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> list[str]:
    lines = [f"| {words['property']} | {words['type']} | {words['meaning']} |", "|---|---|---|"]
    for each in properties:
        kind = each["type"]
        if each.get("choices"):
            kind = ", ".join(f"`{choice}`" for choice in each["choices"])
        kind = {"list": words["list"], "map": words["map"]}.get(each["form"], "{type}").format(type=kind)
        if not each["expressions"] and each["form"] != "rows":
            kind += f"; {words['fixed']}"
        default = each.get("default")
        end = f" *{words['must']}*" if each["required"] else ""
        if default not in (None, "", [], {}):
            end = f" *{words['default']}: {default}*"
        lines.append(f"| `{each['name']}` | {kind} | {_cell(each['help'])}{end} |")
    return lines


def _first_sentence(text: str) -> str:
    return text.split("\n\n", maxsplit=1)[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
