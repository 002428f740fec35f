"""The queue as people read it: what moves, what waits for the same reason, what needs them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    CloudOff,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    DiskFull,
    OtherAccount,
    ScopeMissing,
    SignInRequired,
    SpoolUnusable,
    TransientError,
    ZoomSignInRequired,
)
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.snapshot import Active, Snapshot, Waiting
from zoomsync_agent.web.pages.words import for_page

SHOWN: Final = 50
"""So many files of one reason are listed."""
LIMIT: Final = 600
"""So many waiting files are looked at."""
_STEADY: Final = 4
"""The speed of now is the mean of so many figures."""
_NEXT_TRY: Final = re.compile(r" Next try at [0-9:]+\.")
_ZOOM: Final = (ZoomSignInRequired, ScopeMissing, OtherAccount)
_SETTINGS: Final = (
    CloudOff,
    DestinationDenied,
    DestinationFull,
    DiskFull,
    SpoolUnusable,
)
_TROUBLED: Final = (State.FAILED, State.BLOCKED)


@dataclass(frozen=True, slots=True)
class Moving:
    """A file that is being worked on; what is not known is None."""

    active: Active
    percent: int | None = None
    speed: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Files that wait for the same reason. `sentence` is empty where each has one of its own."""

    label: str
    code: str
    state: State | None
    sentence: str
    files: tuple[Waiting, ...]

    @property
    def key(self) -> str:
        """A name of the group that stays the same while files come and go."""
        return f"{self.state or 'file'}-{self.code}"

    @property
    def jobs(self) -> str:
        """The numbers of the jobs, as a form sends them."""
        return ",".join(str(one.job_id) for one in self.files if one.job_id is not None)

    @property
    def shown(self) -> tuple[Waiting, ...]:
        """The files that are listed."""
        return self.files[:SHOWN]

    @property
    def needs_you(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state in _TROUBLED


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for the user, and the one button that goes on from there.

    Where `is_post` is unset the button is a link. `group` is the files that it is about, if it is
    about files.
    """

    key: str
    title: str
    text: str
    label: str
    url: str
    is_post: bool = False
    group: Group | None = None


def moving(active: Sequence[Active], speeds: Sequence[float]) -> list[Moving]:
    """Return the files that are being worked on, with what is to be expected of them.

    One speed is known, that of all files together; each is taken to have its share.
    """
    recent = speeds[-_STEADY:]
    together = sum(recent) / len(recent) if recent else 0.0
    sharing = [one for one in active if _moves(one)]
    share = together / len(sharing) if sharing else 0.0
    return [
        Moving(
            one,
            percent=min(100, one.sent * 100 // one.size),
            speed=share or None,
            seconds_left=(one.size - one.sent) / share if share else None,
        )
        if one.size and _moves(one)
        else Moving(one)
        for one in active
    ]


def _moves(one: Active) -> bool:
    return one.step in (Step.TRANSFER, Step.FETCH)


def groups(waiting: Sequence[Waiting]) -> list[Group]:
    """Return the files that wait, those with the same reason together, in the order given."""
    found: dict[tuple[State | None, str, str], list[Waiting]] = {}
    for one in waiting:
        label = one.label if one.percent is None else one.label.partition(",")[0]
        found.setdefault((one.state, one.code, label), []).append(one)
    return [
        Group(label, code, state, _common(files), tuple(files))
        for (state, code, label), files in found.items()
    ]


def sentence_of(one: Waiting) -> str:
    """Return why a file is not uploaded, as the page says it."""
    return for_page(one.sentence)


def _common(files: Sequence[Waiting]) -> str:
    """Return the sentence that all *files* have, but for the time of their next try."""
    if len(files) == 1:
        return sentence_of(files[0])
    said = {_NEXT_TRY.sub("", one.sentence) for one in files}
    if len(said) > 1:  # where a command names each file, nothing else may tell them apart
        said = {for_page(one) for one in said}
    return for_page(said.pop()) if len(said) == 1 else ""


def needs(seen: Snapshot, waiting: Sequence[Group]) -> list[Need]:
    """Return what waits for the user, what stands in the way of everything first."""
    found = []
    if seen.root_problem:
        found.append(
            Need(
                "folder",
                "The recordings folder cannot be read",
                for_page(seen.root_problem),
                "Choose the folder",
                "/ui/settings",
            )
        )
    if seen.problem and not seen.problem.is_offline:
        found.append(_about("archive", seen.problem))
    if seen.rows.problem and not seen.rows.problem.is_offline:
        found.append(_about("rows", seen.rows.problem))
    if seen.cloud and not issubclass(seen.cloud.kind, TransientError):
        found.append(_about("cloud", seen.cloud))
    told = {one.code for one in (seen.problem, seen.cloud) if one is not None}
    found += [
        Need(
            group.key,
            f"{group.label} ({len(group.files):,})" if len(group.files) > 1 else group.label,
            f"{group.files[0].meeting_title}: {group.sentence}"
            if len(group.files) == 1
            else group.sentence,
            "Try again",
            "/ui/retry",
            is_post=True,
            group=group,
        )
        for group in waiting
        if group.needs_you and group.code not in told
    ]
    return found


def rest(waiting: Sequence[Group], found: Sequence[Need]) -> list[Group]:
    """Return the groups of which no need tells."""
    told = [need.group for need in found if need.group is not None]
    return [group for group in waiting if group not in told]


def _about(key: str, problem: Problem) -> Need:
    kind: type[AgentError] = problem.kind
    detail = problem.detail.rstrip(".") if problem.detail != kind.title else ""
    text = for_page(f"{detail}. {kind.hint}" if detail else kind.hint)
    if issubclass(kind, _ZOOM):
        return Need(key, kind.title, text, "Sign in to Zoom", "/ui/zoom/sign-in", is_post=True)
    if issubclass(kind, SignInRequired):
        return Need(key, kind.title, text, "Sign in", "/ui/settings")
    if issubclass(kind, (*_SETTINGS, CredentialsRefused)):
        return Need(key, kind.title, text, "Open the settings", "/ui/settings")
    return Need(key, kind.title, text, "Look closer", "/ui/health")
