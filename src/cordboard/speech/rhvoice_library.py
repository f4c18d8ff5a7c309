"""A thin ctypes binding to RHVoice's C interface (RHVoice.h of 1.8 and 1.14, which declare the same structures).

Only the child process of `rhvoice_process` may load it: an error in native code ends the process that it runs in.
"""

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_int, c_short, c_uint, c_void_p
from pathlib import Path

from cordboard.speech.engine import EngineError, RawSpeech

_SetRate = CFUNCTYPE(c_int, c_int, c_void_p)
_PlaySpeech = CFUNCTYPE(c_int, POINTER(c_short), c_uint, c_void_p)
_RESTS_ON = ("libsonic.so.*", "libRHVoice_core.so.*")
"""Libraries beside it, in this order."""
_PLAIN_TEXT = 0  # RHVoice_message_text: no SSML


class _Callbacks(Structure):
    _fields_ = (
        ("set_sample_rate", _SetRate),
        ("play_speech", _PlaySpeech),
        ("process_mark", c_void_p),
        ("word_starts", c_void_p),
        ("word_ends", c_void_p),
        ("sentence_starts", c_void_p),
        ("sentence_ends", c_void_p),
        ("play_audio", c_void_p),
        ("done", c_void_p),
    )


class _InitParams(Structure):
    _fields_ = (
        ("data_path", c_char_p),
        ("config_path", c_char_p),
        ("resource_paths", POINTER(c_char_p)),
        ("callbacks", _Callbacks),
        ("options", c_uint),
    )


class _SynthParams(Structure):
    _fields_ = (
        ("voice_profile", c_char_p),
        ("absolute_rate", c_double),
        ("absolute_pitch", c_double),
        ("absolute_volume", c_double),
        ("relative_rate", c_double),
        ("relative_pitch", c_double),
        ("relative_volume", c_double),
        ("punctuation_mode", c_int),
        ("punctuation_list", c_char_p),
        ("capitals_mode", c_int),
        ("flags", c_int),
    )


def find_library(root: Path) -> Path | None:
    """The engine's library below `root`, a folder laid out as a system is; None if it is not there."""
    found = sorted(root.glob("usr/lib/*/libRHVoice.so.*")) or sorted(root.glob("usr/lib/libRHVoice.so.*"))
    return found[0] if found else None


class RHVoiceLibrary:
    """One engine with all voices of `root`. Raises EngineError if it cannot be loaded."""

    def __init__(self, root: Path) -> None:
        library = find_library(root)
        if library is None:
            raise EngineError(f"there is no RHVoice library below {root}")
        try:
            # What it rests on is loaded first: with the sonames known, the loader needs no LD_LIBRARY_PATH.
            for pattern in _RESTS_ON:
                for needed in sorted(library.parent.glob(pattern)):
                    ctypes.CDLL(str(needed), mode=ctypes.RTLD_GLOBAL)
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise EngineError(f"RHVoice cannot be loaded: {error}") from error
        self._declare()
        self._rate = 0
        self._heard = bytearray()
        # The C side keeps pointers to these: they live as long as this object.
        self._callbacks = _Callbacks(_SetRate(self._set_rate), _PlaySpeech(self._play))
        params = _InitParams(
            data_path=str(root / "usr/share/RHVoice").encode(),
            config_path=str(root / "etc/RHVoice").encode(),
            callbacks=self._callbacks,
        )
        self._engine = self._library.RHVoice_new_tts_engine(byref(params))
        if not self._engine:
            raise EngineError(f"RHVoice found no voices below {root}")

    def _declare(self) -> None:
        library = self._library
        library.RHVoice_new_tts_engine.argtypes = [POINTER(_InitParams)]
        library.RHVoice_new_tts_engine.restype = c_void_p
        library.RHVoice_new_message.argtypes = [
            c_void_p, c_char_p, c_uint, c_int, POINTER(_SynthParams), c_void_p
        ]  # fmt: skip
        library.RHVoice_new_message.restype = c_void_p
        library.RHVoice_speak.argtypes = [c_void_p]
        library.RHVoice_speak.restype = c_int
        library.RHVoice_delete_message.argtypes = [c_void_p]
        library.RHVoice_delete_message.restype = None

    def _set_rate(self, rate: int, _user_data: int | None) -> int:
        self._rate = rate
        return 1

    def _play(self, samples: "ctypes._Pointer[c_short]", count: int, _user_data: int | None) -> int:
        self._heard += ctypes.string_at(samples, 2 * count)
        return 1

    def speak(self, text: str, voice: str, speed: float) -> RawSpeech:
        """Blocks until the whole text is spoken. Raises EngineError."""
        self._heard = bytearray()
        encoded = text.encode()
        params = _SynthParams(
            voice_profile=voice.encode(), relative_rate=speed, relative_pitch=1.0, relative_volume=1.0
        )  # fmt: skip
        message = self._library.RHVoice_new_message(
            self._engine, encoded, len(encoded), _PLAIN_TEXT, byref(params), None
        )
        if not message:
            raise EngineError(f"RHVoice does not take this text with the voice {voice}")
        try:
            if not self._library.RHVoice_speak(message):
                raise EngineError("RHVoice could not speak the text")
        finally:
            self._library.RHVoice_delete_message(message)
        return RawSpeech(bytes(self._heard), self._rate)
