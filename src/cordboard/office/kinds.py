"""Every kind of document that an office may have."""

from collections.abc import Mapping

from cordboard.office.accounts import Account
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.documents import Document
from cordboard.office.feature_codes import FeatureCodes
from cordboard.office.fixed_rooms import ConferenceRoom
from cordboard.office.forwarding import UserRules
from cordboard.office.lines.gateways import Gateway
from cordboard.office.lines.money import MoneyGuard
from cordboard.office.lines.numbers import EmergencyNumbers, InboundNumber
from cordboard.office.lines.rules import LineRules
from cordboard.office.parking import ParkingLot
from cordboard.office.phone_prompts import PromptLine
from cordboard.office.queue.model import Group
from cordboard.office.recording_rules import RecordingRights, RecordingRule, RecordingSettings
from cordboard.office.supervision import Supervisor
from cordboard.office.voicemail import Mailbox, VoicemailNumbers
from cordboard.office.webhooks import Webhook

_ALL: tuple[type[Document], ...] = (
    Account,
    UserRules,
    FeatureCodes,
    Gateway,
    LineRules,
    InboundNumber,
    EmergencyNumbers,
    MoneyGuard,
    Group,
    CallbackRules,
    ParkingLot,
    Supervisor,
    ConferenceRoom,
    Mailbox,
    VoicemailNumbers,
    RecordingRule,
    RecordingRights,
    RecordingSettings,
    PromptLine,
    Webhook,
)
KINDS: Mapping[str, type[Document]] = {each.kind: each for each in _ALL}
"""By name, in the order in which they are exported."""
