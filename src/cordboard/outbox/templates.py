"""Templates of mails: files that people write, with the subject in the first line. Blocks for a moment."""

import re
from pathlib import Path

from cordboard.outbox.ports import MailTemplate, TemplateError

_LARGEST = 200_000
_SUBJECT = re.compile(r"\s*(?:subject|тема)\s*:(.*)", re.IGNORECASE)


class TemplateFolder:
    """Implements `outbox.ports.Templates`: `offer.txt`, or `offer.uk.txt` for those who are spoken to in Ukrainian."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def find(self, name: str, language: str = "") -> MailTemplate:
        """See Templates."""
        plain = name.strip().removesuffix(".txt")
        path = self._folder / f"{plain}.txt"
        if not plain or not path.resolve().is_relative_to(self._folder):
            raise TemplateError(f"{name!r} is no name of a template: write that of a file in {self._folder}")
        own = path.with_name(f"{path.stem}.{language}.txt") if language else path
        try:
            with (own if own.is_file() else path).open(encoding="utf-8-sig") as file:
                text = file.read(_LARGEST + 1)
        except FileNotFoundError as fault:
            raise TemplateError(f"there is no template {plain!r}: put {path.name} into {self._folder}") from fault
        except (OSError, UnicodeDecodeError) as fault:
            raise TemplateError(f"the template {plain!r} cannot be read: save {path.name} as text in UTF-8") from fault
        if len(text) > _LARGEST:
            raise TemplateError(f"the template {plain!r} has more than {_LARGEST} characters: make it shorter")
        first, _, rest = text.partition("\n")
        told = _SUBJECT.fullmatch(first.rstrip("\r"))
        return MailTemplate(told[1].strip(), rest.lstrip("\r\n")) if told else MailTemplate("", text)
