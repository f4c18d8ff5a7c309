"""What a modem's error numbers mean, and what follows for the message. Pure.

+CMS ERROR: 3GPP TS 27.005 §3.2.5; of those, below 128 the network's causes (TS 24.011 annex E), from 128 to 255 the
service centre's (TS 23.040 §9.2.3.22). +CME ERROR: TS 27.007 §9.2.
"""

from enum import Enum


class Outcome(Enum):
    """What follows for the message to which it was the answer."""

    LATER = "later"
    """Not taken: over another line, or when the line is mended."""
    NEVER = "never"
    """Not taken, and it never will be."""
    UNKNOWN = "unknown"
    """The service centre may have taken it."""


_L, _N, _U = Outcome.LATER, Outcome.NEVER, Outcome.UNKNOWN
_BALANCE = "check the SIM's balance and what its tariff allows"
_CMS = {
    1: (_N, "nobody has this number"),
    8: (_L, f"barred by the operator: {_BALANCE}"),
    10: (_L, f"barred: {_BALANCE}"),
    17: (_L, "network failure"),
    21: (_L, f"refused by the network: {_BALANCE}"),
    22: (_L, "congestion"),
    27: (_L, "destination out of service"),
    28: (_L, "the network does not know this SIM"),
    29: (_L, f"facility rejected: {_BALANCE}"),
    30: (_L, "the network does not know this SIM"),
    38: (_L, "network out of order"),
    41: (_L, "temporary failure"),
    42: (_L, "congestion"),
    47: (_L, "resources unavailable"),
    50: (_L, f"this SIM may not send short messages: {_BALANCE}"),
    69: (_L, "facility not implemented"),
    81: (_L, "invalid reference"),
    95: (_N, "invalid message"),
    96: (_N, "invalid mandatory information"),
    97: (_N, "message type unknown"),
    98: (_L, "message not compatible with the state of the protocol"),
    99: (_N, "information element unknown"),
    111: (_L, "protocol error"),
    127: (_L, "interworking error"),
    128: (_N, "telematic interworking not supported"),
    129: (_N, "type 0 not supported"),
    130: (_N, "cannot replace a message"),
    143: (_N, "error in the protocol identifier"),
    144: (_N, "alphabet not supported"),
    145: (_N, "message class not supported"),
    159: (_N, "error in the data coding scheme"),
    160: (_N, "command cannot be done"),
    161: (_N, "command not supported"),
    175: (_N, "error in the command"),
    176: (_N, "PDU not supported"),
    192: (_L, "the service centre is busy"),
    193: (_L, "this SIM is no subscriber of the service centre"),
    194: (_L, "the service centre is out of order"),
    195: (_N, "invalid address"),
    196: (_N, "the destination is barred"),
    # It has it already: the answer to the first of the two was lost.
    197: (_U, "the service centre has had it before"),
    198: (_N, "form of validity period not supported"),
    199: (_N, "validity period not supported"),
    208: (_L, "the SIM's storage is full"),
    300: (_L, "modem failure"),
    301: (_L, "the modem does something else"),
    302: (_L, "operation not allowed"),
    303: (_L, "operation not supported"),
    304: (_N, "the modem does not understand the PDU"),
    305: (_L, "invalid text mode parameter"),
    310: (_L, "no SIM in the modem"),
    311: (_L, "the SIM asks for its PIN"),
    312: (_L, "the modem is locked to another SIM"),
    313: (_L, "SIM failure"),
    314: (_L, "the SIM is busy"),
    315: (_L, "the wrong SIM"),
    316: (_L, "the SIM is blocked and asks for its PUK"),
    317: (_L, "the SIM asks for its PIN2"),
    318: (_L, "the SIM asks for its PUK2"),
    320: (_L, "memory failure"),
    321: (_L, "invalid place in the memory"),
    322: (_L, "the memory is full"),
    330: (_L, "the service centre's number is not set: give it as `service_centre`"),
    331: (_L, "no network"),
    332: (_U, "the network has not answered"),
    340: (_L, "no acknowledgement is expected"),
    500: (_L, "unknown error"),
}
_CME = {
    3: (_L, "operation not allowed"),
    4: (_L, "operation not supported"),
    10: (_L, "no SIM in the modem"),
    11: (_L, "the SIM asks for its PIN"),
    12: (_L, "the SIM is blocked and asks for its PUK"),
    13: (_L, "SIM failure"),
    14: (_L, "the SIM is busy"),
    15: (_L, "the wrong SIM"),
    16: (_L, "wrong PIN"),
    20: (_L, "the memory is full"),
    30: (_L, "no network"),
    31: (_U, "the network has not answered"),
    32: (_L, "the network allows emergency calls only"),
    100: (_L, "unknown error"),
}
_TABLES = {"CMS": _CMS, "CME": _CME}


def outcome(kind: str, code: int) -> Outcome:
    """What follows from +CMS or +CME ERROR. Numbers that nobody knows are the modem's own: LATER."""
    return _TABLES[kind].get(code, (Outcome.LATER, ""))[0]


def words(kind: str, code: int) -> str:
    """For people: +CMS ERROR 38: network out of order."""
    text = _TABLES[kind].get(code, (None, "a number of the modem's own"))[1]
    return f"+{kind} ERROR {code}: {text}"
