"""The four transaction machines of RFC 3261 §17, as corrected by RFC 6026 and RFC 4320, as tables.

An edge says: in this state, this input leads there and does that. An input without an edge means nothing in that state:
so timers need not be stopped, a late one falls on no edge. A timer among the actions is (re)started.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """Which machine."""

    INVITE_CLIENT = auto()
    INVITE_SERVER = auto()
    CLIENT = auto()
    SERVER = auto()


class State(Enum):
    """The states of all four, by the names of the RFCs."""

    NEW = auto()
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Timer(Enum):
    """The timers, by the letters of the RFCs. C belongs to proxies and is absent."""

    A = auto()
    B = auto()
    D = auto()
    E = auto()
    F = auto()
    G = auto()
    H = auto()
    I = auto()  # noqa: E741 - the RFC's name
    J = auto()
    K = auto()
    L = auto()
    M = auto()
    TRYING_100 = auto()
    """RFC 4320 §4.1: a slow non-INVITE gets its 100 when the client's Timer E has reached T2."""
    LATE = auto()
    """RFC 4320 §4.2: nobody waits any more for the final response of a non-INVITE."""


class Event(Enum):
    """The other inputs: what arrives (START is our own request) and what the transaction user wants sent."""

    START = auto()
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    REQUEST = auto()
    ACK = auto()
    ERROR = auto()
    SEND_PROVISIONAL = auto()
    SEND_SUCCESS = auto()
    SEND_FAILURE = auto()


class Do(Enum):
    """What a machine asks for."""

    SEND = auto()
    """Send what came with the input and keep it for retransmission."""
    RESEND = auto()
    """Send again what was kept."""
    ACK = auto()
    """Acknowledge a response of 300 or more, hop by hop (§17.1.1.3)."""
    PASS = auto()
    """Give what came with the input to the transaction user."""
    TIMED_OUT = auto()
    FAILED = auto()
    """The transport is dead."""


Input = Event | Timer
Action = Do | Timer


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an input leads, and what is done on the way, in order."""

    to: State
    actions: tuple[Action, ...] = ()


_GONE = Edge(State.TERMINATED)
_FAILED = Edge(State.TERMINATED, (Do.FAILED,))
_TIMED_OUT = Edge(State.TERMINATED, (Do.TIMED_OUT,))

Table = Mapping[State, Mapping[Input, Edge]]

_INVITE_CLIENT: Table = {  # RFC 6026 figure 1
    State.NEW: {Event.START: Edge(State.CALLING, (Do.SEND, Timer.A, Timer.B))},
    State.CALLING: {
        Timer.A: Edge(State.CALLING, (Do.RESEND, Timer.A)),
        Timer.B: _TIMED_OUT,
        Event.ERROR: _FAILED,
        Event.PROVISIONAL: Edge(State.PROCEEDING, (Do.PASS,)),
        Event.SUCCESS: Edge(State.ACCEPTED, (Timer.M, Do.PASS)),
        Event.FAILURE: Edge(State.COMPLETED, (Do.ACK, Timer.D, Do.PASS)),
    },
    State.PROCEEDING: {
        Event.PROVISIONAL: Edge(State.PROCEEDING, (Do.PASS,)),
        Event.SUCCESS: Edge(State.ACCEPTED, (Timer.M, Do.PASS)),
        Event.FAILURE: Edge(State.COMPLETED, (Do.ACK, Timer.D, Do.PASS)),
    },
    State.COMPLETED: {
        Event.FAILURE: Edge(State.COMPLETED, (Do.ACK,)),
        Timer.D: _GONE,
        Event.ERROR: _GONE,  # the ACK did not leave; the user has its final response already
    },
    State.ACCEPTED: {
        Event.SUCCESS: Edge(State.ACCEPTED, (Do.PASS,)),  # each repeated or forked 2xx goes up, to be acknowledged
        Timer.M: _GONE,
    },
}

_INVITE_SERVER: Table = {  # RFC 6026 figure 2
    State.NEW: {Event.START: Edge(State.PROCEEDING, (Do.PASS,))},
    State.PROCEEDING: {
        Event.REQUEST: Edge(State.PROCEEDING, (Do.RESEND,)),
        Event.SEND_PROVISIONAL: Edge(State.PROCEEDING, (Do.SEND,)),
        Event.SEND_SUCCESS: Edge(State.ACCEPTED, (Do.SEND, Timer.L)),
        Event.SEND_FAILURE: Edge(State.COMPLETED, (Do.SEND, Timer.G, Timer.H)),
        Event.ERROR: _FAILED,
    },
    State.COMPLETED: {
        Event.REQUEST: Edge(State.COMPLETED, (Do.RESEND,)),
        Timer.G: Edge(State.COMPLETED, (Do.RESEND, Timer.G)),
        Timer.H: _TIMED_OUT,
        Event.ACK: Edge(State.CONFIRMED, (Timer.I,)),
        Event.ERROR: _FAILED,
    },
    State.CONFIRMED: {Timer.I: _GONE},  # repeated ACKs are absorbed
    State.ACCEPTED: {
        Event.SEND_SUCCESS: Edge(State.ACCEPTED, (Do.SEND,)),  # the core repeats its 2xx through us (§13.3.1.4)
        Event.ACK: Edge(State.ACCEPTED, (Do.PASS,)),
        Timer.L: _GONE,  # repeated INVITEs were absorbed until now
    },
}

_CLIENT: Table = {  # RFC 3261 figure 6
    State.NEW: {Event.START: Edge(State.TRYING, (Do.SEND, Timer.E, Timer.F))},
    State.TRYING: {
        Timer.E: Edge(State.TRYING, (Do.RESEND, Timer.E)),
        Timer.F: _TIMED_OUT,
        Event.ERROR: _FAILED,
        Event.PROVISIONAL: Edge(State.PROCEEDING, (Do.PASS,)),
        Event.SUCCESS: Edge(State.COMPLETED, (Timer.K, Do.PASS)),
        Event.FAILURE: Edge(State.COMPLETED, (Timer.K, Do.PASS)),
    },
    State.PROCEEDING: {
        Timer.E: Edge(State.PROCEEDING, (Do.RESEND, Timer.E)),
        Timer.F: _TIMED_OUT,
        Event.ERROR: _FAILED,
        Event.PROVISIONAL: Edge(State.PROCEEDING, (Do.PASS,)),
        Event.SUCCESS: Edge(State.COMPLETED, (Timer.K, Do.PASS)),
        Event.FAILURE: Edge(State.COMPLETED, (Timer.K, Do.PASS)),
    },
    State.COMPLETED: {Timer.K: _GONE},
}

_SERVER: Table = {  # RFC 3261 figure 8, RFC 4320 §4: no provisional but a late 100, no final response after Timer F
    State.NEW: {Event.START: Edge(State.TRYING, (Timer.TRYING_100, Timer.LATE, Do.PASS))},
    State.TRYING: {
        Timer.TRYING_100: Edge(State.PROCEEDING, (Do.SEND,)),
        Event.SEND_SUCCESS: Edge(State.COMPLETED, (Do.SEND, Timer.J)),
        Event.SEND_FAILURE: Edge(State.COMPLETED, (Do.SEND, Timer.J)),
        Timer.LATE: _GONE,
        Event.ERROR: _FAILED,
    },
    State.PROCEEDING: {
        Event.REQUEST: Edge(State.PROCEEDING, (Do.RESEND,)),
        Event.SEND_SUCCESS: Edge(State.COMPLETED, (Do.SEND, Timer.J)),
        Event.SEND_FAILURE: Edge(State.COMPLETED, (Do.SEND, Timer.J)),
        Timer.LATE: _GONE,
        Event.ERROR: _FAILED,
    },
    State.COMPLETED: {
        Event.REQUEST: Edge(State.COMPLETED, (Do.RESEND,)),
        Timer.J: _GONE,
        Event.ERROR: _GONE,
    },
}

TABLES: Mapping[Kind, Table] = {
    Kind.INVITE_CLIENT: _INVITE_CLIENT,
    Kind.INVITE_SERVER: _INVITE_SERVER,
    Kind.CLIENT: _CLIENT,
    Kind.SERVER: _SERVER,
}


def step(kind: Kind, state: State, given: Input) -> Edge | None:
    """The edge that an input takes; None if it means nothing there."""
    return TABLES[kind].get(state, {}).get(given)


@dataclass(frozen=True, slots=True)
class Timing:
    """T1, T2 and T4 of RFC 3261 §17.1.1.1, in seconds."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def patience(self) -> float:
        """64*T1: how long anybody waits for an answer."""
        return 64 * self.t1


def interval(timer: Timer, timing: Timing, *, reliable: bool, proceeding: bool = False, runs: int = 0) -> float | None:
    """Seconds until a timer fires, None if it is not started at all. `runs` says how often it has fired already.

    `proceeding`: Timer E after a provisional response repeats each T2 (§17.1.2.2).
    """
    match timer:
        case Timer.A:
            return None if reliable else timing.t1 * 2**runs
        case Timer.E | Timer.G:
            if reliable:
                return None
            return timing.t2 if proceeding else min(timing.t1 * 2**runs, timing.t2)
        case Timer.B | Timer.F | Timer.H | Timer.L | Timer.M | Timer.LATE:
            return timing.patience
        case Timer.D | Timer.J:
            return 0.0 if reliable else timing.patience
        case Timer.I | Timer.K:
            return 0.0 if reliable else timing.t4
        case Timer.TRYING_100:
            if reliable:
                return None
            total = pause = timing.t1
            while pause * 2 < timing.t2:
                pause *= 2
                total += pause
            return total
