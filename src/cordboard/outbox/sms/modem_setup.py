"""What a modem is told at first, and what is looked at from time to time. 3GPP TS 27.007 and TS 27.005."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordboard.outbox.sms.modem_at import Channel, ModemError
from cordboard.outbox.sms.modem_errors import words
from cordboard.outbox.sms.modem_lines import values

_UNLOCKING = 20.0
"""Seconds that a SIM takes for its PIN."""
_SLOW = 30.0
"""Seconds for what the SIM or the network must be asked."""
_NEWS = ("AT+CNMI=2,1,0,1,0", "AT+CNMI=1,1,0,1,0", "AT+CNMI=2,1,0,2,0", "AT+CNMI=2,1,0,0,0")
"""Messages are stored and told; reports told at once, or stored, or not at all. The first that the modem takes."""
_REGISTRATIONS = {
    "0": "has no network and looks for none",
    "2": "looks for a network",
    "3": "is refused by the network: check whether the SIM is paid for",
    "4": "does not know whether it has a network",
}
"""+CREG (TS 27.007 §7.2)."""
_HOME, _ROAMING = "1", "5"
_NO_SIGNAL = "99"


class Refusal(Exception):  # noqa: N818 - it says what the administrator must do; the modem is in order
    """It cannot work as it is. The text says what to do."""

    def __init__(self, text: str, *, wrong_pin: bool = False) -> None:
        super().__init__(text)
        self.wrong_pin = wrong_pin


@dataclass(frozen=True, slots=True)
class Watched:
    """How it stands with the network."""

    registered: bool
    note: str


async def set_up(channel: Channel, *, pin: str, service_centre: str, storage: str) -> None:
    """Bring the modem to where it sends and receives. Raises Refusal, SilentError, GoneError."""
    await channel.find()
    await _any(channel, ["ATE0"])
    await _any(channel, ["AT+CMEE=1"])
    await _unlock(channel, pin)
    if not await _any(channel, ["AT+CMGF=0"]):
        raise Refusal("the modem sends no short messages: it refuses the PDU mode")
    if not await _any(channel, [f'AT+CPMS="{storage}","{storage}","{storage}"', f'AT+CPMS="{storage}"']):
        raise Refusal(f"the modem has no storage {storage}: set `storage` to the other one")
    await _any(channel, _NEWS)
    if service_centre:
        kind = 145 if service_centre.startswith("+") else 129
        await _any(channel, [f'AT+CSCA="{service_centre}",{kind}'])


async def _unlock(channel: Channel, pin: str) -> None:
    state = await _pin_state(channel)
    if state == "READY":
        return
    if state != "SIM PIN":
        raise Refusal(f"the SIM asks for {state}: put it into a telephone and unlock it")
    if not pin:
        raise Refusal("the SIM asks for its PIN: give it in the setting `pin`, or switch it off in a telephone")
    try:
        await channel.ask(f'AT+CPIN="{pin}"', seconds=_UNLOCKING)
    except ModemError as fault:
        raise Refusal("the SIM has refused the PIN", wrong_pin=True) from fault


async def _pin_state(channel: Channel) -> str:
    try:
        answer = await channel.ask("AT+CPIN?", "+CPIN", _SLOW)
    except ModemError as fault:
        raise Refusal(words(fault.kind, fault.code) if fault.kind else "the modem does not find a SIM") from fault
    return answer[0].value.strip() if answer else "nothing"


async def watch(channel: Channel) -> Watched:
    """Look at the network. Raises SilentError, GoneError."""
    state = await _value(channel, "AT+CREG?", "+CREG", 1)
    if state not in {_HOME, _ROAMING}:
        return Watched(registered=False, note=f"the modem {_REGISTRATIONS.get(state, _REGISTRATIONS['4'])}")
    operator = await _value(channel, "AT+COPS?", "+COPS", 2) or "a network"
    signal = await _value(channel, "AT+CSQ", "+CSQ", 0)
    place = f"{operator} (roaming)" if state == _ROAMING else operator
    known = signal.isdecimal() and signal != _NO_SIGNAL
    note = f"registered at {place}, signal {signal} of 31" if known else f"registered at {place}"
    return Watched(registered=True, note=note)


async def _value(channel: Channel, command: str, name: str, place: int) -> str:
    """The value at that place of the line that has so many; empty: there is none."""
    try:
        answer = await channel.ask(command, name, _SLOW)
    except ModemError:
        return ""
    found = [values(each.value) for each in answer]
    return next((each[place] for each in found if len(each) > place), "")


async def _any(channel: Channel, commands: Sequence[str]) -> bool:
    """Give them one after the other until one is taken; whether one was."""
    for command in commands:
        try:
            await channel.ask(command)
        except ModemError:
            continue
        return True
    return False
