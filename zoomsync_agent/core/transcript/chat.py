"""Chat as Zoom keeps it: the automatic file, the saved file of old and new, the cloud's.

What is not surely addressed to everybody is marked private.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from zoomsync_agent.core.transcript.chat_words import EVERYBODY, FROM_TO, is_marked_private
from zoomsync_agent.core.transcript.cue import Cue, clock, seconds, tidy, untimed

_STAMP: Final = re.compile(
    r"(?:([0-9]{4})-([0-9]{2})-([0-9]{2})[ T])?([0-9]{1,2}):([0-9]{2}):([0-9]{2})([ \t]+)(?=\S)"
)
_COLON: Final = re.compile(r":(?=[ \t]|$)")
_HEADER_CHARS: Final = 400


@dataclass(slots=True)
class _Message:
    """A message while its lines are read."""

    speaker: str
    first_line: str
    at: float | None = None
    time_of_day: float | None = None
    day: date | None = None
    is_private: bool = False
    more: list[str] = field(default_factory=list)

    def cue(self) -> Cue:
        """Return the message as a value."""
        return Cue(
            text=tidy([self.first_line, *self.more]),
            at=self.at,
            time_of_day=self.time_of_day,
            day=self.day,
            speaker=" ".join(tidy([self.speaker]).split()),
            is_chat=True,
            is_private=self.is_private,
        )


_Reader = Callable[[re.Match[str], str, bool], _Message | None]


def parse_chat(text: str) -> list[Cue]:
    """Return the messages of *text*; a layout that is not known is free text.

    The first line that any layout fits decides for the whole file: a message may quote a line of
    another chat. Lines that follow a message belong to it, also where it is private.
    """
    lines = text.split("\n")
    readers: tuple[_Reader, ...] = (_cloud, _addressed, _unknown_language)
    messages: list[_Message] = []
    free: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        message, readers = _message(line, following.startswith("\t"), readers)
        if message:
            messages.append(message)
        elif messages:
            messages[-1].more.append(line)
        else:
            free.append(line)
    cues = (message.cue() for message in messages)
    return untimed(free, is_chat=True) + [cue for cue in cues if cue.text]


def _message(
    line: str, is_indented: bool, readers: tuple[_Reader, ...]
) -> tuple[_Message | None, tuple[_Reader, ...]]:
    """Return the message that begins with *line*, and the readers for the rest of the file."""
    stamp = _STAMP.match(line)
    for reader in readers if stamp else ():
        message = reader(stamp, line, is_indented) if stamp else None
        if message:
            return message, _narrowed(readers, reader)
    if is_marked_private(line):  # a header of no known layout: what follows it is private too
        return _Message("", line, is_private=True), readers
    return None, readers


def _narrowed(readers: tuple[_Reader, ...], found: _Reader) -> tuple[_Reader, ...]:
    """Return the readers for what follows the first message, which *found* has read."""
    if found is _cloud:
        return (_cloud,)
    if _cloud not in readers:  # that was not the first
        return readers
    return (_addressed, found if found is _unknown_language else _unknown_header)


def _cloud(stamp: re.Match[str], line: str, _is_indented: bool) -> _Message | None:
    r"""Read `00:58:04\tAlex:\tmessage`: the time is an offset."""
    name, separator, text = line[stamp.end() :].partition(":\t")
    at = seconds(*stamp.group(4, 5, 6))
    is_cloud = separator and stamp[7] == "\t" and name.strip() and "\t" not in name
    if not is_cloud or stamp[1] or at is None:
        return None
    first, _space, _rest = name.partition(" ")
    if first.lower() == "from" or _sender(name)[1] is not None:  # not "De Vries"
        return None
    return _Message(name, text, at=at, is_private=is_marked_private(line))


def _addressed(stamp: re.Match[str], line: str, is_indented: bool) -> _Message | None:
    """Read `18:45:12 From Ann Smith to Everyone: text` in any language that is known."""
    rest = line[stamp.end() :]
    if rest.split(maxsplit=1)[0].lower() not in FROM_TO:
        return None
    head, text = _head(rest, is_indented) or (rest, "")
    speaker, recipient = _sender(head)
    is_public = recipient is None or recipient.casefold() in EVERYBODY
    return _local(stamp, speaker, text, not is_public or is_marked_private(line))


def _unknown_language(stamp: re.Match[str], line: str, is_indented: bool) -> _Message | None:
    """Read a header whose words for "from" and "to" are not known.

    Zoom puts "(Direct Message)" behind the recipient in every language seen, so a bracket at the
    end counts as private.
    """
    found = _head(line[stamp.end() :], is_indented)
    if found is None:
        return None
    head, text = found
    return _local(stamp, head, text, head.endswith((")", "）")) or is_marked_private(line))


def _unknown_header(stamp: re.Match[str], line: str, is_indented: bool) -> _Message | None:
    """Read what can only be a header of another language: above indented text, or bracketed.

    Taken for a continuation, a private message would become part of a public one.
    """
    message = _unknown_language(stamp, line, is_indented)
    is_header = is_indented and line.rstrip().endswith(":")
    return message if message and (is_header or message.is_private) else None


def _local(stamp: re.Match[str], speaker: str, text: str, is_private: bool) -> _Message | None:
    time = clock(*stamp.group(4, 5, 6))
    return _Message(speaker, text, time_of_day=time, day=_day(stamp), is_private=is_private)


def _day(stamp: re.Match[str]) -> date | None:
    if stamp[1] is None:
        return None
    try:
        return date(int(stamp[1]), int(stamp[2]), int(stamp[3]))
    except ValueError:
        return None


def _head(rest: str, is_indented: bool) -> tuple[str, str] | None:
    """Split *rest* into who wrote to whom and the text on the same line."""
    whole = rest.rstrip()
    if is_indented and whole.endswith(":") and " : " not in whole:
        return whole[:-1].rstrip(), ""  # the text follows, indented; names may hold colons
    colon = _COLON.search(rest, 0, _HEADER_CHARS)
    return (rest[: colon.start()].rstrip(), rest[colon.end() :]) if colon else None


def _sender(head: str) -> tuple[str, str | None]:
    """Return who wrote, and to whom if that is said."""
    first, _space, body = " ".join(head.split()).partition(" ")
    to = FROM_TO.get(first.lower())
    if to is None:
        return head, None
    found = list(to.finditer(body))
    return (body[: found[-1].start()], body[found[-1].end() :]) if found else (body, None)
