"""The process that RHVoice runs in: requests come by standard input, audio leaves by standard output.

Both directions are records: a length (32 bits, big-endian) and that many bytes. A request is a JSON object with
`text`, `voice` and `speed`. A reply is its sample rate (32 bits, big-endian) with the samples after it, or, with the
rate 0, an error in UTF-8. The process ends when its input does.
"""

import json
import os
import sys
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from cordboard.speech.engine import EngineError
from cordboard.speech.rhvoice_library import RHVoiceLibrary

WORD = Struct("!I")


def serve(library: RHVoiceLibrary, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer each request in turn until `requests` ends."""
    while len(head := requests.read(WORD.size)) == WORD.size:
        wanted = json.loads(requests.read(WORD.unpack(head)[0]))
        try:
            spoken = library.speak(wanted["text"], wanted["voice"], wanted["speed"])
            reply(replies, spoken.rate, spoken.pcm)
        except EngineError as error:
            reply(replies, 0, str(error).encode())


def reply(replies: BinaryIO, rate: int, body: bytes) -> None:
    """Send one record."""
    replies.write(WORD.pack(WORD.size + len(body)) + WORD.pack(rate) + body)
    replies.flush()


def main(root: Path) -> int:
    """Speak with the RHVoice below `root`."""
    # Whatever native code prints must not get between the records.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        library = RHVoiceLibrary(root)
    except EngineError as error:
        reply(replies, 0, str(error).encode())
        return 1
    serve(library, sys.stdin.buffer, replies)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
