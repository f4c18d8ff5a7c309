"""Every kind of document that an office may have."""

from collections.abc import Mapping

from cordboard.office.documents import Document

_ALL: tuple[type[Document], ...] = ()
KINDS: Mapping[str, type[Document]] = {each.kind: each for each in _ALL}
"""By name, in the order in which they are exported."""
