"""Call a program."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from cordboard.components._orders import Order
from cordboard.outbox.ports import WEBHOOK, BadAddressError, web_address
from cordboard.scenario.component import Example, Text, Value
from cordboard.scenario.context import Context
from cordboard.scenario.expressions.functions.json_values import json_text
from cordboard.scenario.said import said


def _url(text: str) -> str:
    try:
        return web_address(text)
    except BadAddressError as fault:
        raise ValueError(
            said("{address!r} is no web address: write https://company.com/path, without a password", address=text)
        ) from fault


class Webhook(Order):
    """Tells a program (a CRM, a chat, a warehouse) what has happened: a POST with JSON to its web address.

    The scenario does not wait, and gets no answer: the call is put into the outbox, which makes it, and tries again
    while the program is away. Where nobody can know whether it arrived, it is made again with the same
    `Idempotency-Key`. A program in the local network must be allowed by the administrator (`cordboard webhook allow`).

    Exits: *done* when it is in the outbox.
    """

    kind = "webhook"
    title = "Call a program"
    group = "messages"
    examples = (
        Example(
            "A missed call, for the CRM.",
            "tell:\n  component: webhook\n  url: https://crm.example.com/calls\n  values:\n"
            "    what: missed\n    phone: =phone",
        ),
    )

    url: Annotated[Text, AfterValidator(_url)]
    """Its web address: `https://crm.example.com/calls`."""
    values: dict[str, Value] = Field(default_factory=dict)
    """What it is told: names and values, the fields of a JSON object. Records and lists keep their shape; dates,
    phones and money are texts."""
    signed: bool = False
    """Whether the body is signed with the secret of `cordboard webhook secret`, so that the program can check who
    calls: `X-Cordboard-Signature` holds `sha256=` and the HMAC of the body."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Order it."""
        body = json_text(self.values)
        self.order(ctx, WEBHOOK, {"to": self.url, "body": body, "signed": self.signed})
        return self.Exit.DONE
