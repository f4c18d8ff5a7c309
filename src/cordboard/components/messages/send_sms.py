"""Send an SMS."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from cordboard.components._orders import Order
from cordboard.outbox.ports import SMS, BadAddressError, sms_recipient
from cordboard.scenario.component import Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import PhoneNumber

_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9 ._&-]{1,11}", re.ASCII)
"""3GPP TS 23.040 §9.1.2.5: a number, or up to eleven letters of GSM 7 bit; of these the ones that networks let pass."""


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError(said("an SMS needs a text"))
    return text


def _sender(text: str) -> str:
    if text and not _SENDER.fullmatch(text):
        message = said(
            "{sender!r} is no sender of SMS: write a number, or up to 11 Latin letters and digits", sender=text
        )
        raise ValueError(message)
    return text


class SendSms(Order):
    """Sends an SMS over the office's lines to the mobile network (`cordboard sms line`), in as many parts as it needs.

    The scenario does not wait: the SMS is put into the outbox, which hands it to the cheapest line that serves the
    number, to another one if that is down, and tries again while none is up. Where nobody can know whether the network
    took it, it is not sent again. Who has asked by STOP for silence gets none; in quiet hours it waits, unless it is
    urgent.

    What became of it is told by the events `sms.delivered` and `sms.lost`.

    Exits: *done* when the SMS is in the outbox; *not_mobile* if nobody among the recipients can get one: a landline, an
    internal number, a hidden caller.
    """

    kind = "send_sms"
    title = "Send an SMS"
    group = "messages"
    examples = (
        Example(
            "Thanks after the first call, to whoever has a mobile phone.",
            'thanks:\n  component: send_sms\n  to: "{phone}"\n'
            '  text: "Thank you for your call. Our contacts: (032) 232-77-57, www.example.com"',
        ),
        Example(
            "An order of a callback for the manager; who orders twice within five minutes has ordered once.",
            'order:\n  component: send_sms\n  to: "+380671234567"\n  text: "Call {phone} back"\n'
            '  urgent: yes\n  key: "{phone}"\n  window: 5m',
        ),
    )

    to: Text
    """Who gets it: phones in any usual writing, several with commas between them."""
    text: Annotated[Text, AfterValidator(_words)]
    """What it says. 160 letters fit into one SMS, 70 if one of them is Cyrillic; longer texts are sent in parts of 153
    or 67, which the phone joins, and each is paid for."""
    sender: Annotated[Text, AfterValidator(_sender)] = ""
    """What the receiver sees, if the line allows it: a number, or up to 11 Latin letters and digits. Empty: what the
    line has."""
    line: Text = ""
    """The SMS line that alone may take it. Empty: the office's rules choose."""
    urgent: bool = False
    """Whether it is sent in quiet hours as well, and when the office does not work."""
    short_codes: bool = False
    """Whether a recipient of three to six digits is a service of the network; otherwise it is an internal number, which
    gets no SMS."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NOT_MOBILE = "not_mobile"

    async def run(self, ctx: Context) -> str:
        """Order it for those who can get it."""
        written = [part.strip() for part in self.to.split(",") if part.strip()]
        phones = list(dict.fromkeys(phone for part in written if (phone := self._reached(part, ctx.country))))
        if not phones:
            ctx.log.info("no SMS: %r is no mobile phone", self.to)
            return self.Exit.NOT_MOBILE
        chosen = {"sender": self.sender, "line": self.line, "urgent": self.urgent}
        given = {name: value for name, value in chosen.items() if value}
        self.order(ctx, SMS, {"to": ", ".join(phones), "text": self.text, "scenario": ctx.scenario, **given})
        return self.Exit.DONE

    def _reached(self, written: str, country: str) -> str:
        """The recipient in canonical writing; empty if no SMS can reach it."""
        number = PhoneNumber.parse(written, country=country)
        if number.international:
            return number.canonical if number.mobile else ""
        try:
            return sms_recipient(written, country) if self.short_codes else ""
        except BadAddressError:
            return ""
