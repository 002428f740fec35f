"""WebVTT as Zoom writes it, and as other programs leave it."""

import html
import re
from dataclasses import dataclass, field
from typing import Final

from zoomsync_agent.core.transcript.cue import Cue, tidy

_TIME = r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]{1,3}))?"
_TIMING: Final = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_BLOCK: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_NAMED_ID: Final = re.compile(r'[0-9]{1,9}[ \t]+"([^"]{1,200})"(?:[ \t]+\([0-9]{1,20}\))?[ \t]*')
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?(?:[ \t]+([^<>]*))?>")
_TAG: Final = re.compile(r"</?(?:[cibuv]|ruby|rt|lang)(?:[.\s][^<>]*)?>|<[0-9:.]{5,16}>")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")

_NAME_CHARS: Final = 60
_NAME_WORDS: Final = 8
_PHONE_DIGITS: Final = 5
_SENTENCE: Final = frozenset('?!;…。！？"“”\n')
_LABELLED_SHARE: Final = 4


@dataclass(slots=True)
class _Block:
    """The lines of one cue while they are read."""

    start: float
    end: float
    speaker: str = ""
    lines: list[str] = field(default_factory=list)


def is_vtt(text: str) -> bool:
    """Whether *text* says that it is WebVTT."""
    return text.lstrip().startswith("WEBVTT")


def has_timings(text: str) -> bool:
    """Whether a line of *text* is the timing of a cue (WebVTT without its header, SubRip)."""
    return any("-->" in line and _TIMING.fullmatch(line) for line in text.split("\n"))


def parse_vtt(text: str) -> list[Cue]:
    """Return the cues of *text* in their order.

    Tolerates what players tolerate: missing hours, blank lines and numbers, a comma in place of
    the point, settings, comments and style blocks. Text that stands between cues is kept with
    the one before it.
    """
    cues = [cue for block in _blocks(text) for cue in _cues(block)]
    labelled = [_labelled(cue) for cue in cues]
    # Zoom names the speaker in every cue or, in captions, in none. A rare colon is punctuation.
    if sum(cue.speaker != "" for cue in labelled) * _LABELLED_SHARE < len(cues):
        return cues
    return labelled


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    waiting: list[str] = []  # since the last blank line: the identifier of a cue, or stray text
    is_open = False
    is_skipping = is_vtt(text)
    for line in text.split("\n"):
        if timing := _TIMING.fullmatch(line):
            if is_open and blocks[-1].lines and blocks[-1].lines[-1].strip().isdecimal():
                blocks[-1].lines.pop()  # the number of this cue, the blank line is missing
            identifier = waiting.pop() if waiting else ""
            _keep_stray(blocks, waiting)
            blocks.append(_opened(timing, identifier))
            is_open, is_skipping = True, False
        elif not line.strip():
            _keep_stray(blocks, waiting)
            is_open = is_skipping = False
        elif is_open:
            blocks[-1].lines.append(line)
        elif not is_skipping:
            is_skipping = not waiting and _BLOCK.fullmatch(line) is not None
            waiting += [] if is_skipping else [line]
    _keep_stray(blocks, waiting)
    return blocks


def _keep_stray(blocks: list[_Block], waiting: list[str]) -> None:
    is_cut_off_cue = bool(waiting) and waiting[0].strip().isdecimal()
    if blocks and not is_cut_off_cue:
        blocks[-1].lines += waiting
    waiting.clear()


def _opened(timing: re.Match[str], identifier: str) -> _Block:
    named = _NAMED_ID.fullmatch(identifier)
    start, end = _offset(*timing.groups()[:4]), _offset(*timing.groups()[4:])
    return _Block(start, end, named[1].strip() if named else "")


def _offset(hours: str | None, minutes: str, secs: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(secs)
    return float(f"{whole}.{fraction or 0}")


def _cues(block: _Block) -> list[Cue]:
    """Split *block* at its voice tags; text without a tag has no speaker yet."""
    head, *voices = _VOICE.split("\n".join(block.lines))
    spoken = [(block.speaker, head), *zip(voices[::2], voices[1::2], strict=True)]
    return [
        Cue(said, block.start, speaker=" ".join(_plain(speaker or "").split()), end=block.end)
        for speaker, raw in spoken
        if (said := _plain(raw))
    ]


def _plain(raw: str) -> str:
    text = _ENTITY.sub(lambda found: html.unescape(found[0]), _TAG.sub("", raw))
    return tidy(text.split("\n"))


def _labelled(cue: Cue) -> Cue:
    """Take the speaker out of `Alice Smith: Hello.`."""
    label, colon, said = cue.text.partition(":")
    said_from = said.lstrip()
    is_label = colon and said_from and said_from != said and _is_name(label.strip())
    if cue.speaker or not is_label:
        return cue
    return Cue(said_from, cue.at, speaker=label.strip(), end=cue.end)


def _is_name(label: str) -> bool:
    """Whether *label* can be a person rather than the first half of a sentence."""
    words = label.split()
    if not words or len(label) > _NAME_CHARS or len(words) > _NAME_WORDS:
        return False
    if _SENTENCE.intersection(label):
        return False
    if not any(map(str.isalpha, label)):  # somebody on the telephone, or a time
        return sum(map(str.isdecimal, label)) >= _PHONE_DIGITS
    # "Dr. Smith" and "Smith, Ann", but not "Well, the point is"
    is_punctuated = "." in label or "," in label
    return not (is_punctuated and any(word[0].islower() for word in words))
