"""The scripted phone: a real user agent over real SIP and RTP."""

from cordboard.phone.call import Call, Fact, PhoneEnd
from cordboard.phone.desk import Desk, Phone, RefusedError, open_desk
from cordboard.phone.listening import Heard, recognise, tone_at
from cordboard.phone.report import CallReport, run_script
from cordboard.phone.script import ScriptError, Step, parse_script

__all__ = [
    "Call",
    "CallReport",
    "Desk",
    "Fact",
    "Heard",
    "Phone",
    "PhoneEnd",
    "RefusedError",
    "ScriptError",
    "Step",
    "open_desk",
    "parse_script",
    "recognise",
    "run_script",
    "tone_at",
]
