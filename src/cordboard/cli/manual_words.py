"""The words of the manual that stand around what the components say of themselves."""

from collections.abc import Mapping
from types import MappingProxyType

NAMES: Mapping[str, str] = MappingProxyType({"en": "English", "ru": "Русский", "uk": "Українська"})
"""The languages, as each calls itself."""

QUOTES: Mapping[str, tuple[str, str]] = MappingProxyType({"en": ('"', '"'), "ru": ("«", "»"), "uk": ("«", "»")})
"""Between which a text names another component by its title."""

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "title": "Components",
            "intro": "A scenario is made of steps, and each step is a component. A component has properties, which "
            "are written in its step, and exits, from which cords lead to the next steps. Besides those that are named "
            "below, every component has the exit `error`: it is taken when something unexpected happens, and the words "
            "are then in the name `error`. An exit without a cord ends the scenario politely. A voice scenario "
            "drives one side of a call; a service scenario runs on the server without one; a dialog asks a user on "
            "his screen.",
            "types": "What a property takes",
            "types_intro": "The value itself, or an expression that begins with `=` and is computed when the step "
            "is reached: `=attempts + 1`, see [expressions](../../expressions/README.md). "
            "Where no expression is possible, the table of the component says so. In a "
            "text, `{name}` puts the value of a variable in.",
            "text": 'any text; in quotes if YAML would misread it: `"101"`, `"{caller}"`',
            "number": "`3`, `0.5`",
            "boolean": "`yes` or `no`",
            "duration": "`30s`, `5m`, `1h30m`, `2d`",
            "datetime": "`2026-12-31 18:00`",
            "time": "`18:00`",
            "phone": "`+380671234567`, `0671234567`",
            "any": "any of these",
            "variable": "the name of a variable that the scenario declares, without braces",
            "scenario": "the name of another scenario",
            "voice_kind": "voice",
            "service_kind": "service",
            "dialog_kind": "dialog",
            "kinds": "For scenarios of the kind",
            "all_kinds": "For scenarios of every kind",
            "properties": "Properties",
            "exits": "Exits",
            "row_exits": "one for each row of `{name}`",
            "examples": "Examples",
            "property": "property",
            "type": "type",
            "how": "how it is written",
            "meaning": "meaning",
            "does": "what it does",
            "must": "Must be given.",
            "default": "Otherwise:",
            "rows": "Each row of `{name}` is an exit; its fields",
            "fields": "The fields of a row of `{name}`",
            "rows_type": "rows, see below",
            "list": "list of {type}",
            "map": "lines `name: value`, each value: {type}",
            "fixed": "no expression",
            "component": "component",
            "kind": "in the text",
            "exits_paragraph": "Exits:",
            "flow": "Flow",
            "voice": "Voice",
            "calls": "Calls",
            "data": "Data",
            "messages": "Messages",
            "office": "Office",
        },
        "ru": {
            "title": "Компоненты",
            "intro": "Сценарий составлен из шагов, и каждый шаг — это компонент. У компонента есть свойства — они "
            "записаны в его шаге — и выходы, от которых шнуры ведут к следующим шагам. Кроме названных ниже, у каждого "
            "компонента есть выход `error`: по нему уходят, когда случилось непредвиденное, и тогда слова об этом "
            "лежат в имени `error`. Выход без шнура вежливо завершает сценарий. Голосовой "
            "сценарий ведёт одну сторону вызова, служебный идёт на сервере без вызова, диалоговый спрашивает "
            "пользователя на его экране.",
            "types": "Что принимает свойство",
            "types_intro": "Само значение или выражение, которое начинается с `=` и вычисляется, когда дошли до "
            "шага: `=attempts + 1`, см. [выражения](../../expressions/README.md). "
            "Если выражение невозможно, об этом сказано в таблице компонента. В тексте `{name}` "
            "вставляет значение переменной.",
            "text": 'любой текст; в кавычках, если YAML понял бы его иначе: `"101"`, `"{caller}"`',
            "number": "`3`, `0.5`",
            "boolean": "`yes` или `no`, можно `да` или `нет`",
            "duration": "`30s`, `5m`, `1h30m`, `2d`",
            "datetime": "`2026-12-31 18:00`",
            "time": "`18:00`",
            "phone": "`+380671234567`, `0671234567`",
            "any": "любое из этих",
            "variable": "имя переменной, объявленной в сценарии, без скобок",
            "scenario": "имя другого сценария",
            "voice_kind": "голосовых",
            "service_kind": "служебных",
            "dialog_kind": "диалоговых",
            "kinds": "Для сценариев",
            "all_kinds": "Для любых сценариев",
            "properties": "Свойства",
            "exits": "Выходы",
            "row_exits": "по одному на каждую строку `{name}`",
            "examples": "Примеры",
            "property": "свойство",
            "type": "тип",
            "how": "как пишется",
            "meaning": "смысл",
            "does": "что делает",
            "must": "Обязательно.",
            "default": "Если не задано:",
            "rows": "Каждая строка `{name}` — выход; её поля",
            "fields": "Поля строки `{name}`",
            "rows_type": "строки, см. ниже",
            "list": "список: {type}",
            "map": "строки `имя: значение`, каждое значение: {type}",
            "fixed": "без выражений",
            "component": "компонент",
            "kind": "в тексте сценария",
            "exits_paragraph": "Выходы:",
            "flow": "Ход сценария",
            "voice": "Голос",
            "calls": "Вызовы",
            "data": "Данные",
            "messages": "Сообщения",
            "office": "Офис",
        },
        "uk": {
            "title": "Компоненти",
            "intro": "Сценарій складено з кроків, і кожен крок — це компонент. Компонент має властивості — вони "
            "записані в його кроці — і виходи, від яких шнури ведуть до наступних кроків. Крім названих нижче, кожен "
            "компонент має вихід `error`: ним виходять, коли сталося непередбачене, і тоді слова про це лежать в імені "
            "`error`. Вихід без шнура чемно завершує сценарій. Голосовий сценарій веде одну "
            "сторону виклику, службовий іде на сервері без виклику, діалоговий запитує користувача на його екрані.",
            "types": "Що приймає властивість",
            "types_intro": "Саме значення або вираз, який починається з `=` і обчислюється, коли дійшли до кроку: "
            "`=attempts + 1`, див. [вирази](../../expressions/README.md). "
            "Якщо вираз неможливий, про це сказано в таблиці компонента. У тексті `{name}` вставляє "
            "значення змінної.",
            "text": 'будь-який текст; у лапках, якщо YAML зрозумів би його інакше: `"101"`, `"{caller}"`',
            "number": "`3`, `0.5`",
            "boolean": "`yes` або `no`, можна `так` або `ні`",
            "duration": "`30s`, `5m`, `1h30m`, `2d`",
            "datetime": "`2026-12-31 18:00`",
            "time": "`18:00`",
            "phone": "`+380671234567`, `0671234567`",
            "any": "будь-яке з цих",
            "variable": "ім'я змінної, оголошеної в сценарії, без дужок",
            "scenario": "ім'я іншого сценарію",
            "voice_kind": "голосових",
            "service_kind": "службових",
            "dialog_kind": "діалогових",
            "kinds": "Для сценаріїв",
            "all_kinds": "Для будь-яких сценаріїв",
            "properties": "Властивості",
            "exits": "Виходи",
            "row_exits": "по одному на кожен рядок `{name}`",
            "examples": "Приклади",
            "property": "властивість",
            "type": "тип",
            "how": "як пишеться",
            "meaning": "зміст",
            "does": "що робить",
            "must": "Обов'язково.",
            "default": "Якщо не задано:",
            "rows": "Кожен рядок `{name}` — вихід; його поля",
            "fields": "Поля рядка `{name}`",
            "rows_type": "рядки, див. нижче",
            "list": "список: {type}",
            "map": "рядки `ім'я: значення`, кожне значення: {type}",
            "fixed": "без виразів",
            "component": "компонент",
            "kind": "у тексті сценарію",
            "exits_paragraph": "Виходи:",
            "flow": "Хід сценарію",
            "voice": "Голос",
            "calls": "Виклики",
            "data": "Дані",
            "messages": "Повідомлення",
            "office": "Офіс",
        },
    }
)
"""What stands around, by language."""
