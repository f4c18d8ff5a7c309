"""Send an e-mail."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from cordboard.components._orders import Order
from cordboard.outbox.ports import EMAIL, BadAddressError, TemplateError, Templates, email_address
from cordboard.scenario.component import Example, Text
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said
from cordboard.scenario.values import show


def _addresses(text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError(said("say who gets the mail: name@company.com, several with commas between them"))
    for part in parts:
        try:
            email_address(part)
        except BadAddressError as fault:
            message = said("{address!r} is no e-mail address: write name@company.com", address=part)
            raise ValueError(message) from fault
    return ", ".join(parts)


class SendEmail(Order):
    """Sends an e-mail over the office's mail server (`cordboard mail set`), also with a recording.

    The scenario does not wait: the mail is put into the outbox, which delivers it, and tries again while the server
    is away. Where nobody can know whether the server took it, it is sent again, marked as the same mail. It works
    behind the hang-up as well: so a message is mailed whose caller has simply hung up.

    A recording that is gone when the mail leaves is told in it. A recording of the talk must have been stopped before.

    Exits: *done* when the mail is in the outbox.
    """

    kind = "send_email"
    title = "Send an e-mail"
    group = "messages"
    examples = (
        Example(
            "The message that a caller has left, to two people.",
            "mail:\n  component: send_email\n  to: boss@example.com, anna@example.com\n"
            '  subject: "Message from {caller}"\n  text: "{name} has left a message."\n  attachments: ["{message}"]',
        ),
        Example(
            "An order of a callback; who orders twice within five minutes has ordered once.",
            "order:\n  component: send_email\n  to: manager@example.com\n"
            '  subject: "Call {phone} back"\n  key: "{phone}"\n  window: 5m',
        ),
        Example(
            "An offer that marketing keeps up to date in a file.",
            'offer:\n  component: send_email\n  to: "{name}@example.com"\n  template: offer',
        ),
    )

    to: Annotated[Text, AfterValidator(_addresses)]
    """Who gets it: `name@company.com`, several with commas between them."""
    subject: Text = ""
    """The line by which it is seen in the list."""
    text: Text = ""
    """What it says."""
    template: Annotated[str, Refers("template")] = ""
    """A template instead of the text: a file in the folder `templates`, `offer` for `offer.txt`, or `offer.uk.txt` for
    those who are spoken to in Ukrainian. Its first line may be `Subject: …`; `{name}` puts the variable `name` in."""
    attachments: list[Text] = Field(default_factory=list)
    """The recordings that go along, by the names that "Record a message" and "Start recording" give. Empty ones do not
    count."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.template and self.text:
            raise ValueError(said("a mail has either a text or a template: empty one of them"))
        return self

    async def run(self, ctx: Context) -> str:
        """Order it."""
        subject, text = self._filled(ctx)
        files = [name for name in self.attachments if name]
        attached = {"attachments": files} if files else {}
        self.order(ctx, EMAIL, {"to": self.to, "subject": subject, "text": text, **attached})
        return self.Exit.DONE

    def _filled(self, ctx: Context) -> tuple[str, str]:
        """Subject and text, from the template if there is one. A subject of its own counts more."""
        if not self.template:
            return self.subject, self.text
        try:
            template = ctx.port(Templates).find(self.template, ctx.session.language)
        except TemplateError as fault:
            raise ScenarioError(str(fault)) from fault
        return self.subject or fill(template.subject, ctx), fill(template.text, ctx)


def fill(text: str, ctx: Context) -> str:
    """A text of a template with the scenario's variables put in. Raises ScenarioError for one that it has not."""

    def put(found: re.Match[str]) -> str:
        return found[0][1:] if found[0] in {"{{", "}}"} else show(ctx.get(found[1]))

    return _INSERT.sub(put, text)


_INSERT = re.compile(r"\{\{|\}\}|\{ *(\w+) *\}")
