"""What is sent with a request. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from cordboard.datasource.web.reading import ATTRIBUTE, TEXT


def form_body(values: Mapping[str, str]) -> bytes:
    """The fields of a form, as a browser sends them."""
    return urlencode(dict(values)).encode("ascii")


def xml_body(values: Mapping[str, Any]) -> bytes:
    """A document from the record that `read_xml` would make of it: one root. Raises ValueError."""
    if len(values) != 1:
        raise ValueError("a document in XML has one root: give one name, with a record as its value")
    ((name, inner),) = values.items()
    try:
        return etree.tostring(_element(name, inner), xml_declaration=True, encoding="UTF-8")
    except (ValueError, TypeError, RecursionError) as fault:
        raise ValueError(f"this does not fit into XML: {fault}") from fault


def _element(name: str, value: Any) -> "etree._Element":
    element = etree.Element(name)
    if not isinstance(value, Mapping):
        element.text = "" if value is None else str(value)
        return element
    for key, inner in value.items():
        if key.startswith(ATTRIBUTE):
            element.set(key.removeprefix(ATTRIBUTE), str(inner))
        elif key == TEXT:
            element.text = str(inner)
        else:
            for each in inner if isinstance(inner, list) else [inner]:
                element.append(_element(key, each))
    return element
