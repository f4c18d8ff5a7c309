from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.office.after_call import CallNotes
from cordboard.office.recordings import RecordingFolder
from cordboard.testing.audio import silence, tone_wav, write_wav

NOW = datetime(2026, 11, 23, 10, 5, 7, tzinfo=UTC)


def test_a_name_is_made_of_day_time_and_call_and_given_once(tmp_path: Path) -> None:
    folder = RecordingFolder(tmp_path)
    names = [folder.new("chain-1", NOW) for _ in range(3)]
    assert names == [
        "2026-11-23/10-05-07-chain-1.wav",
        "2026-11-23/10-05-07-chain-1-2.wav",
        "2026-11-23/10-05-07-chain-1-3.wav",
    ]
    assert all((tmp_path / name).is_file() for name in names)


def test_nothing_in_an_id_leads_out_of_the_folder(tmp_path: Path) -> None:
    name = RecordingFolder(tmp_path).new("../../etc/пароль", NOW)
    assert name == "2026-11-23/10-05-07-etc.wav"


@pytest.mark.parametrize("name", ["", "../secret.wav", "/etc/passwd", "2026/../../secret.wav"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="lies outside the folder"):
        RecordingFolder(tmp_path).path(name)


def test_what_is_discarded_is_gone(tmp_path: Path) -> None:
    folder = RecordingFolder(tmp_path)
    name = folder.new("chain", NOW)
    folder.discard(name)
    folder.discard(name)
    assert not folder.path(name).exists()


def test_the_call_is_told_of_its_recordings_but_not_of_what_was_nothing(tmp_path: Path) -> None:
    notes = CallNotes()
    folder = RecordingFolder(tmp_path, notes)
    kept, nothing = folder.new("chain", NOW), folder.new("chain", NOW)
    folder.discard(nothing)
    assert notes.take("chain")["recordings"] == [kept]


async def test_a_tone_is_a_voice_and_silence_is_none(tmp_path: Path) -> None:
    folder = RecordingFolder(tmp_path)
    tone_wav(tmp_path / "tone.wav", 440, seconds=0.5)
    write_wav(tmp_path / "silence.wav", silence(3))
    (tmp_path / "empty.wav").touch()
    assert await folder.has_voice("tone.wav", 0.4)
    assert not await folder.has_voice("tone.wav", 0.6)
    assert not await folder.has_voice("silence.wav", 0.1)
    assert not await folder.has_voice("empty.wav", 0.1)
    assert not await folder.has_voice("absent.wav", 0.1)
