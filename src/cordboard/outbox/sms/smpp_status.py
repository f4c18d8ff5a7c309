"""What an SMSC means by its `command_status`: the table of SMPP 3.4 §5.1.3, and what follows for the message. Pure."""

from enum import Enum


class Meaning(Enum):
    """What follows for the message that was answered so."""

    BUSY = "busy"
    """Not now: the same again in a moment."""
    LATER = "later"
    """Not over this line as it stands; the message itself is not refused."""
    NEVER = "never"
    """This message is refused for good."""


OK = 0x00
INVALID_LENGTH = 0x02
UNKNOWN_COMMAND = 0x03
QUEUE_FULL = 0x14
THROTTLED = 0x58
APPLICATION_LATER = 0x64
"""Our own answer to what the exchange cannot keep just now: it is brought again."""
RECEIVER_NEVER = 0x65
"""And to what it cannot read."""

_B, _L, _N = Meaning.BUSY, Meaning.LATER, Meaning.NEVER
_TABLE = {
    0x01: (_N, "RINVMSGLEN", "message length is invalid"),
    0x02: (_N, "RINVCMDLEN", "command length is invalid"),
    0x03: (_N, "RINVCMDID", "invalid command"),
    0x04: (_L, "RINVBNDSTS", "wrong bind for this command"),
    0x05: (_L, "RALYBND", "already bound"),
    0x06: (_N, "RINVPRTFLG", "invalid priority"),
    0x07: (_N, "RINVREGDLVFLG", "invalid wish for receipts"),
    0x08: (_L, "RSYSERR", "system error"),
    0x0A: (_N, "RINVSRCADR", "the sender is not allowed"),
    0x0B: (_N, "RINVDSTADR", "the phone number is invalid"),
    0x0C: (_N, "RINVMSGID", "invalid message id"),
    0x0D: (_L, "RBINDFAIL", "bind failed"),
    0x0E: (_L, "RINVPASWD", "wrong password"),
    0x0F: (_L, "RINVSYSID", "wrong system_id"),
    0x11: (_N, "RCANCELFAIL", "cancelling failed"),
    0x13: (_N, "RREPLACEFAIL", "replacing failed"),
    0x14: (_B, "RMSGQFUL", "message queue full"),
    0x15: (_N, "RINVSERTYP", "invalid service type"),
    0x33: (_N, "RINVNUMDESTS", "invalid number of destinations"),
    0x34: (_N, "RINVDLNAME", "invalid distribution list"),
    0x40: (_N, "RINVDESTFLAG", "invalid destination flag"),
    0x42: (_N, "RINVSUBREP", "invalid replace request"),
    0x43: (_N, "RINVESMCLASS", "invalid esm_class"),
    0x44: (_N, "RCNTSUBDL", "cannot submit to a distribution list"),
    0x45: (_L, "RSUBMITFAIL", "submitting failed"),
    0x48: (_N, "RINVSRCTON", "invalid type of the sender's number"),
    0x49: (_N, "RINVSRCNPI", "invalid plan of the sender's number"),
    0x50: (_N, "RINVDSTTON", "invalid type of the phone number"),
    0x51: (_N, "RINVDSTNPI", "invalid plan of the phone number"),
    0x53: (_L, "RINVSYSTYP", "wrong system_type"),
    0x54: (_N, "RINVREPFLAG", "invalid replace_if_present"),
    0x55: (_N, "RINVNUMMSGS", "invalid number of messages"),
    0x58: (_B, "RTHROTTLED", "too many messages a second"),
    0x61: (_N, "RINVSCHED", "invalid scheduled time"),
    0x62: (_N, "RINVEXPIRY", "invalid validity period"),
    0x63: (_N, "RINVDFTMSGID", "invalid predefined message"),
    0x64: (_L, "RX_T_APPN", "temporary error of the receiver"),
    0x65: (_N, "RX_P_APPN", "permanent error of the receiver"),
    0x66: (_N, "RX_R_APPN", "rejected by the receiver"),
    0x67: (_N, "RQUERYFAIL", "query failed"),
    0xC0: (_N, "RINVOPTPARSTREAM", "error in the optional part"),
    0xC1: (_N, "ROPTPARNOTALLWD", "optional parameter not allowed"),
    0xC2: (_N, "RINVPARLEN", "invalid parameter length"),
    0xC3: (_N, "RMISSINGOPTPARAM", "optional parameter missing"),
    0xC4: (_N, "RINVOPTPARAMVAL", "invalid optional parameter"),
    0xFE: (_L, "RDELIVERYFAILURE", "delivery failed"),
    0xFF: (_L, "RUNKNOWNERR", "unknown error"),
}
"""What is wrong with the line or with the SMSC is LATER: another line, or the administrator, may help the message."""


def meaning(status: int) -> Meaning:
    """What follows. Numbers of vendors (§5.1.3: 0x400 to 0x4FF) say nothing for certain: LATER."""
    return _TABLE[status][0] if status in _TABLE else Meaning.LATER


def words(status: int) -> str:
    """For people: ESME_RTHROTTLED (0x58): too many messages a second."""
    if status not in _TABLE:
        return f"status 0x{status:X}, which only the operator can explain"
    _, name, text = _TABLE[status]
    return f"ESME_{name} (0x{status:02X}): {text}"
