"""What people see at one moment. Tray, page, command line and API all show this and nothing else.

It is derived from rows and never stored; sentences are made here, not kept.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from zoomsync_agent.core import readiness
from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import (
    ProjectPaused,
    SecretsUnavailable,
    SetupIncomplete,
    SignInRequired,
    TransientError,
    by_code,
)
from zoomsync_agent.core.facts import UPLOAD
from zoomsync_agent.core.job import CANCELLED_DAYS, LOCAL, State, Step
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.readiness import Verdict
from zoomsync_agent.core.units import readable_files, readable_size
from zoomsync_agent.core.updates import Release


class AgentState(StrEnum):
    """What the agent is doing as a whole."""

    STOPPED = "stopped"
    PAUSED = "paused"
    NEEDS_YOU = "needs_you"
    WORKING = "working"
    OFFLINE = "offline"
    """What is to be done waits for the network or the server, and for nobody else."""
    IDLE = "idle"


STEP_LABELS: Final = {
    Step.FETCH: "Downloading",
    Step.IDENTIFY: "Reading",
    Step.TRANSFER: "Uploading",
    Step.PUBLISH: "Listing",
}

_OF_THE_PROJECT: Final = (ProjectPaused, SecretsUnavailable, SetupIncomplete, SignInRequired)
"""What these say needs no sentence around it."""

_RESTING: Final = (
    "Monitoring is stopped: new recordings are not noticed until you start it again "
    "(zoomsync monitor start)."
)
_GOES_ON: Final = " It goes on by itself when that has changed. Go on now: zoomsync resume"
_ROOT_SENTENCES: Final = {
    "missing": "The recordings folder {root} does not exist. It is watched as soon as it appears; "
    "or choose another one: zoomsync config set recordings_path FOLDER.",
    "file": "{root} is a file, not a folder. Choose the recordings folder: "
    "zoomsync config set recordings_path FOLDER.",
    "denied": "The recordings folder {root} may not be read. Allow your user to read it.",
}


@dataclass(frozen=True, slots=True)
class Active:
    """A file that is being worked on."""

    job_id: int
    file_name: str
    meeting_title: str
    step: Step
    size: int
    sent: int

    @property
    def label(self) -> str:
        """What is being done."""
        return STEP_LABELS[self.step]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is not uploaded, and the sentence that says why and what happens next."""

    path: str
    meeting_title: str
    size: int
    code: str
    label: str
    sentence: str
    job_id: int | None = None
    state: State | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of files and their bytes."""

    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on their way to a remote catalog: how many wait, and why.

    `refused` of them it will not have; `problem` then says why one of them, else why they wait.
    """

    waiting: int = 0
    refused: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that people are shown, at one moment."""

    state: AgentState
    sentence: str
    recordings_path: str
    root_problem: str
    destination: str
    archive: str
    synced: Amount
    queued: Amount
    history: Amount
    active: tuple[Active, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    pid: int | None = None
    url: str | None = None
    paused_until: str | None = None
    is_paused: bool = False
    """Whether no byte is to move; other things may be more important to say."""
    is_watching: bool = True
    """Whether new recordings are looked for."""
    held: str = ""
    """What of the computer's surroundings keeps bytes from moving; empty where nothing does."""
    slowed: str = ""
    """Why bytes move slowly on purpose, as a sentence; empty where they do not."""
    unready: int = 0
    """How many files cannot be taken before somebody has done something about them."""
    unconverted: int = 0
    """How many recordings wait for somebody to let Zoom convert them."""
    snoozed_until: str | None = None
    """Until when there are no notices; None where there are."""
    account: Account | None = None
    """Who the agent is towards the remote project; None where there is no such project."""
    problem: Problem | None = None
    """Why the destination takes nothing; None while it does."""
    zoom_account: str | None = None
    """Whose recordings come from Zoom's cloud; empty where nobody is signed in, None where no cloud
    is used."""
    cloud: Problem | None = None
    """Why nothing comes from Zoom's cloud; None while it does, or nobody wants it."""
    rows: Rows = field(default_factory=Rows)
    counts: dict[str, int] = field(default_factory=dict)
    update: Release | None = None
    """A newer version of the program; None where there is none, or nobody was asked."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = asdict(self)
        for shown, active in zip(plain["active"], self.active, strict=True):
            shown["label"] = active.label
        return plain


def job_sentence(
    job_id: int,
    state: State,
    error_code: str | None,
    detail: str,
    not_before: float,
    *,
    source: str = LOCAL,
) -> str:
    """Return the sentence of a file whose job is not done.

    Args:
        job_id: its number.
        state: the job's state.
        error_code: the stored code of its last error, if any.
        detail: what exactly went wrong.
        not_before: epoch seconds of its next try.
        source: where the recording comes from.
    """
    if state is State.CANCELLED:
        told = f"You cancelled it; “zoomsync retry {job_id}” uploads it after all."
        return f"{told} It is kept for {CANCELLED_DAYS} days." if source == UPLOAD else told
    if state is State.RUNNING:
        return "It was interrupted; it goes on from there as soon as the agent runs: zoomsync run."
    if error_code is None:
        return "It waits for its turn; it is uploaded while the agent runs and is not paused."
    error = by_code(error_code)
    parts = [f"{error.title}."]
    if detail and detail != error.title:
        parts.append(f"({detail})")
    if error.hint:
        parts.append(error.hint)
    if state is State.READY and not_before:
        # In the reader's own time.
        when = datetime.fromtimestamp(not_before, UTC).astimezone()
        parts.append(f"Next try at {when:%H:%M:%S}.")
    return " ".join(parts)


def job_label(state: State, error_code: str | None) -> str:
    """Return a few words for a file whose job is not done."""
    if state is State.CANCELLED:
        return "Cancelled"
    if state is State.RUNNING:
        return "Interrupted"
    if error_code is None:
        return "Queued"
    return by_code(error_code).title


def waiting_for_readiness(path: str, title: str, size: int, verdict: Verdict) -> Waiting:
    """Return how a file that is not ready is shown."""
    return Waiting(
        path=path,
        meeting_title=title,
        size=size,
        code=str(verdict.reason),
        label=readiness.label(verdict),
        sentence=readiness.sentence(verdict),
        percent=verdict.percent,
    )


def root_sentence(root: str, problem: str) -> str:
    """Return what keeps the recordings folder from being read."""
    if not problem:
        return ""
    known = _ROOT_SENTENCES.get(problem, "The recordings folder {root} cannot be read: {problem}.")
    return known.format(root=root, problem=problem)


def overall(  # noqa: C901, PLR0911, PLR0912  one return a state reads as the table it is
    *,
    is_running: bool,
    is_paused: bool,
    has_looked: bool,
    unready: int,
    cancelled: int,
    root_problem: str,
    problem: Problem | None,
    cloud: Problem | None = None,
    rows: Rows,
    counts: dict[State, int],
    queued: Amount,
    synced: Amount,
    is_watching: bool = True,
    hindrance: str = "",
    held: str = "",
    slowed: str = "",
    paused_until: str = "",
    unconverted: int = 0,
) -> tuple[AgentState, str]:
    """Return the agent's state and the one sentence that says it."""
    kept = f"{readable_files(synced.files)} safe ({readable_size(synced.size)})"
    if not synced.files:
        kept = "nothing uploaded yet"
    if not is_running:
        return AgentState.STOPPED, f"The agent is not running; {kept}. Start it: zoomsync run"
    if hindrance:
        return AgentState.NEEDS_YOU, hindrance
    if is_paused:
        until = f" until {paused_until}" if paused_until else ""
        waits = f"; {readable_files(queued.files)} waiting, {kept}" if queued.files else f"; {kept}"
        rests = "" if is_watching else " Monitoring is stopped too: no new recording is noticed."
        return AgentState.PAUSED, f"Paused{until}{waits}.{rests} Go on: zoomsync resume"
    if root_problem and is_watching:
        return AgentState.NEEDS_YOU, root_problem
    waiting = f"{readable_files(queued.files)} waiting, " if queued.files else ""
    if problem and problem.is_offline:
        return (
            AgentState.OFFLINE,
            f"Offline. {problem.sentence} {_capital(waiting + kept)} when last seen.",
        )
    if problem:
        sentence = problem.sentence if problem.kind in _OF_THE_PROJECT else _unusable(problem)
        return AgentState.NEEDS_YOU, f"{sentence} {_capital(waiting + kept)} when last seen."
    if rows.refused or (rows.problem and not rows.problem.is_offline):
        said = rows.problem.sentence if rows.problem else ""
        count = rows.refused or rows.waiting
        return AgentState.NEEDS_YOU, f"{_rows(count)} not in the database yet: {said} {kept}."
    if cloud and not issubclass(cloud.kind, TransientError):
        return AgentState.NEEDS_YOU, f"{cloud.sentence} {_capital(waiting + kept)}."
    troubled = counts[State.BLOCKED] + counts[State.FAILED]
    left = queued.files - counts[State.BLOCKED]
    going = f"{readable_files(left)} still to go, " if left > 0 else ""
    if troubled:
        return (
            AgentState.NEEDS_YOU,
            f"{readable_files(troubled)} could not be uploaded; {going}{kept}.",
        )
    away = f" Zoom's cloud has to wait: {cloud.sentence}" if cloud else ""
    if queued.files:
        if held:
            return AgentState.PAUSED, f"Paused: {held}. {_capital(waiting + kept)}.{_GOES_ON}"
        to_go = f"{readable_files(queued.files)} to go ({readable_size(queued.size)})"
        slower = f" {slowed}" if slowed else ""
        return AgentState.WORKING, f"Working: {to_go}, {kept}.{slower}{away}"
    if not has_looked:
        return AgentState.WORKING, f"Looking through the recordings folder; {kept}."
    but = f" {readable_files(unready)} cannot be uploaded yet." if unready else ""
    if cancelled:
        but += f" {readable_files(cancelled)} cancelled by you."
    if not is_watching:
        return AgentState.PAUSED, f"{_RESTING} {_capital(kept)}.{but}"
    if unconverted:
        return AgentState.NEEDS_YOU, f"{unconverted_sentence(unconverted)} {_capital(kept)}."
    if rows.waiting:
        but += f" {_rows(rows.waiting)} still to be told to the database."
    but += away
    if synced.files:
        kept = f"{readable_files(synced.files)} ({readable_size(synced.size)})"
        return AgentState.IDLE, f"All finished recordings are safe: {kept}.{but}"
    return AgentState.IDLE, f"Watching. There is no finished recording yet.{but}"


def unconverted_sentence(count: int) -> str:
    """Return what there is to be said of recordings that only Zoom can finish."""
    which = "1 recording has" if count == 1 else f"{count:,} recordings have"
    return (
        f"{which} never been converted by Zoom: double-click the .zoom file in its folder, or "
        "delete it if nobody wants it."
    )


def _unusable(problem: Problem) -> str:
    told = (problem.detail or problem.kind.title).rstrip(".")
    return f"The archive cannot be used: {told}{'' if told.endswith('?') else '.'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"
