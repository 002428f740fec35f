"""Bytes to text, text to cues."""

import codecs
from typing import Final

from zoomsync_agent.core.recording import Kind
from zoomsync_agent.core.transcript.captions import parse_captions
from zoomsync_agent.core.transcript.chat import parse_chat
from zoomsync_agent.core.transcript.cue import Cue, untimed
from zoomsync_agent.core.transcript.vtt import has_timings, is_vtt, parse_vtt

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> str:
    r"""Return *data* as text with `\n` line ends; whatever the bytes are, there is a text.

    UTF-8, or UTF-16 with its mark; bytes that are mostly neither are read as Windows text
    (cp1252).
    """
    return _fold(_decoded(data))


def parse(kind: Kind, text: str) -> tuple[Cue, ...]:
    """Return the cues of *text*; never raises.

    *kind* says what the file's name promises, the content decides. A layout that is not known
    becomes free text: one cue without a time per line.
    """
    text = _fold(text)
    if is_vtt(text) or (kind is not Kind.CHAT and has_timings(text)):
        cues = parse_vtt(text)
        if not cues and not has_timings(text):
            cues = untimed(text.lstrip().removeprefix("WEBVTT").split("\n"))
        return tuple(cues)
    return tuple(parse_chat(text) if kind is Kind.CHAT else parse_captions(text))


def _fold(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    sound = sum(not char.isascii() for char in text) - damaged
    # One broken byte, or an end in the middle of a character, must not turn
    # a whole Cyrillic chat into Windows text.
    return text if sound >= damaged else data.decode("cp1252", errors="replace")
