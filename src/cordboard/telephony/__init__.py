"""The vocabulary of the exchange: neutral words for calls, without a word of SIP and without I/O.

Rooms above this one (scenario, components, office) speak only these words; the room `switch` makes them
true on a real wire and the room `simulation` in virtual time. `tests/contract` holds both to the docstrings.
"""

from cordboard.telephony.clock import Clock, SystemClock
from cordboard.telephony.dialling import Dialled, DialResult, dial
from cordboard.telephony.directory import Account, Directory, Line, Registration, Registrations
from cordboard.telephony.events import (
    Answered,
    Digit,
    EarlyMedia,
    Ended,
    Held,
    LegEvent,
    Resumed,
    Ringing,
)
from cordboard.telephony.keys import ALL_KEYS, Collected, CollectEnd, KeyBuffer, KeyRule
from cordboard.telephony.lamps import Lamp, Lamps
from cordboard.telephony.leg_life import LegLife, LivingLeg
from cordboard.telephony.party import Direction, LegState, LineTarget, Party, PhoneTarget, Target
from cordboard.telephony.phone_number import PhoneNumber
from cordboard.telephony.ports import Bridge, CallListener, Conference, Exchange, Leg, LegHandler
from cordboard.telephony.reasons import EndReason
from cordboard.telephony.records import ConnectionRecord, LegRecord
from cordboard.telephony.sounds import Clip, Played, PlayEnd, Silence, Sound, Tone
from cordboard.telephony.talks import Attempt, Talk, Talks
from cordboard.telephony.transfers import Monitor, Monitoring, TransferHandler, TransferRequest
from cordboard.telephony.wording import Wording, choose

__all__ = [
    "ALL_KEYS",
    "Account",
    "Answered",
    "Attempt",
    "Bridge",
    "CallListener",
    "Clip",
    "Clock",
    "CollectEnd",
    "Collected",
    "Conference",
    "ConnectionRecord",
    "DialResult",
    "Dialled",
    "Digit",
    "Direction",
    "Directory",
    "EarlyMedia",
    "EndReason",
    "Ended",
    "Exchange",
    "Held",
    "KeyBuffer",
    "KeyRule",
    "Lamp",
    "Lamps",
    "Leg",
    "LegEvent",
    "LegHandler",
    "LegLife",
    "LegRecord",
    "LegState",
    "Line",
    "LineTarget",
    "LivingLeg",
    "Monitor",
    "Monitoring",
    "Party",
    "PhoneNumber",
    "PhoneTarget",
    "PlayEnd",
    "Played",
    "Registration",
    "Registrations",
    "Resumed",
    "Ringing",
    "Silence",
    "Sound",
    "SystemClock",
    "Talk",
    "Talks",
    "Target",
    "Tone",
    "TransferHandler",
    "TransferRequest",
    "Wording",
    "choose",
    "dial",
]
