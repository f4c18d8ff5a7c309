"""Components tried as they are used: in a scenario's text, on a call of the simulated exchange, by the real runner."""

import textwrap


def voice(steps: str, *, name: str = "main", variables: str = "", after_hangup: str = "", fault: str = "") -> str:
    """The text of a voice scenario that begins with the first of `steps`."""
    more = (f"after_hangup: {after_hangup}\n" if after_hangup else "") + (f"fault: {fault}\n" if fault else "")
    return _text("voice", name, steps, variables, more)


def service(steps: str, *, name: str, variables: str = "") -> str:
    """The text of a service scenario that begins with the first of `steps`."""
    return _text("service", name, steps, variables, "")


def _text(kind: str, name: str, steps: str, variables: str, more: str) -> str:
    body = textwrap.dedent(steps).strip("\n")
    text = f"scenario: {name}\nkind: {kind}\nstart: {body.split(':', 1)[0]}\n{more}"
    if variables:
        text += "variables:\n" + textwrap.indent(textwrap.dedent(variables).strip("\n"), "  ") + "\n"
    return text + "steps:\n" + textwrap.indent(body, "  ") + "\n"
