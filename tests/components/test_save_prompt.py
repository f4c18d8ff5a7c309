"""A recording that becomes a prompt."""

from pathlib import Path

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.speech.api import Prompt, PromptError, Prompts
from cordboard.speech.prompts import PromptStore
from cordboard.telephony import Tone
from cordboard.testing.components import Trial, voice

EXAMPLE = Path(__file__).parents[2] / "examples" / "speech" / "record_greeting.yaml"
STEPS = """
    a: {component: record, file: file, exits: {recorded: b}}
    b: {component: save_prompt, recording: "{file}", name: greeting, language: uk, text: Добрий день}
"""
VARIABLES = "- {name: file}"


class Notebook(PromptStore):
    """Writes down what it shall save."""

    def __init__(self, folder: Path, fault: str = "") -> None:
        super().__init__(folder)
        self.saved: list[tuple[str, str, str, str]] = []
        self._fault = fault

    async def save(self, name: str, audio: Path, language: str = "", text: str = "") -> Prompt:
        if self._fault:
            raise PromptError(self._fault)
        self.saved.append((name, audio.name, language, text))
        return Prompt(name, language, text, 1.0)


@virtual_time
async def test_a_recording_becomes_a_prompt(tmp_path: Path) -> None:
    prompts = Notebook(tmp_path)
    async with Trial(voice(STEPS, variables=VARIABLES), ports={Prompts: prompts}) as trial:
        phone = trial.call(voice=Tone((440.0,), 1.0))
        await trial.wait(3)
        phone.press("#")
        await trial.ended()
    assert trial.path == ["a.recorded", "b.saved"]
    assert prompts.saved == [("greeting", Path(trial.variables["file"]).name, "uk", "Добрий день")]


@pytest.mark.parametrize("recording", ["../../etc/passwd", ""])
def test_only_a_recording_can_become_a_prompt(tmp_path: Path, recording: str, caplog: pytest.LogCaptureFixture) -> None:
    @virtual_time
    async def body() -> None:
        prompts = Notebook(tmp_path)
        step = f'a: {{component: save_prompt, recording: "{recording}", name: greeting}}'
        async with Trial(voice(step), ports={Prompts: prompts}) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == ["a.unusable"]
        assert prompts.saved == []

    body()
    assert "lies outside" in caplog.text


@virtual_time
async def test_what_will_not_do_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prompts = Notebook(tmp_path, fault="Nothing is heard in it")
    step = "a: {component: save_prompt, recording: x.wav, name: greeting}"
    async with Trial(voice(step), ports={Prompts: prompts}) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.unusable"]
    assert "Nothing is heard in it" in caplog.text


@pytest.mark.parametrize(
    ("caller", "pin", "keys", "ends"),
    [
        ("0671234567", "4821", "1", "save.saved thanks.done"),
        ("0671234567", "4821", "2", "sure.again"),
        ("0671234567", "1111", "", "check_pin.wrong"),
        ("0991112233", "", "", "who.unknown"),
    ],
)
def test_the_example_lets_employees_alone_record_the_greeting(
    tmp_path: Path, caller: str, pin: str, keys: str, ends: str
) -> None:
    @virtual_time
    async def body() -> None:
        prompts = Notebook(tmp_path)
        text = EXAMPLE.read_text(encoding="utf-8").replace("scenario: record_greeting", "scenario: main")
        async with Trial(text, ports={Prompts: prompts}) as trial:
            phone = trial.call(caller, voice=Tone((440.0,), 1.0))
            if pin:
                await phone.wait_heard("PIN")
                for each in pin:
                    phone.press(each)
            if keys:
                await phone.wait_heard("Say the greeting")
                await trial.wait(10)
                phone.press("#")
                await phone.wait_heard("To keep it")
                phone.press(keys)
            if keys == "2":
                await trial.wait(1)
                phone.hang_up()
            await trial.ended()
        assert [bool(prompts.saved), ends in " ".join(trial.path)] == ["saved" in ends, True], trial.path

    body()
