"""The components that a scenario is made of: one class a file, in the folders of the palette."""

from cordboard.components.calls.conference_convert import ConferenceConvert
from cordboard.components.calls.conference_create import ConferenceCreate
from cordboard.components.calls.conference_join import ConferenceJoin
from cordboard.components.calls.dial import Dial
from cordboard.components.calls.hang_up import HangUp
from cordboard.components.calls.originate import Originate
from cordboard.components.calls.park import Park
from cordboard.components.calls.pick_up import PickUp
from cordboard.components.calls.queue import EnterQueue
from cordboard.components.calls.set_caller_id import SetCallerId
from cordboard.components.calls.start_recording import StartRecording
from cordboard.components.calls.stop_recording import StopRecording
from cordboard.components.calls.tag_call import TagCall
from cordboard.components.data.excel_append_row import ExcelAppendRow
from cordboard.components.data.excel_find_row import ExcelFindRow
from cordboard.components.data.excel_for_each_row import ExcelForEachRow
from cordboard.components.data.excel_read_cell import ExcelReadCell
from cordboard.components.data.excel_rows import ExcelRows
from cordboard.components.data.excel_write_cells import ExcelWriteCells
from cordboard.components.data.http_request import HttpRequest
from cordboard.components.data.normalise_number import NormaliseNumber
from cordboard.components.data.sql_query import SqlQuery
from cordboard.components.flow.assign import Assign
from cordboard.components.flow.call_scenario import CallScenario
from cordboard.components.flow.cancel_runs import CancelRuns
from cordboard.components.flow.compare import Compare
from cordboard.components.flow.end_with_value import EndWithValue
from cordboard.components.flow.find_runs import FindRuns
from cordboard.components.flow.for_each import ForEach
from cordboard.components.flow.for_each_run import ForEachRun
from cordboard.components.flow.join import Join
from cordboard.components.flow.jump_to_scenario import JumpToScenario
from cordboard.components.flow.log import Log
from cordboard.components.flow.parallel import Parallel
from cordboard.components.flow.pause import Pause
from cordboard.components.flow.random_choice import RandomChoice
from cordboard.components.flow.repeat import Repeat
from cordboard.components.flow.send_message import SendMessage
from cordboard.components.flow.start import Start
from cordboard.components.flow.start_dialog import StartDialog
from cordboard.components.flow.start_service import StartService
from cordboard.components.flow.stop import Stop
from cordboard.components.flow.switch import Switch
from cordboard.components.flow.time_window import TimeWindow
from cordboard.components.flow.wait_for_event import WaitForEvent
from cordboard.components.messages.notify_user import NotifyUser
from cordboard.components.messages.send_email import SendEmail
from cordboard.components.messages.send_sms import SendSms
from cordboard.components.messages.webhook import Webhook
from cordboard.components.office.ask_form import AskForm
from cordboard.components.office.calls_today import CallsToday
from cordboard.components.office.cancel_callback import CancelCallback
from cordboard.components.office.change_list import ChangeList
from cordboard.components.office.check_pin import CheckPin
from cordboard.components.office.find_employee import FindEmployee
from cordboard.components.office.first_call import FirstCall
from cordboard.components.office.last_caller import LastCaller
from cordboard.components.office.leave_voicemail import LeaveVoicemail
from cordboard.components.office.on_list import OnList
from cordboard.components.office.order_callback import OrderCallback
from cordboard.components.office.reached_since import ReachedSince
from cordboard.components.office.set_presence import SetPresence
from cordboard.components.office.user_state import UserState
from cordboard.components.office.voicemail_box import VoicemailBox
from cordboard.components.voice.answer import Answer
from cordboard.components.voice.ask_digits import AskDigits
from cordboard.components.voice.background_music import BackgroundMusic
from cordboard.components.voice.early_media import EarlyMedia
from cordboard.components.voice.menu import Menu
from cordboard.components.voice.play import Play
from cordboard.components.voice.record import Record
from cordboard.components.voice.reject import Reject
from cordboard.components.voice.ring import Ring
from cordboard.components.voice.save_prompt import SavePrompt
from cordboard.components.voice.say import Say
from cordboard.components.voice.say_digits import SayDigits
from cordboard.components.voice.send_dtmf import SendDtmf
from cordboard.components.voice.set_language import SetLanguage
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component


def all_components() -> tuple[type[Component], ...]:
    """Every component, in the order of the palette."""
    return (
        Start,
        Stop,
        EndWithValue,
        Compare,
        Switch,
        RandomChoice,
        Assign,
        Repeat,
        ForEach,
        Pause,
        TimeWindow,
        CallScenario,
        JumpToScenario,
        StartService,
        StartDialog,
        ForEachRun,
        Parallel,
        Join,
        WaitForEvent,
        SendMessage,
        FindRuns,
        CancelRuns,
        Log,
        Ring,
        Answer,
        Reject,
        EarlyMedia,
        SetLanguage,
        Play,
        Say,
        SayDigits,
        BackgroundMusic,
        Menu,
        AskDigits,
        Record,
        SavePrompt,
        SendDtmf,
        Dial,
        Originate,
        EnterQueue,
        HangUp,
        SetCallerId,
        TagCall,
        StartRecording,
        StopRecording,
        ConferenceCreate,
        ConferenceJoin,
        ConferenceConvert,
        Park,
        PickUp,
        ExcelFindRow,
        ExcelReadCell,
        ExcelRows,
        ExcelForEachRow,
        ExcelWriteCells,
        ExcelAppendRow,
        HttpRequest,
        SqlQuery,
        NormaliseNumber,
        SendSms,
        SendEmail,
        Webhook,
        NotifyUser,
        FindEmployee,
        LastCaller,
        FirstCall,
        CallsToday,
        ReachedSince,
        OrderCallback,
        CancelCallback,
        OnList,
        ChangeList,
        CheckPin,
        UserState,
        SetPresence,
        LeaveVoicemail,
        VoicemailBox,
        AskForm,
    )


def catalogue() -> Catalogue:
    """Every component that this version has."""
    return Catalogue(all_components())
