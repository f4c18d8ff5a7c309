"""`cordboard sms send` and `cordboard sms list`."""

import uuid
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, told
from cordboard.outbox.ports import SMS, BadAddressError, Delivery, State, sms_recipient
from cordboard.outbox.sms.keeping import PhoneFate, ReceivedSms, SentSms
from cordboard.outbox.sms.segments import TooLongError, segments
from cordboard.scenario.ports import Effect


@asynchronous
async def send(  # noqa: PLR0917  (each is an option of the command)
    to: Annotated[str, typer.Argument(help="The phone, or several with commas between them.")],
    text: Annotated[str, typer.Argument(help="What it says.")],
    sender: Annotated[str, typer.Option(help="What the receiver sees, if the line allows it.")] = "",
    line: Annotated[str, typer.Option(help="The line that alone may take it.")] = "",
    urgent: Annotated[bool, typer.Option(help="Also in quiet hours.")] = False,
    data: Data = None,
) -> None:
    """Order an SMS. The running exchange sends it, as it sends those of scenarios."""
    async with opened(settings_for(data)) as store:
        country = (await store.office.load()).settings.country
        try:
            phones = [sms_recipient(each, country) for each in to.split(",")]
            coding, parts = segments(text, 0, simplify=(await store.sms_settings.rules()).simplify)
        except (BadAddressError, TooLongError) as fault:
            fail(f"{fault}.")
        now = datetime.now(UTC).isoformat()
        payload = {"to": ", ".join(phones), "text": text, "sender": sender, "line": line, "urgent": urgent}
        await store.runs.emit([Effect(SMS, uuid.uuid4().hex, {**payload, "ordered": now})])
    console.print(f"Ordered: to {len(phones)}, {len(parts)} parts each ({coding})", markup=False)


@asynchronous
async def show_all(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many each way, the youngest first.")] = 30,
    data: Data = None,
) -> None:
    """List the SMS that were sent and that have come, with what became of them."""
    async with opened(settings_for(data)) as store:
        ordered = await store.outbox.find(kind=SMS, limit=limit)
        sent = {each.delivery: each for each in await store.sms_ledger.sent(deliveries=[each.id for each in ordered])}
        came = await store.sms_inbox.inbox(limit=limit)
        counts = await store.outbox.counts()
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    rows = [_sent(each, sent.get(each.id)) for each in ordered] + [_came(each) for each in came]
    table = Table("time", "", "phone", "line", "parts", "text", "state", "", box=None, pad_edge=False)
    for at, *cells in sorted(rows, key=lambda row: row[0], reverse=True):
        # Strangers write these texts: what looks like markup is none.
        table.add_row(at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), *map(escape, cells))
    console.print(table)
    accepted, uncertain, failed = (
        counts.get((SMS, state), 0) for state in (State.DELIVERED, State.UNCERTAIN, State.FAILED)
    )
    console.print(f"accepted: {accepted}, uncertain: {uncertain}, failed: {failed}", markup=False)


Row = tuple[datetime, str, str, str, str, str, str, str]


def _sent(delivery: Delivery, sms: SentSms | None) -> Row:
    known = sms is not None and sms.fate is not PhoneFate.UNKNOWN
    return (
        delivery.ordered,
        "out",
        delivery.recipient,
        sms.line if sms else "",
        str(sms.parts) if sms else "",
        str(delivery.payload.get("text", ""))[:40],
        sms.fate.value if sms and known else delivery.state.value,
        told(sms.words if sms and known else delivery.error),
    )


def _came(sms: ReceivedSms) -> Row:
    state = "received" if sms.complete else "incomplete"
    return sms.at, "in", sms.phone or sms.sender, sms.line, "", sms.text[:40], state, ""
