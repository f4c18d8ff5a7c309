"""The components that a scenario is made of: one class a file, in the folders of the palette."""

from cordboard.components.calls.dial import Dial
from cordboard.components.calls.hang_up import HangUp
from cordboard.components.calls.originate import Originate
from cordboard.components.flow.assign import Assign
from cordboard.components.flow.call_scenario import CallScenario
from cordboard.components.flow.compare import Compare
from cordboard.components.flow.jump_to_scenario import JumpToScenario
from cordboard.components.flow.pause import Pause
from cordboard.components.flow.start import Start
from cordboard.components.flow.start_service import StartService
from cordboard.components.flow.stop import Stop
from cordboard.components.flow.switch import Switch
from cordboard.components.office.check_pin import CheckPin
from cordboard.components.office.find_employee import FindEmployee
from cordboard.components.voice.answer import Answer
from cordboard.components.voice.ask_digits import AskDigits
from cordboard.components.voice.menu import Menu
from cordboard.components.voice.play import Play
from cordboard.components.voice.reject import Reject
from cordboard.components.voice.say_digits import SayDigits
from cordboard.scenario.component import Component


def all_components() -> tuple[type[Component], ...]:
    """Every component, in the order of the palette."""
    return (
        Start,
        Stop,
        Compare,
        Switch,
        Assign,
        Pause,
        CallScenario,
        JumpToScenario,
        StartService,
        Answer,
        Reject,
        Play,
        SayDigits,
        Menu,
        AskDigits,
        Dial,
        Originate,
        HangUp,
        FindEmployee,
        CheckPin,
    )
