"""When is a recording file finished? The decision, from facts that are handed in.

The order is the order of cost and of certainty: what the directory entry says, what Zoom itself
says about its conversion, who holds the file open, what the file's own structure proves, and
only where nothing proves anything, how long the file has stood still.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

STALLED_SECONDS: Final = 600.0
"""A conversion or a writer that has changed nothing for so long is not at work any more."""

TEXT_QUIET_SECONDS: Final = 2.0
"""How long a chat or caption file stands still when it is known that nobody has it open."""

_CONVERSION_RECHECK_SECONDS: Final = 15.0
_WRITER_RECHECK_SECONDS: Final = (1.0, 15.0)
_GROWING_RECHECK_SECONDS: Final = (1.0, 60.0)
_AWAY_RECHECK_SECONDS: Final = 60.0
_DONE_PERCENT: Final = 100
_CONF: Final = "recording.conf"


class Reason(StrEnum):
    """Why a file is ready, or is not. Stored; the words never change meaning."""

    READY = "ready"
    CONVERTING = "converting"
    NEEDS_CONVERSION = "needs_conversion"
    RECORDING = "recording"
    INCOMPLETE = "incomplete"
    OPEN_ELSEWHERE = "open_elsewhere"
    SETTLING = "settling"
    EMPTY = "empty"
    FOREIGN = "foreign"
    PLACEHOLDER = "placeholder"
    LINK = "link"
    UNREADABLE = "unreadable"
    WAITS_FOR_MEDIA = "waits_for_media"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a file.

    `percent` is Zoom's own figure while it converts; `recheck_seconds` says when another look
    can change the answer (None: only a change of the folder can); `detail` names the file or the
    structure that decided.
    """

    reason: Reason
    percent: int | None = None
    recheck_seconds: float | None = None
    detail: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the file may be taken."""
        return self.reason is Reason.READY


class Completeness(StrEnum):
    """What the structure of a media file says about its end."""

    PROVEN = "proven"
    """The structure shows that the last byte is there."""
    INCOMPLETE = "incomplete"
    """The structure shows that bytes are missing."""
    UNKNOWN = "unknown"
    """The format cannot prove it either way."""
    FOREIGN = "foreign"
    """The content is not what the file name says."""
    EMPTY = "empty"
    """There are no bytes."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What a look into a media file found; `detail` is a phrase that fits after a colon."""

    completeness: Completeness
    detail: str
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a meeting's folder tells about Zoom's conversion of its raw data.

    `raw` are the `*.zoom` files, `unfinished` the `*.tmp` files. `percent` is the mean over those
    items of recording.conf that are below 100 (None: there are none). `changed_seconds` is the
    time since any of them changed.
    """

    raw: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    percent: int | None = None
    is_conf_unreadable: bool = False
    has_media: bool = False
    changed_seconds: float = math.inf

    @property
    def stands(self) -> bool:
        """Whether anything says that Zoom has not finished in this folder."""
        return bool(self.raw or self.unfinished) or self.percent is not None

    @property
    def is_going_on(self) -> bool:
        """Whether Zoom has not finished and seems to be at it."""
        return self.stands and self.changed_seconds < STALLED_SECONDS


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known about one file at one moment.

    `named_percent` is what recording.conf says about this very file (None: it is not named).
    `media_ready` says that a recording beside a text file is ready, `is_changing` that the file
    was another one when it was opened than when it was listed. The last three are known
    only after the file was opened: `is_held` whether another program has it open for writing
    (None: this system cannot tell), `structure` what a look inside found (None: not looked).
    """

    name: str
    size: int
    is_media: bool
    is_link: bool = False
    is_regular: bool = True
    is_placeholder: bool = False
    conversion: Conversion = field(default_factory=Conversion)
    named_percent: int | None = None
    media_ready: bool = False
    is_changing: bool = False
    unchanged_seconds: float = 0.0
    quiet_seconds: float = 10.0
    read_error: str = ""
    is_held: bool | None = None
    structure: Structure | None = None


def decide(facts: Facts) -> Verdict:
    """Return the one verdict about a file."""
    return decide_unopened(facts) or _decide_opened(facts)


def decide_unopened(facts: Facts) -> Verdict | None:  # noqa: PLR0911 - one return per rule
    """Return the verdict where it needs no look into the file, else None.

    A file that gets a verdict here must not be opened at all: opening a placeholder downloads
    it, and opening what Zoom is writing can disturb Zoom.
    """
    if facts.is_link:
        return Verdict(Reason.LINK)
    if not facts.is_regular:
        return Verdict(Reason.FOREIGN, detail="it is not a file but a device or a pipe")
    if facts.is_placeholder:
        return Verdict(Reason.PLACEHOLDER, recheck_seconds=_AWAY_RECHECK_SECONDS)
    if (converting := _not_converted(facts)) is not None:
        return converting
    if facts.size <= 0:
        return Verdict(Reason.EMPTY, recheck_seconds=_growing_recheck(facts))
    conversion = facts.conversion
    if conversion.is_conf_unreadable and conversion.changed_seconds < facts.quiet_seconds:
        left = facts.quiet_seconds - conversion.changed_seconds
        return Verdict(Reason.SETTLING, recheck_seconds=left, detail=f"{_CONF} has just changed")
    if not facts.is_media and not facts.media_ready:
        return Verdict(Reason.WAITS_FOR_MEDIA)
    return None


def decide_folder(conversion: Conversion) -> Verdict | None:
    """Return the verdict about a meeting whose media do not exist yet; None: nothing stands."""
    return _conversion_verdict(conversion, conversion.percent) if conversion.stands else None


def is_worth_probing(facts: Facts) -> bool:
    """Whether the structure can still change the verdict, given who holds the file."""
    return facts.is_media and not (facts.is_held and facts.unchanged_seconds < STALLED_SECONDS)


def _not_converted(facts: Facts) -> Verdict | None:
    conversion, named = facts.conversion, facts.named_percent
    if named is not None and named >= _DONE_PERCENT:
        return None  # Zoom's own word about this file outweighs what lies beside it
    if not facts.is_media and not conversion.is_going_on:
        return None  # text is complete in itself, even if part 2 was never converted
    if conversion.stands or named is not None:
        return _conversion_verdict(conversion, conversion.percent if named is None else named)
    return None


def _conversion_verdict(conversion: Conversion, percent: int | None) -> Verdict:
    name = next(iter((*conversion.raw, *conversion.unfinished, _CONF)))
    detail = printable(name)
    if conversion.changed_seconds >= STALLED_SECONDS:
        return Verdict(Reason.NEEDS_CONVERSION, percent=percent, detail=detail)
    left = STALLED_SECONDS - max(conversion.changed_seconds, 0.0)
    recheck = min(_CONVERSION_RECHECK_SECONDS, left)
    if conversion.raw and not (conversion.unfinished or percent or conversion.has_media):
        return Verdict(Reason.RECORDING, recheck_seconds=recheck, detail=detail)
    return Verdict(Reason.CONVERTING, percent=percent, recheck_seconds=recheck, detail=detail)


def _decide_opened(facts: Facts) -> Verdict:  # noqa: PLR0911 - one return per rule
    if facts.read_error:
        detail = printable(facts.read_error)
        return Verdict(Reason.UNREADABLE, recheck_seconds=_AWAY_RECHECK_SECONDS, detail=detail)
    if facts.is_held and not is_worth_probing(facts):
        return _held(facts)
    if facts.is_changing:
        return Verdict(Reason.SETTLING, recheck_seconds=_WRITER_RECHECK_SECONDS[0])
    if not facts.is_media:
        known_closed = facts.is_held is False
        quiet = min(facts.quiet_seconds, TEXT_QUIET_SECONDS) if known_closed else None
        return _settled(facts, facts.quiet_seconds if quiet is None else quiet)
    structure = facts.structure or Structure(Completeness.UNKNOWN, "")
    match structure.completeness:
        case Completeness.PROVEN:
            return Verdict(Reason.READY, detail=structure.detail)
        case Completeness.FOREIGN:
            return Verdict(Reason.FOREIGN, detail=structure.detail)
        case Completeness.EMPTY:
            return Verdict(Reason.EMPTY, recheck_seconds=_growing_recheck(facts))
        case Completeness.INCOMPLETE:
            return _incomplete(facts, structure.detail)
        case Completeness.UNKNOWN:
            return _held(facts) if facts.is_held else _settled(facts, facts.quiet_seconds)


def _held(facts: Facts) -> Verdict:
    soon, later = _WRITER_RECHECK_SECONDS
    recheck = soon if facts.unchanged_seconds < _AWAY_RECHECK_SECONDS else later
    return Verdict(Reason.OPEN_ELSEWHERE, recheck_seconds=recheck)


def _settled(facts: Facts, quiet_seconds: float) -> Verdict:
    left = quiet_seconds - facts.unchanged_seconds
    if left > 0:
        return Verdict(Reason.SETTLING, recheck_seconds=left)
    return Verdict(Reason.READY, detail=f"unchanged for {facts.unchanged_seconds:.0f} s")


def _incomplete(facts: Facts, detail: str) -> Verdict:
    if facts.unchanged_seconds < STALLED_SECONDS:
        return Verdict(Reason.INCOMPLETE, recheck_seconds=_growing_recheck(facts), detail=detail)
    minutes = int(STALLED_SECONDS // 60)
    detail = f"{detail}, and nothing was added for {minutes} minutes"
    return Verdict(Reason.INCOMPLETE, detail=detail)


def _growing_recheck(facts: Facts) -> float | None:
    """Look again after as long as the file has stood still: often at first, then less and less."""
    if facts.unchanged_seconds >= STALLED_SECONDS:
        return None
    soonest, latest = _GROWING_RECHECK_SECONDS
    return min(max(facts.unchanged_seconds, soonest), latest)


def printable(name: str) -> str:
    """Return *name* so that it can be stored and shown; undecodable bytes become U+FFFD."""
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in name)


_LABELS: Final[dict[Reason, str]] = {
    Reason.READY: "Ready",
    Reason.CONVERTING: "Converting",
    Reason.NEEDS_CONVERSION: "Not converted",
    Reason.RECORDING: "Recording",
    Reason.INCOMPLETE: "Not complete",
    Reason.OPEN_ELSEWHERE: "Still being written",
    Reason.SETTLING: "Waiting for quiet",
    Reason.EMPTY: "Empty",
    Reason.FOREIGN: "Not a recording",
    Reason.PLACEHOLDER: "Only in the cloud",
    Reason.LINK: "A link",
    Reason.UNREADABLE: "Cannot be read",
    Reason.WAITS_FOR_MEDIA: "Waiting for its recording",
    Reason.HISTORY: "Left out",
}


def label(verdict: Verdict) -> str:
    """Return two or three words for a list: "Converting, 63 %"."""
    if verdict.reason is Reason.CONVERTING and verdict.percent is not None:
        return f"Converting, {verdict.percent} %"
    if verdict.reason is Reason.SETTLING and verdict.recheck_seconds is not None:
        return f"Waiting for {math.ceil(verdict.recheck_seconds)} s of quiet"
    return _LABELS[verdict.reason]


_SENTENCES: Final[dict[Reason, str]] = {
    Reason.READY: "Complete: it is uploaded next.",
    Reason.CONVERTING: (
        "{label}: Zoom is still writing this recording; "
        "it is uploaded as soon as Zoom has finished."
    ),
    Reason.RECORDING: (
        "Zoom is still recording, or converts this recording when the meeting ends; "
        "it is uploaded as soon as Zoom has finished."
    ),
    Reason.INCOMPLETE: (
        "The file is not complete: {detail}. It is uploaded by itself as soon as the rest is "
        "there; if no program is writing it any more, copy or export it again."
    ),
    Reason.OPEN_ELSEWHERE: (
        "Another program still has this file open for writing; "
        "it is uploaded as soon as that program has closed it."
    ),
    Reason.SETTLING: "{label}: it is uploaded as soon as it stops changing.",
    Reason.EMPTY: "The file is empty; it is uploaded as soon as something is in it.",
    Reason.FOREIGN: (
        "The content does not fit the file's name: {detail}. It is left where it is; "
        "if it is a recording, give it the right ending and it is uploaded by itself."
    ),
    Reason.PLACEHOLDER: (
        "This file is only in the cloud, not on this computer. Make it available offline "
        "(“Always keep on this device” or “Download now”); it is then uploaded by itself."
    ),
    Reason.LINK: (
        "This is a link to a file somewhere else, and links are not followed. "
        "Put the file itself into the recordings folder and it is uploaded by itself."
    ),
    Reason.UNREADABLE: (
        "The file cannot be read: {detail}. Allow your user to read it; "
        "it is then uploaded by itself."
    ),
    Reason.WAITS_FOR_MEDIA: (
        "There is no finished recording beside this text yet; "
        "it is uploaded together with the recording as soon as there is one in its folder."
    ),
    Reason.HISTORY: (
        "Recorded before the agent was set up and left out by your choice; "
        "“zoomsync sync --backfill all” takes it in."
    ),
}

_CONVERT_RAW: Final = (
    "Zoom has not converted this recording. When its meeting is over, double-click “{detail}” "
    "in its folder, or choose Meetings > Recorded > Convert in Zoom; "
    "it is uploaded as soon as that is done."
)
_CONVERT_REST: Final = (
    "Zoom stopped converting this recording before it was finished: “{detail}” in its folder "
    "says so. Choose Meetings > Recorded > Convert in Zoom, and it is uploaded as soon as that "
    "is done; if the recording plays to its end, move “{detail}” out of the folder instead."
)


def sentence(verdict: Verdict) -> str:
    """Return why a file is not uploaded yet, and what happens next or what to do."""
    detail = verdict.detail
    if verdict.reason is Reason.NEEDS_CONVERSION:
        text = _CONVERT_RAW if detail.casefold().endswith(".zoom") else _CONVERT_REST
        return text.format(detail=detail or _CONF)
    if verdict.reason is Reason.SETTLING and detail:
        return f"{label(verdict)} ({detail}): it is uploaded as soon as nothing changes any more."
    text = _SENTENCES[verdict.reason]
    return text.format(label=label(verdict), detail=detail or "no reason is known")
